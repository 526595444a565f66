"""What holds of every page, in a real browser, with little and with much to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from sinks.web.settings import WebSettings
from tests.kit.web.chromium import NewContext, expected_problem, wait_until
from tests.kit.web.full_site import AWAY, BUSY, LONG_NAME, full_site
from tests.kit.web.site import TOKEN, Site, serving

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
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WEIGHT_BYTES = 300_000
# WCAG 2.0 to 2.2, levels A and AA
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
LOGGED_IN = {"extra_http_headers": {"Authorization": f"Bearer {TOKEN}"}}
SETTLED = (
    "[...document.querySelectorAll('time')].every((time) => !time.textContent.endsWith('UTC'))"
    " && document.querySelector('#since-count')?.textContent !== 'Counting.'"
    " && document.querySelector('#strips')?.childElementCount !== 0"
)


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


@pytest.fixture
def context_options() -> dict[str, Any]:
    return LOGGED_IN


@pytest.fixture(autouse=True)
def _page_that_is_missing(
    problems: list[str],
    new_context: NewContext,  # noqa: ARG001  # which judges the problems after this
) -> Iterator[None]:
    """Expect the browser to note that one page is missing, which is."""
    yield
    problems[:] = [problem for problem in problems if not problem.endswith("/there-is-none")]


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds, each with its elements."""
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return found


def opened(page: Page, url: str) -> None:
    page.goto(url)
    wait_until(page, f"() => {SETTLED}")


def check(page: Page, url: str) -> None:
    """It fits both widths, and breaks no rule in either scheme: neither changes what the other does."""
    for width, scheme in zip(WIDTHS_PX, SCHEMES, strict=True):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        opened(page, url)
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


def test_the_login_fits_and_can_be_used_by_everyone(new_context: NewContext, locked: Site) -> None:
    page = new_context().new_page()
    check(page, locked.sink.url)
    expect(page).to_have_url(f"{locked.sink.url}login")


def test_the_check_finds_what_is_wrong(page: Page, full: Site) -> None:
    opened(page, full.sink.url)
    page.evaluate("document.querySelector('#since-form label').replaceWith(document.createElement('input'))")
    assert [found["id"] for found in violations(page)] == ["label"]


def test_problems_and_requests_to_other_hosts_are_noted(
    page: Page, problems: list[str], requests: list[str]
) -> None:
    with expected_problem(page, problems, "ERR_UNSAFE_PORT"):
        page.set_content("<img src='http://elsewhere.example:1/picture.png'>")
    assert {urlsplit(url).hostname for url in requests} == {"elsewhere.example"}
    requests.clear()
    page.evaluate("console.error('spoken'); setTimeout(() => { throw Error('thrown'); }); null")
    with expected_problem(page, problems, "last"):
        page.evaluate("setTimeout(() => console.warn('last')); null")
    assert sorted(problems) == ["spoken", "thrown"]
    problems.clear()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_weighs_less_than_300_kb_without_media(path: str, page: Page, full: Site) -> None:
    opened(page, full.sink.url + path)
    weight = page.evaluate(
        "performance.getEntriesByType('navigation')[0].decodedBodySize"
        " + performance.getEntriesByType('resource').filter((it) => !it.name.includes('/media/'))"
        ".reduce((sum, it) => sum + it.decodedBodySize, 0)"
    )
    assert 0 < weight < WEIGHT_BYTES


@pytest.mark.parametrize("path", ["", "timeline", "reels", f"cameras/{BUSY}"])
def test_each_control_is_reached_by_keyboard_and_shows_the_focus(path: str, page: Page, full: Site) -> None:
    opened(page, full.sink.url + path)
    controls = (
        "[...document.querySelectorAll('a[href], button:enabled, input:not([type=hidden]), select, summary,"
        " [tabindex]')].filter((it) => it.checkVisibility() && !it.closest('.moments, dialog')"
        " && !(it.type === 'radio' && !it.checked))"
    )
    page.evaluate(f"window.unreached = new Set({controls}); null")
    for _ in range(600):
        page.keyboard.press("Tab")
        outline, unreached = page.evaluate(
            "(() => { const it = document.activeElement; unreached.delete(it);"
            " const is_seen = it === document.body || it.matches('video');"
            " return [is_seen || getComputedStyle(it).outlineStyle, unreached.size]; })()"
        )
        assert outline not in {"none", ""}
        if not unreached:
            return
    pytest.fail(str(page.evaluate("[...unreached].map((it) => it.outerHTML)")))


def test_nothing_moves_for_who_wants_less_motion(page: Page, full: Site) -> None:
    opened(page, full.sink.url)
    moving = (
        "[...document.querySelectorAll('body *:not(track)')].map((it) => getComputedStyle(it))"
        ".filter((it) => it.transitionDuration !== '0s' || it.animationName !== 'none').length"
    )
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
def test_times_are_in_the_zone_of_the_browser(zone: str, new_context: NewContext, full: Site) -> None:
    page = new_context(timezone_id=zone, **LOGGED_IN).new_page()
    opened(page, full.sink.url)
    time = page.locator(".story time").first
    same: str = time.evaluate(
        "(it, timeZone) => new Intl.DateTimeFormat(undefined, {timeStyle: 'short', timeZone})"
        ".format(new Date(it.dateTime))",
        zone,
    )
    assert (time.text_content() or "").endswith(same)
    expect(page.locator("[data-zone]")).to_be_visible()


def test_the_page_of_what_does_not_exist_leads_back(page: Page, full: Site) -> None:
    page.goto(f"{full.sink.url}reels/there-is-none")
    page.get_by_role("link", name="Back to the newest reel").click()
    expect(page).to_have_url(full.sink.url)
    expect(page.locator("#since")).to_be_visible()
