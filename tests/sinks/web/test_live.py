"""The live picture of a real camera in a real browser: it plays, moves, goes away and returns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from livereel.camera.supervisor import RestartPolicy
from sinks.events import CameraStatus
from sinks.web.settings import WebSettings
from tests.kit.cameras.faults import camera_frozen, camera_vanishes
from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_units
from tests.kit.program.browser import CHROMIUM, Page, browser
from tests.kit.program.live_run import Watch, watching
from tests.kit.web.site import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

SERVED = WebSettings(port=0)
# A camera that hangs is given up long after its page has noticed.
PATIENCE = RestartPolicy(open_s=15.0, stall_s=60.0, stop_s=2.0, delays_s=(0.2, 0.5, 0.5))
STATE = "document.querySelector('#live').dataset.live"
VIDEO = "document.querySelector('#live video')"
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
    with watching(tmp_path_factory.mktemp("data"), cameras, patience=PATIENCE, web=SERVED) as watch:
        yield watch


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    with browser() as page:
        yield page


@contextmanager
def shown(window: Page, run: Watch, camera: str, state: str = "live") -> Iterator[Page]:
    """The camera's page, once it is in that state; it must meet no problem and ask no other host."""
    window.problems.clear()
    window.requests.clear()
    window.open(f"{run.url}cameras/{camera}")
    window.wait(f"{STATE} === {json.dumps(state)}")
    yield window
    window.open("about:blank")
    assert window.problems == []
    assert {urlsplit(url).hostname for url in window.requests} <= {"127.0.0.1", None}


def changes(page: Page, selector: str, width: int = 64) -> None:
    """Wait until another picture is shown there."""
    pixels = f"{PIXELS}(document.querySelector({json.dumps(selector)}), {width})"
    page.evaluate(f"window.before = {pixels}")
    page.wait(f"window.before !== {pixels}")


def test_the_video_plays_and_its_picture_changes(window: Page, run: Watch) -> None:
    with shown(window, run, "front") as page:
        at_s = page.evaluate(f"{VIDEO}.currentTime")
        page.wait(f"{VIDEO}.currentTime > {at_s} + 1")
        changes(page, "#live video")
        assert page.evaluate(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]") == [320, 180]
        assert page.evaluate(
            "/^[0-9.]+ s behind$/.test(document.querySelector('[data-live-lag]').textContent)"
        )


def test_the_chart_moves(window: Page, run: Watch) -> None:
    with shown(window, run, "front") as page:
        for _ in range(3):
            changes(page, "#chart", 512)


def test_sound_is_played_when_it_is_asked_for(window: Page, run: Watch) -> None:
    with shown(window, run, "front") as page:
        button = "document.querySelector('#live button')"
        assert page.evaluate(f"[{button}.textContent, {button}.ariaPressed, {VIDEO}.muted]") == [
            "Sound on",
            "false",
            True,
        ]
        page.evaluate(f"{button}.focus()")
        page.press("Enter")
        page.wait(f"{button}.textContent === 'Mute' && {VIDEO}.webkitAudioDecodedByteCount > 2000")
        page.wait(f"{STATE} === 'live' && !{VIDEO}.paused")
        assert page.evaluate(f"[{button}.ariaPressed, {VIDEO}.muted]") == ["true", False]
        page.press("Enter")
        page.wait(f"{button}.textContent === 'Sound on' && {VIDEO}.muted && {STATE} === 'live'")


def test_a_codec_that_the_browser_does_not_play_is_shown_as_previews(window: Page, run: Watch) -> None:
    with shown(window, run, "yard", "preview") as page:
        assert page.evaluate("document.querySelector('[data-live-state]').textContent") == (
            "This browser does not play the camera's video: two pictures a second."
        )
        assert page.evaluate(f"{VIDEO}.hidden && document.querySelector('#live button').disabled")
        changes(page, "#live canvas")
        changes(page, "#chart", 512)


def test_a_camera_that_hangs_is_shown_as_away_before_it_is_given_up(
    window: Page, run: Watch, server: RtspServer
) -> None:
    with shown(window, run, "front") as page:
        with camera_frozen(server):
            page.wait(f"{STATE} === 'away'")
            assert run.live.cameras["front"].state == CameraStatus.WATCHING
        page.wait(f"{STATE} === 'live'")
        changes(page, "#live video")


def test_a_camera_that_goes_away_is_shown_so_and_returns(
    window: Page, run: Watch, server: RtspServer
) -> None:
    with shown(window, run, "front") as page:
        with camera_vanishes(server):
            page.wait(f"{STATE} === 'away'")
            page.wait("document.querySelector('[data-live-state]').textContent === 'The camera is away.'")
        page.wait(f"{STATE} === 'live'")
        changes(page, "#live video")
        changes(page, "#chart", 512)


def test_a_page_that_is_hidden_is_sent_nothing(window: Page, run: Watch) -> None:
    """And it plays again when it is looked at."""
    with shown(window, run, "front") as page:
        page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        page.wait(f"{VIDEO}.readyState === 0 && !{VIDEO}.hasAttribute('src')")
        page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        page.wait(f"{VIDEO}.readyState > 1")
        changes(page, "#live video")


def test_a_wrong_view_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        assert site.get("/api/cameras/nobody/live").status == 404
        answer = site.get("/api/cameras/front/live?picture=gif")
        assert (answer.status, answer.json()) == (400, {"error": "picture: expected video or preview"})
