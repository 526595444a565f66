"""The timeline in a real browser: strips that are zoomed and moved, in words, and what is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from analyzer.signal.window import Outcome
from tests.kit.records.events import now_utc
from tests.kit.records.windows import measured
from tests.kit.web.chromium import wait_until
from tests.kit.web.full_site import AWAY, BUSY, NAMES, full_site
from tests.kit.web.site import Site, serving

FOUND = "[...document.querySelectorAll('#found time')].map((time) => time.dateTime)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with full_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def timeline(page: Page, site: Site) -> Page:
    """The timeline as at a first visit."""
    page.goto(f"{site.sink.url}timeline")
    drawn(page)
    return page


def test_soon_after_the_first_start_an_hour_is_shown(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        site.ledger.windows.add(replace(measured(0), start_utc=now_utc(600)), Outcome.QUIET)
        page.goto(f"{site.sink.url}timeline")
        expect(page.get_by_role("radio", name="1 h")).to_be_checked()
        page.goto(f"{site.sink.url}timeline?hours=24")
        strip(page, "front")
        expect(page.get_by_role("radio", name="24 h")).to_be_checked()
        page.goto("about:blank")


def drawn(page: Page, strips: int = len(NAMES)) -> None:
    """Wait until the strips hold what was when."""
    expect(page.locator("#strips svg")).to_have_count(strips)


def strip(page: Page, camera: str) -> Locator:
    """What is drawn of a camera, which the keyboard moves through; it is there once its time is."""
    slider = (
        page.locator(".strip")
        .filter(has=page.get_by_role("link", name=camera, exact=True))
        .get_by_role("slider")
    )
    expect(slider.locator("rect")).not_to_have_count(0)
    return slider


def query(page: Page) -> dict[str, str]:
    """What the address says is shown; Playwright itself learns a little later that it has changed."""
    return dict(parse_qsl(urlsplit(page.evaluate("location.href")).query))


def shown(page: Page, name: str) -> float:
    """The start or the end of the time that is shown, in seconds."""
    return datetime.fromisoformat(query(page)[name]).timestamp()


def length_s(page: Page) -> float:
    return shown(page, "until") - shown(page, "since")


def middle(element: Locator) -> tuple[float, float]:
    """Where it is in the window, which is scrolled there."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_range_is_chosen_by_keyboard_and_remembered(timeline: Page, site: Site) -> None:
    timeline.get_by_role("radio", name="24 h").focus()
    for _ in range(2):  # 6 h, then 1 h
        timeline.keyboard.press("ArrowLeft")
    hour = timeline.get_by_role("radio", name="1 h", exact=True)
    expect(hour).to_be_checked()
    expect(timeline.locator("#shown")).to_have_text(re.compile(r"\(1 h\)$"))
    expect(timeline).to_have_url(re.compile("[?&]hours=1(&|$)"))
    timeline.goto(f"{site.sink.url}timeline")
    expect(hour).to_be_checked()


def test_buttons_zoom_and_move_and_the_address_shows_the_same_again(timeline: Page) -> None:
    press = {name: timeline.get_by_role("button", name=name) for name in ("Zoom in", "Zoom out")}
    press |= {name: timeline.get_by_role("button", name=name) for name in ("Earlier", "Later")}
    press["Zoom in"].click()
    press["Zoom in"].click()
    assert length_s(timeline) == pytest.approx(6 * 3600, abs=1)
    before_s = shown(timeline, "since")
    press["Earlier"].click()
    assert before_s - shown(timeline, "since") == pytest.approx(3 * 3600, abs=1)
    text = timeline.locator("#shown").inner_text()
    timeline.reload()
    drawn(timeline)
    expect(timeline.locator("#shown")).to_have_text(text)
    press["Zoom out"].click()
    press["Later"].click()
    press["Later"].click()
    assert length_s(timeline) == pytest.approx(12 * 3600, abs=1)
    assert shown(timeline, "until") <= timeline.evaluate("Date.now() / 1000")


def test_the_wheel_zooms_where_the_pointer_is(timeline: Page) -> None:
    timeline.mouse.move(*middle(timeline.get_by_role("slider").first))
    timeline.mouse.wheel(0, -100)
    timeline.wait_for_url("**/timeline?*since=*")
    assert length_s(timeline) == pytest.approx(0.8 * 24 * 3600, abs=60)
    timeline.mouse.wheel(0, 100)
    expect(timeline.locator("#shown")).to_have_text(re.compile(r"\(24 h\)$"))


def test_dragging_moves_the_time(timeline: Page) -> None:
    slider = timeline.get_by_role("slider").first
    x, y = middle(slider)
    timeline.mouse.move(x, y)
    timeline.mouse.down()
    timeline.mouse.move(x + 100, y, steps=2)
    timeline.mouse.up()
    width_px = slider.evaluate("(it) => it.clientWidth")
    moved_s = timeline.evaluate("Date.now() / 1000") - 24 * 3600 - shown(timeline, "since")
    assert moved_s == pytest.approx(24 * 3600 * 100 / width_px, abs=60)


def test_moments_are_those_of_the_time_that_is_shown(timeline: Page) -> None:
    assert len(timeline.evaluate(FOUND)) == 50
    strip(timeline, BUSY).focus()
    for key in ("+", "+", "PageUp"):
        timeline.keyboard.press(key)
    time = query(timeline)
    wait_until(
        timeline,
        f"(since) => {FOUND}.length > 0 && {FOUND}.length < 50 && {FOUND}.every((time) => time >= since)",
        time["since"],
    )
    assert all(found < time["until"] for found in timeline.evaluate(FOUND))
    expect(timeline.get_by_label("From", exact=True)).not_to_have_value("")


def test_focus_says_why_time_was_not_observed(timeline: Page) -> None:
    slider = strip(timeline, AWAY)
    slider.focus()
    timeline.keyboard.press("End")
    texts: list[str] = []
    while not (texts and texts[-1].startswith("not observed: source down")):
        assert len(texts) < 80, texts
        if texts:
            timeline.keyboard.press("ArrowLeft")
        texts.append(slider.get_attribute("aria-valuetext") or "")
        assert timeline.locator("#span").text_content() == f"{AWAY}: {texts[-1]}"
    assert any(text.startswith("not observed: source stalled") for text in texts)
    assert texts[-1].endswith("(1 h 40 min)")
    timeline.keyboard.press("Enter")
    assert length_s(timeline) == pytest.approx(1.2 * 6000, abs=5)


def test_pointing_says_what_a_strip_shows(timeline: Page) -> None:
    timeline.mouse.move(*middle(strip(timeline, AWAY).locator(".gap").first))
    expect(timeline.locator("#span")).to_contain_text("not observed: source")
    expect(timeline.locator("#strips .chosen.gap")).not_to_have_count(0)


def test_a_search_is_filtered_by_camera_time_tag_importance_and_alerts(timeline: Page) -> None:
    form = timeline.get_by_role("search")
    form.get_by_label("Words").fill("coat")
    form.get_by_label("Camera").select_option(BUSY)
    form.get_by_label("Tag").fill("person")
    form.get_by_label("Importance from").fill("5")
    form.get_by_label("alerts only").check()
    form.get_by_label("From", exact=True).fill("2020-01-01T00:00")
    form.get_by_role("button", name="Search").click()
    timeline.wait_for_url("**/timeline?q=coat&*")
    drawn(timeline, 1)
    expect(timeline.locator("#shown")).to_have_text(re.compile(r"\(744 h\)$"))  # the last 31 days of them
    since = timeline.evaluate("new Date('2020-01-01T00:00').toISOString()")
    assert query(timeline) == {
        "q": "coat", "camera": BUSY, "tag": "person", "min_importance": "5", "alerts": "1", "since": since,
    }  # fmt: skip
    cards = timeline.locator("#found .card").all_inner_texts()
    assert cards
    assert all("Alert: a person at the gate" in card and "importance\u00a05" in card for card in cards)
    form.get_by_role("link", name="Clear").click()
    timeline.wait_for_url("**/timeline")
