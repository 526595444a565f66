"""The pages of reels by their names in a real browser: what they show, and reels that are made there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from livereel.camera.settings import CameraSettings
from livereel.reels.settings import NamedReel
from sinks.web.settings import WebSettings
from tests.kit.films.footage import Look, write_file
from tests.kit.program.browser import CHROMIUM, Page, browser
from tests.kit.program.live_run import Watch, until, watching

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

REELS = (
    NamedReel("evening", at="20:00", timezone="Europe/Berlin", cameras=("street",), max_duration_s=8.0),
    NamedReel("hourly", every_s=3600.0),
)
MADE = "document.querySelector('#made a') !== null"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A live run of one camera with two reels, in which something has happened."""
    folder = tmp_path_factory.mktemp("run")
    film = write_file(folder / "film.mp4", Look(width_px=320, height_px=240, round_s=2, moving_s=1.5))
    street = CameraSettings("street", str(film), loop=True)
    with watching(folder / "data", {"street": street}, reels=REELS, web=WebSettings(port=0)) as watch:
        until(lambda: any(row["outcome"] == "described" for row in watch.windows("street")), "a moment")
        yield watch


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """A page that meets no problem, and asks no other host."""
    window.problems.clear()
    window.requests.clear()
    yield window
    window.call("Page.navigate", url="about:blank")
    assert window.problems == []
    assert {urlsplit(url).hostname for url in window.requests} == {"127.0.0.1"}


def shown(page: Page, selector: str) -> str:
    found: str = page.evaluate(f"document.querySelector('{selector}').innerText")
    return " ".join(found.split())


def test_a_reel_is_made_on_its_page_plays_and_becomes_its_history(page: Page, run: Watch) -> None:
    page.open(f"{run.url}reels")
    assert shown(page, ".names").startswith("evening street · daily at 20:00 (Europe/Berlin) · next ")
    page.click(".names a[href$='/reels/evening']")
    page.wait("location.pathname === '/reels/evening' && document.readyState === 'complete'")
    assert shown(page, "#main .stage, #main .card h2") == "No reel yet"

    page.click("#make-now button")
    page.wait(MADE)
    page.wait("document.querySelector('#newer a') !== null")  # the event of the new reel has come, too
    page.click("#made a")
    page.wait("location.search === '?seq=1' && document.querySelector('.stage video')?.readyState > 1")
    page.evaluate("document.querySelector('video').muted = true; document.querySelector('video').play()")
    page.wait("document.querySelector('video').currentTime > 0.2")
    assert page.evaluate("document.querySelectorAll('.reels li').length") == 1
    assert page.evaluate("document.querySelector('.reels a').ariaCurrent") == "true"
    newest = [row for row in run.rows() if row["kind"] == "reel"]
    assert [(row["id"], row["seq"]) for row in newest] == [("evening", 1)]
    assert newest[0]["duration_s"] <= 8.1


def test_a_reel_of_a_time_is_made_on_the_page_of_a_name(page: Page, run: Watch) -> None:
    page.open(f"{run.url}reels/hourly")
    page.evaluate(
        "const until = document.querySelector('#make-period').elements.until;"
        "until.value = localInputOf(Date.now() + 60_000);"
        "function localInputOf(ms) {"
        "  return new Date(ms - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);"
        "}"
    )
    page.click("#make-period button")
    page.wait(MADE)
    page.click("#made a")
    page.wait("location.pathname === '/reels/requested' && document.querySelector('.stage') !== null")


def test_home_shows_the_newest_reel_of_a_name(page: Page, run: Watch) -> None:
    until(lambda: any(row["kind"] == "reel" for row in run.rows()), "a reel")
    page.open(run.url)
    assert page.evaluate("document.querySelector('.stage').dataset.reel") in {"evening", "hourly"}
