"""The tune page in a real browser: areas drawn by mouse and keyboard, tried, and written into the snippet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from livereel.config.file import load
from tests.kit.films.flickers import SIZE
from tests.kit.program.browser import CHROMIUM, Page, browser
from tests.kit.web.site import Site

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    with browser() as it:
        yield it


@pytest.fixture
def page(window: Page, recorded: Site) -> Iterator[Page]:
    """The page of ``front``, with its picture; that it meets no problem is part of every test."""
    window.problems.clear()
    window.open(recorded.sink.url + "cameras/front/tune")
    window.wait("document.querySelector('#picture img').naturalWidth > 0")
    window.wait("document.querySelector('#snippet').textContent.includes('regions')")
    yield window
    window.call("Page.navigate", url="about:blank")
    assert window.problems == []


def mouse(page: Page, kind: str, x: float, y: float) -> None:
    """A mouse event at a place of the source's picture."""
    box = page.evaluate("document.querySelector('#areas').getBoundingClientRect().toJSON()")
    at = {"x": box["x"] + x / SIZE[0] * box["width"], "y": box["y"] + y / SIZE[1] * box["height"]}
    page.call("Input.dispatchMouseEvent", type=kind, **at, button="left", clickCount=1)


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.point("#areas")
    mouse(page, "mousePressed", *start)
    mouse(page, "mouseMoved", *end)
    mouse(page, "mouseReleased", *end)


def click(page: Page, *places: tuple[int, int]) -> None:
    page.point("#areas")
    for place in places:
        mouse(page, "mousePressed", *place)
        mouse(page, "mouseReleased", *place)


def key(page: Page, name: str, *, shift: bool = False) -> None:
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=name, modifiers=8 if shift else 0)


def snippet(page: Page) -> Any:
    return yaml.safe_load(page.evaluate("document.querySelector('#snippet').textContent"))


def areas(page: Page, kind: str) -> list[Any]:
    found: list[Any] = snippet(page)["cameras"][0][kind]
    return found


def choose(page: Page, name: str, value: str) -> None:
    page.click(f"#tools [name={name}][value={value}]")


def test_areas_are_drawn_tried_and_written_for_the_configuration(page: Page, tmp_path: Path) -> None:
    choose(page, "kind", "ignore")
    drag(page, (1, 145), (SIZE[0] - 1, SIZE[1] - 1))
    (drawn,) = areas(page, "ignore")
    assert drawn == pytest.approx([1, 145, SIZE[0] - 2, SIZE[1] - 146], abs=2)
    page.evaluate("document.querySelector('[name=max_keyframes]').select()")
    page.call("Input.insertText", text="3")
    page.evaluate("document.querySelector('[name=since]').value = '2020-01-01T00:00'")
    page.click("#tune [type=submit]")
    page.wait("!document.querySelector('#result').hidden")
    was, now = (page.evaluate(f"document.querySelector('#{it}-count').textContent") for it in ("was", "now"))
    assert was.startswith("Picked: ")
    assert now.startswith("Would be picked: ")
    assert was.partition(": ")[2] != now.partition(": ")[2]
    shown = "document.querySelectorAll('#windows .{} img').length"
    assert page.evaluate(shown.format("stored")) > page.evaluate(shown.format("replayed")) > 0
    assert page.evaluate("document.querySelectorAll('#tune-chart polyline').length") > 2
    page.wait("[...document.querySelectorAll('#windows img')].some((it) => it.naturalWidth > 0)")
    written = snippet(page)
    written["cameras"][0]["source"] = "rtsp://10.0.0.5/stream1"
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(written))
    loaded = load(config)
    assert loaded.peaks.max_keyframes == 3
    assert loaded.cameras[0].areas.ignore[0][0] == tuple(drawn[:2])


def test_a_polygon_is_closed_at_its_first_corner_or_by_enter_and_given_up_by_escape(page: Page) -> None:
    choose(page, "shape", "polygon")
    click(page, (100, 50), (200, 50), (150, 150), (100, 50))
    (corners,) = areas(page, "regions")
    for corner, wanted in zip(corners, [[100, 50], [200, 50], [150, 150]], strict=True):
        assert corner == pytest.approx(wanted, abs=2)
    click(page, (300, 200), (380, 200), (340, 260))
    key(page, "Enter")
    assert len(areas(page, "regions")) == 2
    click(page, (20, 200), (60, 200))
    key(page, "Escape")
    assert len(areas(page, "regions")) == 2


def test_the_keyboard_adds_moves_reshapes_and_removes(page: Page) -> None:
    page.evaluate("document.querySelector('#add').focus()")
    page.press("Enter")
    (before,) = areas(page, "regions")
    key(page, "ArrowRight", shift=True)
    key(page, "ArrowDown")
    (moved,) = areas(page, "regions")
    assert moved[0] > before[0]
    assert moved[1] > before[1]
    assert moved[2:] == before[2:]
    page.evaluate("document.querySelector('[data-corner=\"2\"]').focus()")
    key(page, "ArrowLeft", shift=True)
    (reshaped,) = areas(page, "regions")
    assert reshaped[:2] == moved[:2]
    assert reshaped[2] < moved[2]
    for _ in range(40):
        key(page, "ArrowLeft", shift=True)
    assert all(value >= 0 for value in areas(page, "regions")[0])
    key(page, "Delete")
    assert areas(page, "regions") == []


def test_an_area_is_dragged_and_a_click_draws_nothing(page: Page) -> None:
    drag(page, (50, 50), (150, 110))
    drag(page, (100, 80), (140, 100))
    assert areas(page, "regions")[0] == pytest.approx([90, 70, 100, 60], abs=2)
    click(page, (300, 250))
    assert len(areas(page, "regions")) == 1
    page.click("#area-list button")
    assert areas(page, "regions") == []


def test_the_snippet_is_copied_or_selected(page: Page) -> None:
    page.click("#copy")
    page.wait("document.querySelector('#copied').textContent !== ''")
    said = page.evaluate("document.querySelector('#copied').textContent")
    assert said in {"Copied.", "Selected: copy it with Ctrl+C."}
    if said != "Copied.":
        assert "height_ratio" in page.evaluate("getSelection().toString()")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_every_control_has_a_name(page: Page, recorded: Site, width: int) -> None:
    page.open(recorded.sink.url + "cameras/front/tune", width=width, dark=width == 390)
    page.wait("document.querySelector('#picture img').naturalWidth > 0")
    drag(page, (50, 50), (150, 110))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    nameless = page.evaluate(
        "[...document.querySelectorAll('a, button, input, [tabindex]')].filter((it) =>"
        " !(it.textContent.trim() || it.labels?.length || it.ariaLabel)).length"
    )
    assert nameless == 0


def test_a_camera_without_clips_says_so(window: Page, recorded: Site) -> None:
    window.problems.clear()
    window.open(recorded.sink.url + "cameras/yard-2/tune")
    window.wait("document.querySelector('#picture-note').textContent.startsWith('No picture with its clip')")
    window.click("#tune [type=submit]")
    window.wait("document.querySelector('#tried').textContent.includes('no clip of this time is stored')")
    assert [it for it in window.problems if "400" not in it] == []
    window.call("Page.navigate", url="about:blank")
