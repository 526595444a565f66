"""The live picture of a real camera in a real browser: it plays, moves, goes away and returns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from base.backoff import Backoff
from livereel.camera.supervisor import RestartPolicy
from sinks.events import CameraStatus
from sinks.web.settings import WebSettings
from tests.kit.cameras.faults import camera_frozen, camera_vanishes
from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_units
from tests.kit.program.live_run import Watch, watching
from tests.kit.web.chromium import wait_for
from tests.kit.web.site import serving

SERVED = WebSettings(port=0)
# A camera that hangs is given up long after its page has noticed.
PATIENCE = RestartPolicy(open_s=15.0, stall_s=60.0, stop_s=2.0, backoff=Backoff((0.2, 0.5, 0.5)))
PIXELS = """((shown, width) => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [width, 36];
  const pen = copy.getContext("2d");
  pen.drawImage(shown, 0, 0, width, 36);
  return [...pen.getImageData(0, 0, width, 36).data].join();
})"""


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("footage")
    looks = {
        "front": Look(width_px=320, height_px=180, round_s=2, audio="pcma"),
        "yard": Look(width_px=320, height_px=180, round_s=2, video="hevc"),
    }
    return {name: write_units(folder / name, look) for name, look in looks.items()}


@pytest.fixture(scope="module")
def server(footage: dict[str, Path]) -> Iterator[RtspServer]:
    with rtsp_server({f"/{name}": [folder] for name, folder in footage.items()}) as running:
        yield running


@pytest.fixture(scope="module")
def run(server: RtspServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """``front`` sends H.264 and G.711, ``yard`` H.265."""
    cameras = {name: server.address(f"/{name}") for name in ("front", "yard")}
    with watching(tmp_path_factory.mktemp("data"), cameras, restarts=PATIENCE, web=SERVED) as watch:
        yield watch


@contextmanager
def shown(page: Page, run: Watch, camera: str, state: str = "live") -> Iterator[Locator]:
    """What the camera's page shows live, once it is in that state."""
    page.goto(f"{run.url}cameras/{camera}")
    live = page.locator("#live")
    expect(live).to_have_attribute("data-live", state)
    yield live
    page.goto("about:blank")


def changes(picture: Locator, width: int = 64) -> None:
    """Wait until another picture is shown there."""
    picture.evaluate(f"(it) => {{ window.before = {PIXELS}(it, {width}); }}")
    wait_for(picture, f"(it) => window.before !== {PIXELS}(it, {width})")


def test_the_video_plays_and_its_picture_changes(page: Page, run: Watch) -> None:
    with shown(page, run, "front") as live:
        video = live.locator("video")
        at_s = video.evaluate("(it) => it.currentTime")
        wait_for(video, f"(it) => it.currentTime > {at_s} + 1")
        changes(video)
        assert video.evaluate("(it) => [it.videoWidth, it.videoHeight]") == [320, 180]
        expect(page.locator("[data-live-lag]")).to_have_text(re.compile("^[0-9.]+ s behind$"))


def test_the_chart_moves(page: Page, run: Watch) -> None:
    with shown(page, run, "front"):
        for _ in range(3):
            changes(page.locator("#chart"), 512)


def test_sound_is_played_when_it_is_asked_for(page: Page, run: Watch) -> None:
    with shown(page, run, "front") as live:
        video, button = live.locator("video"), live.get_by_role("button")
        expect(button).to_have_text("Sound on")
        expect(button).to_have_attribute("aria-pressed", "false")
        assert video.evaluate("(it) => it.muted")
        button.press("Enter")
        expect(button).to_have_text("Mute")
        wait_for(video, "(it) => it.webkitAudioDecodedByteCount > 2000")
        expect(live).to_have_attribute("data-live", "live")
        wait_for(video, "(it) => !it.paused")
        expect(button).to_have_attribute("aria-pressed", "true")
        assert not video.evaluate("(it) => it.muted")
        page.keyboard.press("Enter")
        expect(button).to_have_text("Sound on")
        wait_for(video, "(it) => it.muted")
        expect(live).to_have_attribute("data-live", "live")


def test_a_codec_that_the_browser_does_not_play_is_shown_as_previews(page: Page, run: Watch) -> None:
    with shown(page, run, "yard", "preview") as live:
        expect(live.locator("[data-live-state]")).to_have_text(
            "This browser does not play the camera's video: two pictures a second."
        )
        expect(live.locator("video")).to_be_hidden()
        expect(live.get_by_role("button")).to_be_disabled()
        changes(live.locator("canvas"))
        changes(page.locator("#chart"), 512)


def test_a_camera_that_hangs_is_shown_as_away_before_it_is_given_up(
    page: Page, run: Watch, server: RtspServer
) -> None:
    with shown(page, run, "front") as live:
        with camera_frozen(server):
            expect(live).to_have_attribute("data-live", "away")
            assert run.live.cameras["front"].state == CameraStatus.WATCHING
        expect(live).to_have_attribute("data-live", "live")
        changes(live.locator("video"))


def test_a_camera_that_goes_away_is_shown_so_and_returns(page: Page, run: Watch, server: RtspServer) -> None:
    with shown(page, run, "front") as live:
        with camera_vanishes(server):
            expect(live).to_have_attribute("data-live", "away")
            expect(live.locator("[data-live-state]")).to_have_text("The camera is away.")
        expect(live).to_have_attribute("data-live", "live")
        changes(live.locator("video"))
        changes(page.locator("#chart"), 512)


def test_a_page_that_is_hidden_is_sent_nothing(page: Page, run: Watch) -> None:
    """And it plays again when it is looked at."""
    with shown(page, run, "front") as live:
        video = live.locator("video")
        page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        wait_for(video, "(it) => it.readyState === 0 && !it.hasAttribute('src')")
        page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        wait_for(video, "(it) => it.readyState > 1")
        changes(video)


def test_a_wrong_view_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        assert site.get("/api/cameras/nobody/live").status == 404
        answer = site.get("/api/cameras/front/live?picture=gif")
        assert (answer.status, answer.json()) == (400, {"error": "picture: expected video or preview"})
