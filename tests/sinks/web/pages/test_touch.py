"""The timeline under fingers: real touch events, as Chromium makes them of what a screen reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.kit.web.chromium import NewContext, wait_until
from tests.kit.web.full_site import BUSY, NAMES, full_site
from tests.kit.web.site import Site

DAY_S = 86_400
STEPS = 8


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with full_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def timeline(site: Site, new_context: NewContext) -> Page:
    """The timeline on a phone."""
    phone = new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(f"{site.sink.url}timeline")
    expect(page.locator("#strips svg")).to_have_count(len(NAMES))
    return page


Point = tuple[float, float]


class Fingers:
    """One or more fingers on the screen."""

    def __init__(self, page: Page, *places: Point) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._places = list(places)
        self._send("touchStart", self._places)

    def move(self, *places: Point) -> None:
        """Move all of them at once, in steps."""
        for step in range(1, STEPS + 1):
            share = step / STEPS
            pairs = zip(self._places, places, strict=True)
            self._send(
                "touchMove",
                [(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])) for a, b in pairs],
            )
        self._places = list(places)

    def lift(self) -> None:
        self._send("touchEnd", [])

    def _send(self, kind: str, places: Sequence[Point]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def at(slider: Locator, share: float) -> Point:
    """A point of a strip, so far along it."""
    box = slider.bounding_box()
    assert box is not None
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def shown_s(page: Page) -> tuple[float, float]:
    """The start and the end of the time that is shown."""
    query = dict(parse_qsl(urlsplit(page.evaluate("location.href")).query))
    since, until = (datetime.fromisoformat(query[name]).timestamp() for name in ("since", "until"))
    return since, until


@pytest.mark.parametrize("other", [0, 1], ids=["on one strip", "on two strips"])
def test_two_fingers_zoom_and_the_time_below_each_stays(other: int, timeline: Page) -> None:
    sliders = timeline.get_by_role("slider")
    one, two = sliders.nth(0), sliders.nth(other)
    one.scroll_into_view_if_needed()
    end_s = timeline.evaluate("Date.now() / 1000")
    fingers = Fingers(timeline, at(one, 0.4), at(two, 0.6))
    fingers.move(at(one, 0.2), at(two, 0.8))
    fingers.lift()
    since_s, until_s = shown_s(timeline)
    assert until_s - since_s == pytest.approx(DAY_S / 3, rel=0.02)
    for place, now_at in ((0.4, 0.2), (0.6, 0.8)):
        held_s = end_s - DAY_S * (1 - place)
        assert since_s + now_at * (until_s - since_s) == pytest.approx(held_s, abs=DAY_S / 200)
    fingers = Fingers(timeline, at(one, 0.2), at(two, 0.8))
    fingers.move(at(one, 0.4), at(two, 0.6))
    fingers.lift()
    since_s, until_s = shown_s(timeline)
    assert until_s - since_s == pytest.approx(DAY_S, rel=0.02)
    assert timeline.evaluate("visualViewport.scale") == 1, "the page itself is not zoomed"


def test_one_finger_moves_the_time(timeline: Page) -> None:
    slider = timeline.get_by_role("slider").first
    slider.scroll_into_view_if_needed()
    fingers = Fingers(timeline, at(slider, 0.3))
    fingers.move(at(slider, 0.8))
    fingers.lift()
    since_s, until_s = shown_s(timeline)
    assert until_s - since_s == pytest.approx(DAY_S, abs=1)
    now_s = timeline.evaluate("Date.now() / 1000")
    assert until_s == pytest.approx(now_s - DAY_S / 2, rel=0, abs=DAY_S / 50)


def test_a_finger_that_goes_up_scrolls_the_page_and_not_the_time(timeline: Page) -> None:
    slider = timeline.get_by_role("slider").first
    slider.scroll_into_view_if_needed()
    before = timeline.evaluate("scrollY")
    x, y = at(slider, 0.5)
    fingers = Fingers(timeline, (x, y))
    fingers.move((x, y - 200))
    fingers.lift()
    wait_until(timeline, "(before) => scrollY > before + 100", before)
    assert "since" not in timeline.evaluate("location.search")


def test_a_touch_says_what_a_time_was(timeline: Page) -> None:
    slider = timeline.locator(".strip").filter(has=timeline.get_by_role("link", name=BUSY, exact=True))
    expect(slider.locator("rect.described")).not_to_have_count(0)
    slider.get_by_role("slider").tap()
    expect(timeline.locator("#span")).to_contain_text(f"{BUSY}: ")
    assert "since" not in timeline.evaluate("location.search")
