"""The pages in a real browser, of a live run of synthetic cameras."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from base.backoff import Backoff
from livereel.camera.supervisor import RestartPolicy
from sinks.web.settings import WebSettings
from tests.kit.program.live_run import LONG_S, Watch, until, watching
from tests.kit.web.chromium import expected_problem, plays, wait_for, wait_until
from tests.kit.web.site import TOKEN, serving

SERVED = WebSettings(port=0)
STREET = "synthetic://street?seed=7&size=320x180&fps=8&groups_per_minute=2"
# A camera that is slow is no camera that is away.
PATIENCE = RestartPolicy(open_s=LONG_S, stall_s=LONG_S, stop_s=2.0, backoff=Backoff((0.2, 0.5, 0.5)))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A live run of two cameras that has made a reel."""
    cameras = {"street": STREET, "field": STREET.replace("street", "field")}
    with watching(tmp_path_factory.mktemp("data"), cameras, restarts=PATIENCE, web=SERVED) as watch:
        until(lambda: len(watch.described()) > 2, "moments")
        with closing(HTTPConnection(urlsplit(watch.url).netloc, timeout=LONG_S)) as connection:
            connection.request("POST", "/api/reels", b'{"name": "all"}')
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
        yield watch


def test_a_sentence_seeks_the_video_to_its_second(page: Page, run: Watch) -> None:
    page.goto(run.url)
    video, sentence = page.locator(".stage video"), page.locator(".story a[data-start]").last
    start_s, end_s = (float(sentence.get_attribute(f"data-{it}") or "nan") for it in ("start", "end"))
    wait_for(video, "(it) => it.readyState > 0")
    video.evaluate("(it) => { it.playbackRate = 0.1; }")  # or a slow machine misses the sentence
    sentence.click()
    wait_for(video, f"(it) => it.currentTime >= {start_s}")
    expect(sentence).to_have_attribute("aria-current", "true")
    assert start_s <= video.evaluate("(it) => { it.pause(); return it.currentTime; }") <= end_s + 0.1


def test_a_reel_of_the_time_since_the_last_visit_is_made_and_plays(page: Page, run: Watch) -> None:
    page.goto(run.url)
    expect(page.locator("#since-count")).to_have_text(re.compile("^[0-9]+ moments? since"))
    page.get_by_role("button", name="Make a reel of it").click()
    page.get_by_role("link", name="Watch it").click()
    page.wait_for_url("**/reels/requested?seq=*")
    plays(page.locator("video"))


def test_search_finds_a_moment_that_has_just_been_described(page: Page, run: Watch) -> None:
    described = run.described()
    until(lambda: len(run.described()) > len(described), "another moment")
    title = run.described()[-1]["title"]
    page.goto(f"{run.url}timeline")
    page.get_by_label("Words").fill(json.dumps(title))
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/timeline?q=*")
    expect(page.locator(".moments h3").filter(has_text=title)).not_to_have_count(0)
    page.goto(f"{run.url}timeline?q=tyrannosaurus")
    expect(page.locator(".moments")).to_have_text("No moment matches.")


def test_a_moment_opens_its_clip_a_second_before_its_strongest_keyframe(page: Page, run: Watch) -> None:
    page.goto(f"{run.url}timeline")
    link, clip = page.locator("a[data-peak]").first, page.locator("#clip video")
    title = page.locator(".card:has(a[data-peak]) h3").first.inner_text()
    moment_id = (link.get_attribute("href") or "").rpartition("/")[2].removesuffix(".mp4")
    link.click()
    expect(page.get_by_role("dialog", name="Clip").get_by_role("heading")).to_have_text(title)
    wait_for(clip, "(it) => it.readyState > 1")
    row = page.request.get(f"{run.url}api/moments/{moment_id}").json()
    strongest = row["keyframes"][row["strongest"]]["pts_s"]
    start_s = float(page.request.head(f"{run.url}media/clips/{moment_id}.mp4").headers["x-start-s"])
    assert clip.evaluate("(it) => it.currentTime") >= max(0.0, strongest - start_s - 1 - 0.05)


def test_the_first_key_leads_to_the_content(page: Page, run: Watch) -> None:
    page.goto(run.url)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_have_attribute("href", "#main")


def test_motion_is_drawn_as_windows_close(page: Page, run: Watch) -> None:
    page.goto(f"{run.url}cameras/street")
    wait_for(
        page.locator("#chart"), "(it) => it.width > 300 && it.toDataURL() !== it.cloneNode().toDataURL()"
    )
    expect(page.locator("#newest li")).not_to_have_count(0)


def test_a_camera_that_dies_is_shown_so_and_returns(page: Page, run: Watch) -> None:
    page.goto(run.url)
    camera = page.locator(".cameras [data-camera=street]")
    expect(camera).to_have_attribute("data-state", "watching")
    camera.evaluate(
        "(it) => { window.states = []; new MutationObserver(() => states.push(it.dataset.state))"
        ".observe(it, {attributes: true}); }"
    )
    pid = run.live.cameras["street"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(page, "() => states.includes('waiting')")
    wait_until(page, "() => states.slice(states.indexOf('waiting')).includes('watching')")


def test_a_person_logs_in(tmp_path: Path, page: Page, problems: list[str]) -> None:
    with serving(tmp_path, WebSettings(port=0, token=TOKEN)) as site:
        page.goto(site.sink.url)
        expect(page).to_have_url(f"{site.sink.url}login")
        with expected_problem(page, problems, "403"):
            page.get_by_label("Token").fill("not the token")
            page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("is not the token")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Since you left")).to_be_visible()
        assert TOKEN not in page.content() + page.evaluate("document.cookie")
        page.goto("about:blank")
