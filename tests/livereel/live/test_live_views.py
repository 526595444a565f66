"""Live views of a real camera: one connection for all viewers, none without, and each loses only its own."""

from __future__ import annotations

import io
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from base.backoff import Backoff
from livereel.camera.supervisor import RestartPolicy
from sinks.web.settings import WebSettings
from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_units, write_units_of
from tests.kit.program.live_run import Watch, until, watching
from tests.kit.web.viewer import Viewer, number_of, viewing

SERVED = WebSettings(port=0)
PATIENCE = RestartPolicy(open_s=15.0, stall_s=10.0, stop_s=2.0, backoff=Backoff((0.2, 0.5, 0.5)))
# A camera of some 50 Mbit/s, so that what may wait for a viewer is soon full.
SIZE, FPS = (640, 360), 25


def noise(path: Path) -> Path:
    """A second of pictures that hardly compress."""
    random = np.random.default_rng(1)
    with av.open(str(path), "w", format="mpegts") as out:
        options = {"preset": "ultrafast", "tune": "zerolatency", "qp": "8"}
        video = out.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(video, VideoStream)
        (video.width, video.height), video.pix_fmt = SIZE, "yuv420p"
        video.codec_context.gop_size = 5
        for _ in range(FPS):
            picture = random.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
            out.mux(video.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    folder = tmp_path_factory.mktemp("footage")
    quiet = write_units(folder / "front", Look(width_px=320, height_px=180, audio="pcma", gop=5))
    heavy = write_units_of(folder / "heavy", noise(folder / "noise.ts"))
    with rtsp_server({"/front": [quiet], "/heavy": [heavy]}) as running:
        yield running


@pytest.fixture(scope="module")
def run(server: RtspServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    cameras = {name: server.address(f"/{name}") for name in ("front", "heavy")}
    with watching(tmp_path_factory.mktemp("data"), cameras, restarts=PATIENCE, web=SERVED) as watch:
        yield watch


def pid_of(run: Watch, camera: str) -> int:
    until(lambda: run.live.cameras[camera].counts.frames > 0, f"a frame of {camera}")
    pid = run.live.cameras[camera].pid
    assert pid is not None
    return pid


def sockets(pid: int) -> int:
    """How many sockets the process has open."""
    links = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except OSError:  # closed in between
            continue
    return sum(link.startswith("socket:") for link in links)


def begins(viewer: Viewer) -> None:
    """Wait for video, and for motion."""
    viewer.until("K")
    viewer.event("motion")


def test_nothing_leaves_the_cameras_process_without_a_viewer(run: Watch) -> None:
    """It has a connection for each kind of data that is watched, and none for each viewer."""
    pid = pid_of(run, "front")
    alone = sockets(pid)
    with viewing(run.url, "front") as first:
        begins(first)
        assert sockets(pid) == alone + 2  # video and motion
        with viewing(run.url, "front") as second, viewing(run.url, "front", "?sound=1") as third:
            for viewer in (second, third):
                begins(viewer)
            third.until("A")
            assert sockets(pid) == alone + 3
        begins(first)
        until(lambda: sockets(pid) == alone + 2, "the end of the sound")
    until(lambda: sockets(pid) == alone, "the end of the connections")


def test_a_new_viewer_need_not_wait_for_a_key_packet(run: Watch) -> None:
    with viewing(run.url, "front") as first:
        first.until("K")
        first.until("V")
        with viewing(run.url, "front") as second:
            assert second.next()[0] == "S"
            tag, fragment = second.next()
            assert tag == "K"
            assert number_of(first.until("V")) > number_of(fragment)


def test_the_video_is_that_of_the_camera(run: Watch) -> None:
    with viewing(run.url, "front") as viewer:
        header = viewer.until("S").partition(b"\n")[2]
        fragments = [viewer.until("K"), *(viewer.until("V") for _ in range(4))]
    with av.open(io.BytesIO(header + b"".join(fragments)), "r") as container:
        frames = list(container.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [(320, 180)] * 5


def test_previews_are_pictures(run: Watch) -> None:
    with viewing(run.url, "front", "?picture=preview") as viewer:
        first, second = viewer.until("P"), viewer.until("P")
    assert first != second
    picture = cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (180, 320, 3)


def test_motion_comes_with_its_threshold_and_peaks(run: Watch) -> None:
    with viewing(run.url, "front") as viewer:
        times: list[str] = []
        peaks: list[list[object]] = []
        while not peaks or len(times) < 20:
            motion = viewer.event("motion")
            times += [at_utc for at_utc, _, _ in motion["samples"]]
            peaks += motion["peaks"]
            assert all(value >= 0 and threshold > 0 for _, value, threshold in motion["samples"])
    assert times == sorted(set(times))


def test_a_stalled_viewer_loses_only_its_own_data(run: Watch) -> None:
    """It gets as much as may wait, then how much it has lost, and goes on with a key fragment."""
    pid_of(run, "heavy")
    with viewing(run.url, "heavy", receive_bytes=4096) as stalled, viewing(run.url, "heavy") as reading:
        numbers: list[int] = []
        size = 0
        while size < 30_000_000:
            tag, content = reading.next()
            size += len(content)
            if tag in "KV":
                numbers.append(number_of(content))
        assert stalled.event("missed")["count"] > 0
        between = []
        while (message := stalled.next())[0] != "S":  # a player may have lost the header, too
            between.append(message[0])
        assert set(between) <= {"J"}, "video goes on with a key fragment"
        tag, content = stalled.next()
        assert tag == "K"
        assert number_of(content) > numbers[0]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the other viewer misses nothing"
    counts = run.live.cameras["heavy"].counts
    assert counts.skipped_packets == 0
    with urlopen(f"{run.url}metrics") as answer:  # noqa: S310  # of this machine
        metrics = answer.read().decode()
    lost = re.search(r'^livereel_sink{name="live_missed",sink="web"} (\S+)$', metrics, re.MULTILINE)
    assert lost is not None
    assert float(lost[1]) > 0, "what a viewer that has gone has lost counts, too"


def test_a_camera_whose_process_dies_is_away_and_returns(run: Watch) -> None:
    pid = pid_of(run, "front")
    with viewing(run.url, "front") as viewer:
        begins(viewer)
        os.kill(pid, signal.SIGKILL)
        viewer.event("away")
        assert b'"track": "video"' in viewer.until("S")
        begins(viewer)


def test_the_end_of_a_run_ends_the_views(server: RtspServer, tmp_path: Path) -> None:
    with watching(tmp_path, {"front": server.address("/front")}, web=SERVED) as watch:
        view = viewing(watch.url, "front")
        viewer = view.__enter__()
        begins(viewer)
    assert viewer.ends()
    view.__exit__(None, None, None)
