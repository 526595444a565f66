"""What holds of every page, in a real browser, with little and with much to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

import pytest

from sinks.web.settings import WebSettings
from tests.kit.program.browser import CHROMIUM, Page, browser
from tests.kit.web.full_site import AWAY, BUSY, LONG_NAME, full_site
from tests.kit.web.site import TOKEN, Site, serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

PAGES = (
    "",
    "timeline",
    "timeline?q=tyrannosaurus",
    "reels",
    f"reels/{LONG_NAME}",
    f"cameras/{BUSY}",
    f"cameras/{AWAY}",
    f"cameras/{BUSY}/tune",
    "api",
    "there-is-none",
)
EMPTY_PAGES = ("", "timeline", "reels", "cameras/front")
LOCKED = WebSettings(port=0, token=TOKEN)  # with it, what can be changed has its buttons
WIDTHS_PX = (390, 1280)
SCHEMES = ("light", "dark")
WEIGHT_BYTES = 300_000
# WCAG 2.0 to 2.2, levels A and AA
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
SETTLED = (
    "[...document.querySelectorAll('time')].every((time) => !time.textContent.endsWith('UTC'))"
    " && document.querySelector('#since-count')?.textContent !== 'Counting.'"
    " && document.querySelector('#strips')?.childElementCount !== 0"
)


@cache
def axe() -> str:
    """The script of axe-core, as its package holds it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with full_site(tmp_path_factory.mktemp("full"), LOCKED) as site:
        yield site


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("empty")) as site:
        yield site


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("locked"), LOCKED) as site:
        yield site


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """A page that meets no problem, but that one is missing which is, and asks no other host."""
    window.problems.clear()
    window.requests.clear()
    window.call("Network.setExtraHTTPHeaders", headers={"Authorization": f"Bearer {TOKEN}"})
    yield window
    window.call("Page.navigate", url="about:blank")
    assert [problem for problem in window.problems if not problem.endswith("/there-is-none")] == []
    assert {urlsplit(url).hostname for url in window.requests} == {"127.0.0.1"}


def violations(page: Page) -> list[str]:
    """What axe-core finds, each with the elements."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"{axe()}; null")
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    found = page.evaluate(
        f"axe.run(document, {options}).then((all) => all.violations.map((it) =>"
        " `${it.id}: ${it.nodes.map((node) => `${node.target} ${node.failureSummary}`).join('; ')}`))"
    )
    return list(found)


def opened(page: Page, url: str, width: int, scheme: str) -> None:
    page.open(url, width=width, dark=scheme == "dark")
    page.wait(SETTLED)


def check(page: Page, url: str) -> None:
    """It fits both widths, and breaks no rule in either scheme."""
    for width in WIDTHS_PX:
        for scheme in SCHEMES:
            opened(page, url, width, scheme)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, scheme)
            assert violations(page) == [], (width, scheme)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_much_to_show_fits_and_can_be_used_by_everyone(path: str, page: Page, full: Site) -> None:
    check(page, full.sink.url + path)


@pytest.mark.parametrize("path", EMPTY_PAGES)
def test_a_page_with_nothing_to_show_fits_and_can_be_used_by_everyone(
    path: str, page: Page, empty: Site
) -> None:
    check(page, empty.sink.url + path)


def test_the_login_fits_and_can_be_used_by_everyone(page: Page, locked: Site) -> None:
    page.call("Network.setExtraHTTPHeaders", headers={})
    check(page, locked.sink.url)
    assert page.evaluate("location.pathname") == "/login"


def test_the_check_finds_what_is_wrong(page: Page, full: Site) -> None:
    opened(page, full.sink.url, 1280, "light")
    page.evaluate("document.querySelector('#since-form label').replaceWith(document.createElement('input'))")
    assert [found.partition(":")[0] for found in violations(page)] == ["label"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_weighs_less_than_300_kb_without_media(path: str, page: Page, full: Site) -> None:
    opened(page, full.sink.url + path, 1280, "light")
    weight = page.evaluate(
        "Promise.resolve(performance.getEntriesByType('navigation')[0].decodedBodySize"
        " + performance.getEntriesByType('resource').filter((it) => !it.name.includes('/media/'))"
        ".reduce((sum, it) => sum + it.decodedBodySize, 0))"
    )
    assert 0 < weight < WEIGHT_BYTES


@pytest.mark.parametrize("path", ["", "timeline", "reels", f"cameras/{BUSY}"])
def test_each_control_is_reached_by_keyboard_and_shows_the_focus(path: str, page: Page, full: Site) -> None:
    opened(page, full.sink.url + path, 1280, "light")
    controls = (
        "[...document.querySelectorAll('a[href], button:enabled, input:not([type=hidden]), select, summary,"
        " [tabindex]')].filter((it) => it.checkVisibility() && !it.closest('.moments, dialog')"
        " && !(it.type === 'radio' && !it.checked))"
    )
    page.evaluate(f"window.unreached = new Set({controls}); null")
    for _ in range(600):
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        shown = page.evaluate(
            "(() => { const it = document.activeElement; unreached.delete(it);"
            " return it === document.body || it.matches('video') || getComputedStyle(it).outlineStyle; })()"
        )
        assert shown not in {"none", ""}
        if not page.evaluate("unreached.size"):
            return
    pytest.fail(str(page.evaluate("[...unreached].map((it) => it.outerHTML)")))


def test_nothing_moves_for_who_wants_less_motion(page: Page, full: Site) -> None:
    opened(page, full.sink.url, 1280, "light")
    moving = (
        "[...document.querySelectorAll('body *:not(track)')].map((it) => getComputedStyle(it))"
        ".filter((it) => it.transitionDuration !== '0s' || it.animationName !== 'none').length"
    )
    assert page.evaluate(moving) > 0
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    assert page.evaluate(moving) == 0
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
def test_times_are_in_the_zone_of_the_browser(zone: str, page: Page, full: Site) -> None:
    page.call("Emulation.setTimezoneOverride", timezoneId=zone)
    try:
        opened(page, full.sink.url, 1280, "light")
        text = "document.querySelector('.story time').textContent"
        same = (
            "new Intl.DateTimeFormat(undefined, {timeStyle: 'short', timeZone: '%s'})"
            ".format(new Date(document.querySelector('.story time').dateTime))"
        )
        assert page.evaluate(f"{text}.endsWith({same % zone})")
        assert page.evaluate("document.querySelector('[data-zone]').checkVisibility()")
    finally:
        page.call("Emulation.setTimezoneOverride", timezoneId="")


def test_the_page_of_what_does_not_exist_leads_back(page: Page, full: Site) -> None:
    page.open(f"{full.sink.url}reels/there-is-none")
    page.click("main a")
    page.wait("location.pathname === '/' && document.querySelector('#since') !== null")
