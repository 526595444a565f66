"""The buttons of feedback in a real browser: their state, a refusal, and what is shown without a token."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from analyzer.reel.preference.feedback import Verdict
from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from sinks.web.access import COOKIE
from sinks.web.settings import WebSettings
from tests.kit.program.live_run import until
from tests.kit.records.events import moment_now
from tests.kit.web.chromium import expected_problem
from tests.kit.web.site import TOKEN, Site, serving


def store(site: Site, *indexes: int) -> None:
    for index in indexes:
        told = moment_now(index)
        site.ledger.windows.add(told.window, PENDING)
        site.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
        site.take(told)


def logged_in(page: Page, site: Site, path: str) -> None:
    cookie = site.post("/login", f"token={TOKEN}".encode()).headers["set-cookie"]
    value = cookie.partition(";")[0].removeprefix(f"{COOKIE}=")
    page.context.add_cookies([{"name": COOKIE, "value": value, "url": site.sink.url}])
    page.goto(site.sink.url + path)


def pressed(page: Page) -> Locator:
    return page.locator(".feedback [aria-pressed=true]")


def verdicts(site: Site) -> list[Verdict]:
    return [it.verdict for it in site.ledger.feedback.judged()]


@pytest.mark.parametrize("path", ["timeline", "cameras/front"])
def test_a_moment_is_kept_then_dull_then_neither(page: Page, tmp_path: Path, path: str) -> None:
    with serving(tmp_path, WebSettings(port=0, token=TOKEN)) as site:
        store(site, 1)
        logged_in(page, site, path)
        keep, dull = (page.get_by_role("button", name=it) for it in ("Keep", "Dull"))
        expect(keep).to_be_visible()
        expect(pressed(page)).to_have_count(0)
        for button, stored in ((keep, [Verdict.KEEP]), (dull, [Verdict.DULL]), (dull, [])):
            button.click()
            until(lambda stored=stored: verdicts(site) == stored, f"{stored} stored")  # type: ignore[misc]  # bound now
            expect(pressed(page)).to_have_count(len(stored))
        keep.press("Enter")
        until(lambda: verdicts(site) == [Verdict.KEEP], "kept by the keyboard")
        page.goto(site.sink.url + path)
        expect(pressed(page)).to_have_text(["Keep"])
        page.goto("about:blank")


def test_what_cannot_be_stored_is_said_and_taken_back(
    page: Page, tmp_path: Path, problems: list[str]
) -> None:
    with serving(tmp_path, WebSettings(port=0, token=TOKEN)) as site:
        store(site, 1)
        logged_in(page, site, "cameras/front")
        expect(page.locator(".moments .card")).to_be_visible()
        with site.ledger.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM windows")
        with expected_problem(page, problems, "404"):
            page.get_by_role("button", name="Keep").click()
        expect(page.locator(".feedback").get_by_role("status")).to_have_text("there is no such moment")
        expect(pressed(page)).to_have_count(0)
        page.goto("about:blank")


@pytest.mark.parametrize("path", ["timeline", "cameras/front"])
def test_without_a_token_there_are_no_buttons_and_the_page_says_how(
    page: Page, tmp_path: Path, path: str
) -> None:
    with serving(tmp_path) as site:
        store(site, 1)
        page.goto(site.sink.url + path)
        expect(page.locator(".moments .card")).to_be_visible()
        expect(page.locator(".feedback")).to_have_count(0)
        expect(page.get_by_role("main")).to_contain_text("set web.token in the configuration")
        page.goto("about:blank")
