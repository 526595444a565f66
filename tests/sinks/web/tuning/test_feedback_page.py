"""The buttons of feedback in a real browser: their state, a refusal, and what is shown without a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.reel.preference.feedback import Verdict
from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from sinks.web.access import COOKIE
from sinks.web.settings import WebSettings
from tests.kit.program.browser import CHROMIUM, Page, browser
from tests.kit.program.live_run import until
from tests.kit.records.events import moment_now
from tests.kit.web.site import TOKEN, Site, serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

KEEP, DULL = (f".feedback [data-verdict={it}]" for it in ("keep", "dull"))


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as it:
        yield it


def store(site: Site, *indexes: int) -> None:
    for index in indexes:
        told = moment_now(index)
        site.ledger.windows.add(told.window, PENDING)
        site.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
        site.take(told)


def logged_in(page: Page, site: Site, path: str) -> None:
    cookie = site.post("/login", f"token={TOKEN}".encode()).headers["set-cookie"]
    value = cookie.partition(";")[0].removeprefix(f"{COOKIE}=")
    page.call("Network.setCookie", name=COOKIE, value=value, url=site.sink.url)
    page.open(site.sink.url + path)
    # The page before may have been complete, too.
    page.wait(f"document.readyState === 'complete' && !!document.querySelector('{KEEP}')")


def pressed(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.feedback [aria-pressed=true]')].map((it) => it.textContent)"
    )
    return found


def verdicts(site: Site) -> list[Verdict]:
    return [it.verdict for it in site.ledger.feedback.judged()]


@pytest.mark.parametrize("path", ["timeline", "cameras/front"])
def test_a_moment_is_kept_then_dull_then_neither(page: Page, tmp_path: Path, path: str) -> None:
    with serving(tmp_path, WebSettings(port=0, token=TOKEN)) as site:
        store(site, 1)
        logged_in(page, site, path)
        assert pressed(page) == []
        for button, stored in ((KEEP, [Verdict.KEEP]), (DULL, [Verdict.DULL]), (DULL, [])):
            page.click(button)
            until(lambda stored=stored: verdicts(site) == stored, f"{stored} stored")  # type: ignore[misc]  # bound now
            page.wait(f"document.querySelectorAll('.feedback [aria-pressed=true]').length === {len(stored)}")
        page.evaluate(f"document.querySelector('{KEEP}').focus()")
        page.press("Enter")
        until(lambda: verdicts(site) == [Verdict.KEEP], "kept by the keyboard")
        page.open(site.sink.url + path)
        page.wait("!!document.querySelector('.feedback [aria-pressed=true]')")
        assert pressed(page) == ["Keep"]
        assert page.problems == []
        page.call("Page.navigate", url="about:blank")


def test_what_cannot_be_stored_is_said_and_taken_back(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path, WebSettings(port=0, token=TOKEN)) as site:
        store(site, 1)
        logged_in(page, site, "cameras/front")
        page.wait("!!document.querySelector('.moments .card')")
        with site.ledger.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM windows")
        page.click(KEEP)
        page.wait(
            "document.querySelector('.feedback [role=status]').textContent === 'there is no such moment'"
        )
        assert pressed(page) == []
        page.problems.clear()  # the refusal, as the browser notes it
        page.call("Page.navigate", url="about:blank")


@pytest.mark.parametrize("path", ["timeline", "cameras/front"])
def test_without_a_token_there_are_no_buttons_and_the_page_says_how(
    page: Page, tmp_path: Path, path: str
) -> None:
    with serving(tmp_path) as site:
        store(site, 1)
        page.open(site.sink.url + path)
        page.wait("!!document.querySelector('.moments .card')")
        assert page.evaluate("document.querySelectorAll('.feedback').length") == 0
        assert "set web.token in the configuration" in page.evaluate(
            "document.querySelector('main').textContent"
        )
        assert page.problems == []
        page.call("Page.navigate", url="about:blank")
