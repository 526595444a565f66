"""A page that has lost its connection: it says so, and then shows what it has missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from sinks.events import CameraState, CameraStatus
from tests.kit.mqtt.tcp_proxy import Cable
from tests.kit.records.events import moment_now, now_utc, reel_in, watching
from tests.kit.web.site import Site, serving

FAULTS: dict[str, Callable[[Cable], None]] = {
    "the server has stopped": Cable.cut,
    "nothing comes": Cable.freeze,
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path) as running:
        running.take(watching())
        yield running


@pytest.fixture
def cable(site: Site) -> Iterator[Cable]:
    """What leads to the site, and can be cut."""
    with closing(Cable(site.port)) as between:
        yield between


def happens(site: Site, title: str) -> None:
    """A moment with an alert, a reel, and a camera that has gone away, of which no page learns."""
    told = moment_now(7)
    told = replace(told, title=title, alerts=("a person at the gate",))
    site.ledger.windows.add(told.window, PENDING)
    site.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
    site.ledger.reels.add(reel_in(site.ledger.data))
    site.take(CameraState("front", CameraStatus.WAITING, "connection refused", now_utc()))


def leave(page: Page, problems: list[str]) -> None:
    """Close the page; that requests have failed is no problem here."""
    page.goto("about:blank")
    problems[:] = [problem for problem in problems if "ERR_" not in problem]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_says_that_it_has_no_connection_and_returns(
    fault: str, page: Page, site: Site, cable: Cable, problems: list[str]
) -> None:
    page.goto(f"http://127.0.0.1:{cable.port}/")
    lost, camera = page.locator("#link"), page.locator(".cameras [data-camera=front]")
    expect(camera).to_have_attribute("data-state", "watching")
    expect(page.locator("#since-count")).to_contain_text("No moments")
    expect(lost).to_be_hidden()
    FAULTS[fault](cable)
    expect(lost).to_have_text("No connection to livereel: what is shown may be old. Trying again.")
    expect(lost).to_be_in_viewport()
    happens(site, "Meanwhile")
    expect(camera).to_have_attribute("data-state", "watching")
    cable.mend()
    expect(lost).to_be_hidden()
    expect(camera).to_have_attribute("data-state", "waiting")
    expect(page.locator("#since-count")).to_contain_text("1 moment since")
    expect(page.locator("#alerts li")).to_contain_text("Meanwhile")
    expect(page.locator("#newer a")).to_contain_text("A new reel is there: One mover")
    leave(page, problems)


def test_the_page_of_a_camera_shows_what_it_has_missed(
    page: Page, site: Site, cable: Cable, problems: list[str]
) -> None:
    page.goto(f"http://127.0.0.1:{cable.port}/cameras/front")
    expect(page.locator("#none")).to_be_visible()
    cable.cut()
    expect(page.locator("#link")).to_be_visible()
    happens(site, "Meanwhile")
    cable.mend()
    expect(page.locator("#link")).to_be_hidden()
    expect(page.locator("#newest h3")).to_have_text("Meanwhile")
    expect(page.locator("[data-live-state]")).to_have_text("The camera is away.")
    leave(page, problems)
