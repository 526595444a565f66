"""What happened since the last visit: the first visit, away, back, and a time that is picked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analyzer.describe.moment import Moment
from analyzer.signal.window import Outcome
from livereel.camera.settings import CameraSettings
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from sinks.web.settings import WebSettings
from tests.kit.films.footage import Look, write_file
from tests.kit.program.live_run import Watch, until, watching
from tests.kit.records.events import moment_now
from tests.kit.web.chromium import plays
from tests.kit.web.site import Site, serving

MINUTE_MS = 60_000
# When, before the run, something happened, the clip of which is gone.
BEFORE_S = 5400.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A live run in which something happens again and again, and an hour and a half before it one moment."""
    folder = tmp_path_factory.mktemp("run")
    film = write_file(folder / "film.mp4", Look(width_px=320, height_px=240, round_s=2, moving_s=1.5))
    street = CameraSettings("street", str(film), loop=True)
    earlier = moment_now(1, "street", ago_s=BEFORE_S)
    earlier = replace(earlier, title="Long ago", window=replace(earlier.window, id="earlier"))
    with closing(Ledger(folder / "data")) as ledger:
        ledger.windows.add(earlier.window, PENDING)
        ledger.windows.end("earlier", Outcome.DESCRIBED, earlier)
    with watching(folder / "data", {"street": street}, web=WebSettings(port=0)) as watch:
        until(lambda: len(watch.described()) > 2, "moments")
        yield watch


def visit(page: Page) -> tuple[int, int]:
    """When the last visit ended and when a page was last open, in ms, as the cookie has it."""
    left, opened = re.findall(r"livereel-visit=(\d+)-(\d+)", page.evaluate("document.cookie"))[0]
    return int(left), int(opened)


def go_away(page: Page, run: Watch, minutes: int) -> int:
    """Close the page, as if that had been so long ago; return when, in ms."""
    page.goto(f"{run.url}login")  # a page that notes no visit
    left, opened = (at - minutes * MINUTE_MS for at in visit(page))
    page.context.clear_cookies(name="livereel-visit")
    page.context.add_cookies([{"name": "livereel-visit", "value": f"{left}-{opened}", "url": run.url}])
    return opened


def since_ms(page: Page) -> int:
    """The time that is picked, in ms."""
    at: int = page.get_by_label("From", exact=True).evaluate("(it) => new Date(it.value).getTime()")
    return at


def pick(page: Page, ms: float) -> None:
    """Pick a time, as the browser's own field of a date and a time does."""
    page.get_by_label("From", exact=True).fill(
        page.evaluate(
            "(ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 16)", ms
        )
    )
    page.keyboard.press("Tab")


def counted(page: Page) -> int:
    """How many moments the page says there are; those of the run go on to come."""
    expect(page.locator("#since-count")).to_have_text(re.compile("^([0-9,]+|No) moments? since "))
    text = page.locator("#since-count").inner_text()
    return 0 if text.startswith("No") else int(text.split()[0].replace(",", ""))


def test_a_first_visit_shows_the_last_hour(page: Page, run: Watch) -> None:
    page.goto(run.url)
    now: int = page.evaluate("Date.now()")
    assert now - since_ms(page) == pytest.approx(60 * MINUTE_MS, abs=2 * MINUTE_MS)
    assert 0 < counted(page) < len(run.described())
    expect(page.locator("#since-moments")).not_to_contain_text("Long ago")
    _, opened = visit(page)
    assert opened == pytest.approx(now, abs=MINUTE_MS)


def test_a_page_that_is_opened_again_soon_belongs_to_the_same_visit(page: Page, run: Watch) -> None:
    page.goto(run.url)
    before = since_ms(page)
    go_away(page, run, minutes=20)
    page.goto(run.url)
    assert since_ms(page) == before - 20 * MINUTE_MS  # the same visit, which began so much earlier


def test_who_comes_back_sees_what_happened_meanwhile_as_a_reel(page: Page, run: Watch) -> None:
    page.goto(run.url)
    left = go_away(page, run, minutes=40)
    described = len(run.described())
    until(lambda: len(run.described()) > described, "another moment")
    page.goto(run.url)
    assert since_ms(page) == left - left % MINUTE_MS
    assert counted(page) >= described  # all but the one of long ago, and one more
    expect(page.locator("#since-moments .card")).not_to_have_count(0)
    page.get_by_role("button", name="Make a reel of it").click()
    page.get_by_role("link", name="Watch it").click()
    page.wait_for_url("**/reels/requested?seq=*")
    plays(page.locator(".stage video"))
    page.goto(run.url)
    assert since_ms(page) == left - left % MINUTE_MS, "it is still the same visit"


def happen(site: Site, *moments: Moment) -> None:
    """Store moments, as if they had just been described, and pass them to the open pages."""
    for described in moments:
        site.ledger.windows.add(described.window, PENDING)
        site.ledger.windows.end(described.window.id, Outcome.DESCRIBED, described)
        site.take(described)


def test_what_happens_while_the_page_is_open_is_counted_and_shown(tmp_path: Path, page: Page) -> None:
    first, second, late = (moment_now(index, ago_s=ago_s) for index, ago_s in enumerate([90.0, 10.0, 200.0]))
    second, late = replace(second, title="The second", importance=9.0), replace(late, title="The late one")
    with serving(tmp_path) as site:
        happen(site, first)
        page.goto(site.sink.url)
        assert counted(page) == 1
        card = page.locator("#since-moments .card")
        card.evaluate("(it) => { it.dataset.kept = ''; }")
        happen(site, second, late)
        expect(page.locator("#since-count")).to_have_text(re.compile("^3 moments since "))
        expect(card.locator("h3")).to_have_text(["The second", first.title, "The late one"])
        expect(card.nth(1)).to_have_attribute("data-kept", "")  # not drawn anew
        camera = page.locator(".cameras [data-camera=front]")
        expect(camera.locator(".caption")).to_have_text("The second")
        expect(camera.locator("time")).to_have_attribute("datetime", second.window.start_utc)
        page.goto("about:blank")


def test_a_time_is_picked_in_place_of_the_last_visit(page: Page, run: Watch) -> None:
    page.goto(run.url)
    now: int = page.evaluate("Date.now()")
    before = counted(page)
    picked = now - 120 * MINUTE_MS
    pick(page, picked)
    since: str = page.get_by_label("From", exact=True).evaluate("(it) => new Date(it.value).toISOString()")
    expect(page.locator("#since-count a")).to_have_attribute("href", f"/timeline?since={since}")
    assert counted(page) > before  # the moment of long ago, too
    page.get_by_role("button", name="Make a reel of it").click()
    page.get_by_role("link", name="Watch it").click()
    plays(page.locator(".stage video"))
    seq = page.locator(".stage").get_attribute("data-seq")
    reel = page.request.get(f"{run.url}api/reels/requested?seq={seq}").json()
    assert reel["start_utc"] < run.start_utc, "it begins with the moment of long ago"


def test_a_time_without_moments_has_no_reel(page: Page, run: Watch) -> None:
    page.goto(run.url)
    counted(page)
    pick(page, page.evaluate("Date.now()") + 5 * MINUTE_MS)
    expect(page.locator("#since-count")).to_have_text(re.compile("^No moments since "))
    expect(page.get_by_role("button", name="Make a reel of it")).to_be_disabled()
    expect(page.locator("#since-moments li")).to_have_count(0)
