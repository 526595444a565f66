"""Live sources of every kind: their windows and events agree with the clock on the wall."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from analyzer.reel.records import Gap
from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from base.clock import parse_utc
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips
from stream.open import POLL_S, open_source
from stream.threaded import ThreadedSource
from tests.kit.cameras import senders
from tests.kit.cameras.pages import Page, pages
from tests.kit.cameras.rtsp import free_port
from tests.kit.films.scene import scene
from tests.kit.records.keyframe_files import snapshot

# The block crosses once.
EVENT = (26.0, 29.0)
LENGTH_S = 32.0
SETTINGS = WindowSettings(window_s=5.0, keyframe_px=160)
BY_ARRIVAL = "its stream has no timestamps: frames are timed by their arrival"


@dataclass(frozen=True)
class Watched:
    """What was seen of a camera that began to send at ``begun``."""

    windows: list[Window]
    gaps: list[Gap]
    warning: str | None
    begun: datetime
    late_s: list[float]  # how long after its end each window but the last was closed

    def since_begin_s(self, utc: str) -> float:
        return (parse_utc(utc) - self.begun).total_seconds()

    @property
    def peaks_s(self) -> list[float]:
        """Wall times of all peaks since the camera began."""
        return [
            self.since_begin_s(window.start_utc) + peak.pts_s - window.start_s
            for window in self.windows
            for peak in window.peaks
        ]


def watch(camera: AbstractContextManager[str], folder: Path) -> Watched:
    """Watch for LENGTH_S from the connection on, as a camera's process does."""
    begun = datetime.now(UTC)
    with camera as address, closing(ThreadedSource(open_source(address))) as source:
        clips = BufferClips(source, folder, SETTINGS.window_s)
        capture = Capture(source, "front", SETTINGS, clips, folder / "keyframes", arrivals=source)
        left_s = (begun + timedelta(seconds=LENGTH_S) - datetime.now(UTC)).total_seconds()
        timer = threading.Timer(left_s, source.stop)
        timer.start()
        seen = [(it, datetime.now(UTC)) for it in capture.windows()]
        timer.cancel()
    windows = [(it, at) for it, at in seen if isinstance(it, Window)]
    late_s = [(at - parse_utc(it.start_utc)).total_seconds() - SETTINGS.window_s for it, at in windows[:-1]]
    gaps = [it for it, _ in seen if isinstance(it, Gap)]
    return Watched([it for it, _ in windows], gaps, source.warning, begun, late_s)


def _cameras(folder: Path) -> dict[str, AbstractContextManager[str]]:
    """One camera of each kind."""
    seconds = LENGTH_S + 3
    jpeg = scene(
        folder / "jpeg.mkv", seconds=seconds, events=[EVENT], fps=5, codec="mjpeg", pixel_format="yuvj420p"
    )
    h264 = scene(folder / "film.h264", seconds=seconds, events=[EVENT], fps=10, container="h264")
    film = scene(folder / "film.mp4", seconds=seconds, events=[EVENT], fps=10)
    bare, right = senders.bare(h264, 10), senders.transport_stream(film, 1.0)
    fast, slow = senders.transport_stream(film, 1.1), senders.transport_stream(film, 0.9)
    return {
        "jpeg": senders.over_http(senders.multipart(jpeg, 5), senders.MULTIPART),
        "bare": senders.over_tcp(bare),
        "bare with a jam": senders.over_http(senders.in_bursts(bare, jam=(15.0, 19.0)), "video/h264"),
        "fast": senders.over_http(fast, "video/mp2t"),
        "slow": senders.over_udp(slow, free_port()),
        "right with a jam": senders.over_http(senders.in_bursts(right, jam=(15.0, 19.0)), "video/mp2t"),
        "a frame each 7 s": senders.over_http(senders.multipart(jpeg, 1 / 7)[:6], senders.MULTIPART),
        "a single picture": _snapshots(),
        "right with a burst": senders.over_http(senders.in_bursts(right, stored_s=2.0), "video/mp2t"),
    }


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Watched]:
    """What was seen of them all, side by side."""
    folder = tmp_path_factory.mktemp("cameras")
    cameras = _cameras(folder)
    with ThreadPoolExecutor(len(cameras)) as together:
        seen = {kind: together.submit(watch, it, folder / kind) for kind, it in cameras.items()}
        return {kind: future.result() for kind, future in seen.items()}


@contextmanager
def _snapshots() -> Iterator[str]:
    """The address of a picture on which the block moves on all the time while the event lasts."""
    begun_s, ended = time.monotonic(), threading.Event()

    def move() -> None:
        while not ended.wait(0.2):
            way = (time.monotonic() - begun_s - EVENT[0]) / (EVENT[1] - EVENT[0])
            picture = snapshot(at=min(1.0, max(0.0, way)))
            server.pages["/snap.jpg"] = Page(picture, "image/jpeg")

    with pages(snap_jpg=Page(snapshot(), "image/jpeg")) as server:
        mover = threading.Thread(target=move)
        mover.start()
        yield server.address("/snap.jpg")
        ended.set()
        mover.join()


def test_a_single_picture_that_is_polled_is_a_camera_like_any_other(watched: Mapping[str, Watched]) -> None:
    seen = watched["a single picture"]
    assert not seen.gaps
    assert {window.epoch for window in seen.windows} == {0}
    assert sum(it.end_s - it.start_s for it in seen.windows) == pytest.approx(LENGTH_S, abs=2.5)
    assert max(seen.late_s) < 2 * POLL_S, "no window waits for the picture after the next"
    assert seen.peaks_s, "the block has moved"
    assert all(EVENT[0] <= at_s <= EVENT[1] + POLL_S + 0.5 for at_s in seen.peaks_s), seen.peaks_s
    assert any(window.clip is not None for window in seen.windows)
    assert seen.warning == "a single picture is served there: it is fetched each 2 s"


def test_a_camera_of_a_frame_each_seven_seconds_has_not_stalled(watched: Mapping[str, Watched]) -> None:
    seen = watched["a frame each 7 s"]
    assert not seen.gaps
    assert {window.epoch for window in seen.windows} == {0}
    assert sum(it.end_s - it.start_s for it in seen.windows) == pytest.approx(28.0, abs=4.0)


def test_a_slow_cameras_windows_are_closed_on_time(watched: Mapping[str, Watched]) -> None:
    """From the third frame on its pace is known."""
    assert max(watched["a frame each 7 s"].late_s[3:]) < 4.0, "none waits for the next frame"


KINDS = ["jpeg", "bare", "bare with a jam", "fast", "slow", "right with a jam"]


@pytest.mark.parametrize("kind", KINDS)
def test_windows_last_as_long_as_they_last_on_the_wall(kind: str, watched: Mapping[str, Watched]) -> None:
    seen = watched[kind]
    assert not seen.gaps
    assert {window.epoch for window in seen.windows} == {0}
    last = seen.windows[-1]
    assert seen.since_begin_s(last.start_utc) + last.end_s - last.start_s == pytest.approx(LENGTH_S, abs=1.0)
    assert sum(it.end_s - it.start_s for it in seen.windows) == pytest.approx(LENGTH_S, abs=1.5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_reported_when_it_happened(kind: str, watched: Mapping[str, Watched]) -> None:
    peaks_s = watched[kind].peaks_s
    assert all(EVENT[0] - 0.7 < at_s < EVENT[1] + 0.7 for at_s in peaks_s), peaks_s
    assert max(peaks_s) - min(peaks_s) > 1.0, "the block moves for three seconds"


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_plays_at_the_true_speed(kind: str, watched: Mapping[str, Watched]) -> None:
    shown = [window for window in watched[kind].windows if window.clip is not None]
    assert shown
    for window in shown:
        assert window.clip is not None
        with av.open(window.clip.path) as clip:
            length_s = (clip.duration or 0) / av.time_base
        assert length_s == pytest.approx(window.end_s - window.clip.file_start_s, abs=0.5)


@pytest.mark.parametrize(
    ("kind", "warning"),
    [
        ("jpeg", BY_ARRIVAL),
        ("bare", BY_ARRIVAL),
        ("fast", "its clock runs 10.0 % fast: times are corrected by the arrival of its frames"),
        ("slow", "its clock runs 10.0 % slow: times are corrected by the arrival of its frames"),
        ("right with a jam", None),
        ("right with a burst", None),
    ],
)
def test_wrong_times_of_a_stream_are_a_warning(
    kind: str, warning: str | None, watched: Mapping[str, Watched]
) -> None:
    said = watched[kind].warning
    if warning is None:
        assert said is None
    else:
        assert said is not None
        assert re.sub(r"\d+\.\d %", "10.0 %", said) == warning
