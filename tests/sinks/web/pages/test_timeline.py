"""The timeline in a real browser: strips that are zoomed and moved, in words, and what is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.kit.program.browser import CHROMIUM, Page, browser
from tests.kit.web.full_site import AWAY, BUSY, NAMES, full_site
from tests.kit.web.site import Site

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

DRAWN = f"document.querySelectorAll('#strips svg').length === {len(NAMES)}"
SHOWN = "document.querySelector('#shown').textContent"
SINCE = "new URL(location).searchParams.get('since')"
FOUND = "[...document.querySelectorAll('#found time')].map((time) => time.dateTime)"
HOURS = "document.querySelector('#range').elements.hours.value"
KEYS = {"ArrowLeft": 37, "Home": 36, "End": 35, "PageUp": 33, "Enter": 13, "+": 187, "-": 189}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with full_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(window: Page, site: Site) -> Iterator[Page]:
    """The timeline as at a first visit; it must meet no problem and ask no other host."""
    window.problems.clear()
    window.requests.clear()
    window.open(f"{site.sink.url}timeline")
    window.evaluate("sessionStorage.clear()")
    window.open(f"{site.sink.url}timeline")
    window.wait(DRAWN)
    yield window
    window.call("Page.navigate", url="about:blank")
    assert window.problems == []
    assert {urlsplit(url).hostname for url in window.requests} == {"127.0.0.1"}


def strip(camera: str) -> str:
    return f"[...document.querySelectorAll('.strip')].find((it) => it.firstChild.textContent === '{camera}')"


def focus(page: Page, camera: str) -> None:
    page.evaluate(f"{strip(camera)}.querySelector('[role=slider]').focus()")


def press(page: Page, key: str) -> None:
    for kind in ("rawKeyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key])


def length_s(page: Page) -> float:
    """How much time the address says is shown."""
    found: float = page.evaluate(
        "(() => { const query = new URL(location).searchParams;"
        " return (Date.parse(query.get('until')) - Date.parse(query.get('since'))) / 1000; })()"
    )
    return found


def test_the_range_is_chosen_by_keyboard_and_remembered(page: Page, site: Site) -> None:
    page.evaluate("document.querySelector('#range [value=\"24\"]').focus()")
    for _ in range(2):  # 6 h, then 1 h
        press(page, "ArrowLeft")
    assert page.evaluate(HOURS) == "1"
    page.wait(f"{SHOWN}.endsWith('(1 h)')")
    assert page.evaluate("new URL(location).searchParams.get('hours')") == "1"
    page.open(f"{site.sink.url}timeline")
    page.wait(f"{HOURS} === '1'")


def test_buttons_zoom_and_move_and_the_address_shows_the_same_again(page: Page) -> None:
    page.click("[data-do=in]")
    page.click("[data-do=in]")
    assert length_s(page) == pytest.approx(6 * 3600, abs=1)
    before = page.evaluate(SINCE)
    page.click("[data-do=earlier]")
    assert page.evaluate(f"(Date.parse('{before}') - Date.parse({SINCE})) / 1000") == pytest.approx(
        3 * 3600, abs=1
    )
    shown = page.evaluate(SHOWN)
    page.open(page.evaluate("location.href"))
    page.wait(DRAWN)
    assert page.evaluate(SHOWN) == shown
    page.click("[data-do=out]")
    page.click("[data-do=later]")
    page.click("[data-do=later]")
    assert length_s(page) == pytest.approx(12 * 3600, abs=1)
    assert page.evaluate("Date.parse(new URL(location).searchParams.get('until')) <= Date.now()")


def test_the_wheel_zooms_where_the_pointer_is(page: Page) -> None:
    x, y = page.point("[role=slider]")
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-100)
    page.wait(f"{SINCE} !== null")
    assert length_s(page) == pytest.approx(0.8 * 24 * 3600, abs=60)
    page.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=100)
    page.wait(f"{SHOWN}.endsWith('(24 h)')")


def test_dragging_moves_the_time(page: Page) -> None:
    x, y = page.point("[role=slider]")
    for kind, at in (
        ("mousePressed", x),
        ("mouseMoved", x + 50),
        ("mouseMoved", x + 100),
        ("mouseReleased", x + 100),
    ):
        page.call("Input.dispatchMouseEvent", type=kind, x=at, y=y, button="left", buttons=1, clickCount=1)
    width = page.evaluate("document.querySelector('[role=slider]').clientWidth")
    moved = page.evaluate(f"(Date.now() - 24 * 3600_000 - Date.parse({SINCE})) / 1000")
    assert moved == pytest.approx(24 * 3600 * 100 / width, abs=60)


def test_moments_are_those_of_the_time_that_is_shown(page: Page) -> None:
    assert page.evaluate(f"{FOUND}.length") == 50
    focus(page, BUSY)
    page.wait(f"{strip(BUSY)}.querySelector('rect') !== null")
    press(page, "+")
    press(page, "+")
    press(page, "PageUp")
    page.wait(f"{FOUND}.length > 0 && {FOUND}.length < 50 && {FOUND}.every((time) => time >= {SINCE})")
    assert page.evaluate(f"{FOUND}.every((time) => time < new URL(location).searchParams.get('until'))")
    assert page.evaluate("document.querySelector('[data-time=since]').value") != ""


def test_focus_says_why_time_was_not_observed(page: Page) -> None:
    page.wait(f"{strip(AWAY)}.querySelector('.gap') !== null")
    focus(page, AWAY)
    slider = f"{strip(AWAY)}.querySelector('[role=slider]')"
    texts = []
    press(page, "End")
    for _ in range(80):
        texts.append(page.evaluate(f"{slider}.ariaValueText"))
        assert page.evaluate("document.querySelector('#span').textContent") == f"{AWAY}: {texts[-1]}"
        if texts[-1].startswith("not observed: source down"):
            break
        press(page, "ArrowLeft")
    assert any(text.startswith("not observed: source stalled") for text in texts)
    assert texts[-1].endswith("(1 h 40 min)")
    press(page, "Enter")
    assert length_s(page) == pytest.approx(1.2 * 6000, abs=5)


def test_pointing_says_what_a_strip_shows(page: Page) -> None:
    page.wait(f"{strip(AWAY)}.querySelector('.gap') !== null")
    box = page.evaluate(f"{strip(AWAY)}.querySelector('.gap').getBoundingClientRect().toJSON()")
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    page.call("Input.dispatchMouseEvent", type="mouseMoved", **middle)
    page.wait("/not observed: source/.test(document.querySelector('#span').textContent)")
    assert page.evaluate("document.querySelector('#strips .chosen.gap') !== null")


def test_a_search_is_filtered_by_camera_time_tag_importance_and_alerts(page: Page) -> None:
    page.evaluate(
        "(() => { const it = document.querySelector('.search').elements; it.q.value = 'coat';"
        f" it.camera.value = {json.dumps(BUSY)}; it.tag.value = 'person'; it.min_importance.value = 5;"
        " it.alerts.checked = true; const since = document.querySelector('[data-time=since]');"
        " since.value = '2020-01-01T00:00'; since.dispatchEvent(new Event('change')); })()"
    )
    page.click(".search button")
    page.wait("new URL(location).searchParams.get('q') === 'coat' && document.readyState === 'complete'")
    page.wait("document.querySelectorAll('#strips svg').length === 1")
    page.wait(f"{SHOWN}.endsWith('(744 h)')")  # the last 31 days of them
    query = page.evaluate("Object.fromEntries(new URL(location).searchParams)")
    since = page.evaluate("new Date('2020-01-01T00:00').toISOString()")
    assert query == {
        "q": "coat", "camera": BUSY, "tag": "person", "min_importance": "5", "alerts": "1", "since": since,
    }  # fmt: skip
    notes = page.evaluate("[...document.querySelectorAll('#found .card')].map((it) => it.innerText)")
    assert notes
    assert all("Alert: a person at the gate" in note and "importance 5" in note for note in notes)
    page.click(".search a")
    page.wait("location.search === '' && document.readyState === 'complete'")
