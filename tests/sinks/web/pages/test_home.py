"""The pages in a real browser: a live run of synthetic cameras, and a ledger of hostile text."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Keyframe, Outcome
from livereel.ledger.records import PENDING
from sinks.events import CameraState, CameraStatus
from sinks.web.settings import WebSettings
from tests.kit.program.browser import CHROMIUM, BrowserError, Page, browser
from tests.kit.program.live_run import Watch, until, watching
from tests.kit.records.events import moment_now, now_utc, reel_in
from tests.kit.records.events import watching as seen
from tests.kit.records.keyframe_files import snapshot
from tests.kit.web.site import TOKEN, Site, serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

SERVED = WebSettings(port=0)
STREET = "synthetic://street?seed=7&size=320x180&groups_per_minute=2"
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}<b>bold</b>"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A live run of two cameras that has made a reel."""
    cameras = {"street": STREET, "field": STREET.replace("street", "field")}
    with watching(tmp_path_factory.mktemp("data"), cameras, reels_every_s=3.0, web=SERVED) as watch:
        until(lambda: any(row["kind"] == "reel" and row["id"] == "all" for row in watch.rows()), "a reel")
        yield watch


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    """A page without cookies; that it meets no problem and asks no other host is part of every test."""
    window.call("Network.clearBrowserCookies")
    window.problems.clear()
    window.requests.clear()
    yield window
    window.call("Page.navigate", url="about:blank")
    assert window.problems == []
    assert {urlsplit(url).hostname for url in window.requests} == {"127.0.0.1"}


def text(page: Page, selector: str) -> str:
    found: str = page.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")
    return found


def page_text(page: Page) -> str:
    """All that is shown; empty while the browser changes pages."""
    try:
        shown: str = page.evaluate("document.body?.textContent ?? ''")
    except BrowserError:
        return ""
    return shown


def test_a_sentence_seeks_the_video_to_its_second(page: Page, run: Watch) -> None:
    page.open(run.url)
    starts = page.evaluate(
        "[...document.querySelectorAll('.story a[data-start]')].map((it) => +it.dataset.start)"
    )
    last = len(starts) - 1
    page.wait("document.querySelector('.stage video').readyState > 0")
    page.click(f".story li:nth-child({last + 1}) a")
    page.wait(f"document.querySelector('.stage video').currentTime >= {starts[last]}")
    page.wait(f"document.querySelector('.story li:nth-child({last + 1}) a').ariaCurrent === 'true'")
    page.evaluate("document.querySelector('.stage video').pause()")
    end = page.evaluate("+[...document.querySelectorAll('.story a[data-end]')].at(-1).dataset.end")
    assert starts[last] <= page.evaluate("document.querySelector('.stage video').currentTime") <= end + 0.1


def test_a_reel_of_the_time_since_the_last_visit_is_made_and_plays(page: Page, run: Watch) -> None:
    page.open(run.url)
    page.wait("/^[0-9]+ moments? since/.test(document.querySelector('#since-count').textContent)")
    page.click("#since-form button")
    page.wait("document.querySelector('#since-made a') !== null")
    page.click("#since-made a")
    page.wait("location.pathname === '/reels/requested'")
    page.wait("document.readyState === 'complete' && document.querySelector('video').readyState > 1")
    page.evaluate("document.querySelector('video').muted = true; document.querySelector('video').play()")
    page.wait("document.querySelector('video').currentTime > 0.2")


def test_search_finds_a_moment(page: Page, run: Watch) -> None:
    title = next(row["title"] for row in reversed(run.rows()) if row.get("outcome") == "described")
    page.open(f"{run.url}timeline?q={quote(json.dumps(title))}")
    assert title in page.evaluate("[...document.querySelectorAll('.moments h3')].map((it) => it.textContent)")
    page.open(f"{run.url}timeline?q=tyrannosaurus")
    assert text(page, ".moments").strip() == "No moment matches."


def test_a_moment_opens_its_clip_a_second_before_its_strongest_keyframe(page: Page, run: Watch) -> None:
    page.open(f"{run.url}timeline")
    page.wait("document.querySelectorAll('#strips svg').length === 2")  # they push down what follows
    moment_id = page.evaluate(
        "document.querySelector('a[data-peak]').pathname.split('/').at(-1).replace('.mp4', '')"
    )
    page.click("a[data-peak]")
    page.wait("document.querySelector('#clip').open && document.querySelector('#clip video').readyState > 1")
    row = page.evaluate(f"fetch('/api/moments/{moment_id}').then((answer) => answer.json())")
    strongest = row["keyframes"][row["strongest"]]["pts_s"]
    start_s = page.evaluate(
        f"fetch('/media/clips/{moment_id}.mp4', {{method: 'HEAD'}})"
        ".then((it) => +it.headers.get('X-Start-S'))"
    )
    assert page.evaluate("document.querySelector('#clip video').currentTime") >= max(
        0.0, strongest - start_s - 1 - 0.05
    )


def test_the_first_key_leads_to_the_content(page: Page, run: Watch) -> None:
    page.open(run.url)
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert page.evaluate("document.activeElement.hash") == "#main"


def test_motion_is_drawn_as_windows_close(page: Page, run: Watch) -> None:
    page.open(f"{run.url}cameras/street")
    drawn = (
        "(() => { const it = document.querySelector('#chart'); const blank = it.cloneNode();"
        " return it.width > 300 && it.toDataURL() !== blank.toDataURL(); })()"
    )
    page.wait(drawn)
    page.wait("document.querySelectorAll('#newest li').length > 0")


def test_a_camera_that_dies_is_shown_so_and_returns(page: Page, tmp_path: Path) -> None:
    with watching(tmp_path, {"street": STREET}, web=SERVED) as watch:
        page.open(watch.url)
        state = "document.querySelector('.cameras [data-camera=street]').dataset.state"
        page.wait(f"{state} === 'watching'")
        page.evaluate(
            "window.states = []; new MutationObserver(() => states.push("
            f"{state})).observe(document.querySelector('.cameras [data-camera]'), {{attributes: true}})"
        )
        pid = watch.live.cameras["street"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        page.wait("states.includes('waiting')")
        page.wait("states.slice(states.indexOf('waiting')).includes('watching')")
        page.open("about:blank")


# Hostile text


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Site]:
    """A site all of whose texts try to be markup."""
    with serving(tmp_path) as site:
        picture = tmp_path / "one.jpg"
        picture.write_bytes(snapshot())
        told = moment_now(0)
        frame = replace(told.window, keyframes=(Keyframe(1.0, 9.0, picture),))
        told = replace(
            told, window=frame, title=HOSTILE, text=HOSTILE, tags=(HOSTILE,), alerts=(HOSTILE,), model=HOSTILE
        )
        site.ledger.windows.add(told.window, PENDING)
        site.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
        reel = reel_in(tmp_path)
        chapter = replace(reel.chapters[0], moment=told, sentence=HOSTILE)
        gap = Gap("front", now_utc(50), now_utc(40), GapReason.SOURCE_DOWN)
        site.ledger.reels.add(
            replace(reel, title=HOSTILE, narrative=HOSTILE, chapters=(chapter,), gaps=(gap,))
        )
        site.take(CameraState("yard-2", CameraStatus.WAITING, HOSTILE, now_utc()), seen(), told)
        yield site


@pytest.mark.parametrize("path", ["", "timeline", "reels", "reels/front", "cameras/front", "cameras/yard-2"])
def test_hostile_text_stays_text(path: str, hostile: Site, window: Page) -> None:
    window.open(hostile.sink.url + path)
    shown = "document.body.textContent.replace(/\\s+/g, ' ')"
    window.wait(f"{shown}.includes({json.dumps(HOSTILE)})")
    hostile.take(replace(moment_now(1), title=HOSTILE))
    hostile.take(CameraState("front", CameraStatus.WAITING, HOSTILE, now_utc()))
    window.evaluate("new Promise((done) => setTimeout(done, 300))")
    assert (
        window.evaluate("document.querySelectorAll('[onerror], main b > b, p b, h3 b, img[src=x]').length")
        == 0
    )
    assert not [problem for problem in window.problems if "alert" in problem.lower()]
    window.call("Page.navigate", url="about:blank")


def test_a_person_logs_in(tmp_path: Path, page: Page) -> None:
    with serving(tmp_path, WebSettings(port=0, token=TOKEN)) as site:
        page.open(site.sink.url)
        assert page.evaluate("location.pathname") == "/login"
        page.evaluate("document.querySelector('[name=token]').focus()")
        page.call("Input.insertText", text="not the token")
        page.press("Enter")
        until(lambda: "is not the token" in page_text(page), "the refusal")
        page.evaluate("new Promise((done) => setTimeout(done, 300))")
        assert [problem for problem in page.problems if "403" not in problem] == []
        page.problems.clear()  # the refused login, as the browser notes it
        page.evaluate("document.querySelector('[name=token]').focus()")
        page.call("Input.insertText", text=TOKEN)
        page.press("Enter")
        until(lambda: "Since you left" in page_text(page), "the home page")
        assert TOKEN not in page.evaluate("document.documentElement.outerHTML + document.cookie")
        page.wait("document.readyState === 'complete'")
        page.open("about:blank")
