"""The tune page in a real browser: areas drawn by mouse and keyboard, tried, and written into the snippet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from playwright.sync_api import Page, expect

from livereel.config.file import load
from tests.kit.films.flickers import SIZE
from tests.kit.web.chromium import expected_problem, wait_for
from tests.kit.web.site import Site


@pytest.fixture
def tune(page: Page, recorded: Site) -> Page:
    """The page of ``front``, with its picture."""
    opened(page, recorded)
    return page


def opened(page: Page, site: Site) -> None:
    page.goto(f"{site.sink.url}cameras/front/tune")
    wait_for(page.locator("#picture img"), "(it) => it.naturalWidth > 0")
    expect(page.locator("#snippet")).to_contain_text("regions")


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the source's picture is in the window."""
    box = page.locator("#areas").bounding_box()
    assert box is not None
    return box["x"] + x / SIZE[0] * box["width"], box["y"] + y / SIZE[1] * box["height"]


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.locator("#areas").scroll_into_view_if_needed()
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, *end))
    page.mouse.up()


def click(page: Page, *places: tuple[int, int]) -> None:
    page.locator("#areas").scroll_into_view_if_needed()
    for at in places:
        page.mouse.click(*place(page, *at))


def snippet(page: Page) -> Any:
    return yaml.safe_load(page.locator("#snippet").text_content() or "")


def areas(page: Page, kind: str) -> list[Any]:
    found: list[Any] = snippet(page)["cameras"][0][kind]
    return found


def test_areas_are_drawn_tried_and_written_for_the_configuration(tune: Page, tmp_path: Path) -> None:
    tune.get_by_role("radio", name="Ignored place").check()
    drag(tune, (1, 145), (SIZE[0] - 1, SIZE[1] - 1))
    (drawn,) = areas(tune, "ignore")
    assert drawn == pytest.approx([1, 145, SIZE[0] - 2, SIZE[1] - 146], abs=2)
    tune.get_by_label("Keyframes at most").fill("3")
    tune.get_by_label("From", exact=True).fill("2020-01-01T00:00")
    tune.get_by_role("button", name="Try").click()
    expect(tune.locator("#result")).to_be_visible()
    was, now = (tune.locator(f"#{it}-count").inner_text() for it in ("was", "now"))
    assert was.startswith("Picked: ")
    assert now.startswith("Would be picked: ")
    assert was.partition(": ")[2] != now.partition(": ")[2]
    shown = tune.locator("#windows")
    assert shown.locator(".stored img").count() > shown.locator(".replayed img").count() > 0
    assert tune.locator("#tune-chart polyline").count() > 2
    wait_for(shown, "(it) => [...it.querySelectorAll('img')].some((image) => image.naturalWidth > 0)")
    written = snippet(tune)
    written["cameras"][0]["source"] = "rtsp://10.0.0.5/stream1"
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(written))
    loaded = load(config)
    assert loaded.peaks.max_keyframes == 3
    assert loaded.cameras[0].areas.ignore[0][0] == tuple(drawn[:2])


def test_a_polygon_is_closed_at_its_first_corner_or_by_enter_and_given_up_by_escape(tune: Page) -> None:
    tune.get_by_role("radio", name="Polygon").check()
    click(tune, (100, 50), (200, 50), (150, 150), (100, 50))
    (corners,) = areas(tune, "regions")
    for corner, wanted in zip(corners, [[100, 50], [200, 50], [150, 150]], strict=True):
        assert corner == pytest.approx(wanted, abs=2)
    click(tune, (300, 200), (380, 200), (340, 260))
    tune.keyboard.press("Enter")
    assert len(areas(tune, "regions")) == 2
    click(tune, (20, 200), (60, 200))
    tune.keyboard.press("Escape")
    assert len(areas(tune, "regions")) == 2


def test_the_keyboard_adds_moves_reshapes_and_removes(tune: Page) -> None:
    tune.get_by_role("button", name="Add one").press("Enter")
    (before,) = areas(tune, "regions")
    tune.keyboard.press("Shift+ArrowRight")
    tune.keyboard.press("ArrowDown")
    (moved,) = areas(tune, "regions")
    assert moved[0] > before[0]
    assert moved[1] > before[1]
    assert moved[2:] == before[2:]
    tune.locator('[data-corner="2"]').press("Shift+ArrowLeft")
    (reshaped,) = areas(tune, "regions")
    assert reshaped[:2] == moved[:2]
    assert reshaped[2] < moved[2]
    for _ in range(40):
        tune.keyboard.press("Shift+ArrowLeft")
    assert all(value >= 0 for value in areas(tune, "regions")[0])
    tune.keyboard.press("Delete")
    assert areas(tune, "regions") == []


def test_an_area_is_dragged_and_a_click_draws_nothing(tune: Page) -> None:
    drag(tune, (50, 50), (150, 110))
    drag(tune, (100, 80), (140, 100))
    assert areas(tune, "regions")[0] == pytest.approx([90, 70, 100, 60], abs=2)
    click(tune, (300, 250))
    assert len(areas(tune, "regions")) == 1
    tune.locator("#area-list").get_by_role("button").click()
    assert areas(tune, "regions") == []


def test_the_snippet_is_copied_or_selected(tune: Page) -> None:
    tune.get_by_role("button", name="Copy").click()
    expect(tune.locator("#copied")).not_to_be_empty()
    said = tune.locator("#copied").inner_text()
    assert said in {"Copied.", "Selected: copy it with Ctrl+C."}
    if said != "Copied.":
        assert "height_ratio" in tune.evaluate("getSelection().toString()")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_page_fits_and_every_control_has_a_name(
    page: Page, recorded: Site, width: int, scheme: Literal["dark", "light"]
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    opened(page, recorded)
    drag(page, (50, 50), (150, 110))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    nameless = page.evaluate(
        "[...document.querySelectorAll('a, button, input, [tabindex]')].filter((it) =>"
        " !(it.textContent.trim() || it.labels?.length || it.ariaLabel)).length"
    )
    assert nameless == 0


def test_a_camera_without_clips_says_so(page: Page, recorded: Site, problems: list[str]) -> None:
    page.goto(f"{recorded.sink.url}cameras/yard-2/tune")
    expect(page.locator("#picture-note")).to_contain_text("No picture with its clip")
    with expected_problem(page, problems, "400"):
        page.get_by_role("button", name="Try").click()
    expect(page.locator("#tried")).to_contain_text("no clip of this time is stored")
