"""The pages of reels by their names in a real browser: what they show, and reels that are made there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from livereel.camera.settings import CameraSettings
from livereel.reels.settings import NamedReel
from sinks.web.settings import WebSettings
from tests.kit.films.footage import Look, write_file
from tests.kit.program.live_run import Watch, until, watching
from tests.kit.web.chromium import plays

REELS = (
    NamedReel("evening", at="20:00", timezone="Europe/Berlin", cameras=("street",), max_duration_s=8.0),
    NamedReel("hourly", every_s=3600.0),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A live run of one camera with two reels, in which something has happened."""
    folder = tmp_path_factory.mktemp("run")
    film = write_file(folder / "film.mp4", Look(width_px=320, height_px=240, round_s=2, moving_s=1.5))
    street = CameraSettings("street", str(film), loop=True)
    with watching(folder / "data", {"street": street}, reels=REELS, web=WebSettings(port=0)) as watch:
        until(lambda: any(row["outcome"] == "described" for row in watch.windows("street")), "a moment")
        yield watch


def test_a_reel_is_made_on_its_page_plays_and_becomes_its_history(page: Page, run: Watch) -> None:
    page.goto(f"{run.url}reels")
    evening = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="evening"))
    expect(evening).to_have_text(
        re.compile(r"^\s*evening\s+street · daily at 20:00 \(Europe/Berlin\) · next ")
    )
    evening.get_by_role("link").click()
    expect(page).to_have_url(f"{run.url}reels/evening")
    expect(page.get_by_role("heading", name="No reel yet")).to_be_visible()

    page.get_by_role("button", name="Make one now").click()
    expect(page.locator("#made a")).to_be_visible()
    expect(page.locator("#newer a")).to_be_visible()  # the event of the new reel has come, too
    page.locator("#made a").click()
    expect(page).to_have_url(f"{run.url}reels/evening?seq=1")
    plays(page.locator(".stage video"))
    shown = page.locator(".reels a")
    expect(shown).to_have_count(1)
    expect(shown).to_have_attribute("aria-current", "true")
    newest = [row for row in run.rows() if row["kind"] == "reel"]
    assert [(row["id"], row["seq"]) for row in newest] == [("evening", 1)]
    assert newest[0]["duration_s"] <= 8.1


def test_a_reel_of_a_time_is_made_on_the_page_of_a_name(page: Page, run: Watch) -> None:
    page.goto(f"{run.url}reels/hourly")
    in_a_minute = page.evaluate(
        "new Date(Date.now() + 60_000 - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16)"
    )
    page.get_by_label("To", exact=True).fill(in_a_minute)
    page.get_by_role("button", name="Make a reel of this time").click()
    page.get_by_role("link", name="Watch it").click()
    page.wait_for_url("**/reels/requested?*")
    expect(page.locator(".stage")).to_be_visible()


def test_home_shows_the_newest_reel_of_a_name(page: Page, run: Watch) -> None:
    until(lambda: any(row["kind"] == "reel" for row in run.rows()), "a reel")
    page.goto(run.url)
    expect(page.locator(".stage")).to_have_attribute("data-reel", re.compile("^(evening|hourly)$"))
