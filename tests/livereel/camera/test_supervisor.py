"""One camera kept watched: tried again, left, refused and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from analyzer.reel.records import GapReason
from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from base.backoff import Backoff
from livereel.camera.process import CameraProcess
from livereel.camera.reports import Opening, Seen
from livereel.camera.settings import CameraSettings
from livereel.camera.supervisor import CameraLost, RestartPolicy, Supervisor
from livereel.camera.worker import CameraJob
from sinks.events import EpochStarted
from sinks.live_view import ViewKind
from tests.kit.cameras.http_camera import web_camera
from tests.kit.cameras.rtsp import free_port
from tests.kit.films.encrypted import hls_key_gone, sample_aes_segment
from tests.kit.films.footage import Look, write_file
from tests.kit.mqtt.sink_thread import looped

LONG_S = 120.0
QUICK = RestartPolicy(open_s=10.0, stall_s=5.0, stop_s=3.0, backoff=Backoff((0.05, 0.1)))
LOOK = Look(width_px=160, height_px=120, round_s=1, moving_s=0.8)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds."""
    return write_file(tmp_path_factory.mktemp("film") / "film.mp4", LOOK, rounds=2)


class Camera:
    """A supervised camera, and all that it reported."""

    def __init__(
        self, source: str, data: Path, patience: RestartPolicy = QUICK, *, loop: bool = False
    ) -> None:
        job = CameraJob(CameraSettings("front", source, loop=loop), WindowSettings(window_s=1.0), data)
        self.seen: list[Seen] = []
        self.lost: list[CameraLost] = []
        self.supervisor = Supervisor(job, self._on_report, self._on_lost, patience)

    async def _on_report(self, report: Seen) -> None:
        self.seen.append(report)

    async def _on_lost(self, camera: str, lost: CameraLost) -> None:
        assert camera == "front"
        self.lost.append(lost)

    def run(self, beside: Callable[[], Awaitable[None]] | None = None) -> None:
        """Run to the end, or until ``beside`` is done; then stop."""

        async def both() -> None:
            async with asyncio.timeout(LONG_S):
                running = asyncio.create_task(self.supervisor.run())
                if beside is not None:
                    await beside()
                    self.supervisor.stop()
                await running

        asyncio.run(both())

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110  # what a process of its own does sets no event
            await asyncio.sleep(0.02)

    def windows(self) -> list[Window]:
        return [it for it in self.seen if isinstance(it, Window)]

    def epochs(self) -> list[int]:
        return [it.epoch for it in self.seen if isinstance(it, EpochStarted)]


def test_a_file_is_watched_to_its_end_and_not_again(film: Path, tmp_path: Path) -> None:
    camera = Camera(str(film), tmp_path)
    camera.run()
    assert camera.lost == [CameraLost(None, GapReason.SOURCE_DOWN, final=True)]
    assert camera.supervisor.state == "ended"
    assert [round(w.end_s - w.start_s, 1) for w in camera.windows()] == [1.0, 1.0]
    assert camera.supervisor.total.frames == 2 * LOOK.fps
    assert camera.supervisor.pid is None


def test_what_is_not_there_is_refused_and_not_tried_again(tmp_path: Path) -> None:
    camera = Camera(str(tmp_path / "nothing.mp4"), tmp_path)
    camera.run()
    assert camera.lost == [CameraLost("no such file", final=True)]
    assert camera.supervisor.state == "refused"
    assert camera.supervisor.starts == 1


def test_a_camera_that_refuses_connections_is_tried_again_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    camera = Camera(f"rtsp://user:secret@127.0.0.1:{free_port()}/front", tmp_path)
    camera.run(lambda: camera.until(lambda: len(camera.lost) >= 3))
    assert camera.lost[0] == CameraLost("connection refused")
    assert camera.supervisor.starts >= 3
    assert [record.getMessage() for record in caplog.records] == ["front: waiting (connection refused)"]


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_camera_that_never_answers_is_left_after_its_time(mute: int, tmp_path: Path) -> None:
    """FFmpeg's own time is longer: the process is ended from outside."""
    impatient = RestartPolicy(open_s=1.5, stall_s=1.0, stop_s=0.5, backoff=Backoff((0.05,)))
    camera = Camera(f"rtsp://127.0.0.1:{mute}/front", tmp_path, impatient)
    camera.run(lambda: camera.until(lambda: len(camera.lost) >= 1))
    assert camera.lost[0] == CameraLost("no frame within 1.5 s")


def test_stopping_while_nothing_answers_does_not_wait_for_it(mute: int, tmp_path: Path) -> None:
    camera = Camera(f"rtsp://127.0.0.1:{mute}/front", tmp_path, RestartPolicy(open_s=600.0, stop_s=0.5))
    camera.run(lambda: camera.until(lambda: camera.supervisor.pid is not None))
    assert camera.lost == [CameraLost(None, gap=None, final=True)]


def test_stopping_while_waiting_does_not_wait(tmp_path: Path) -> None:
    patience = RestartPolicy(backoff=Backoff((600.0,)))
    camera = Camera(f"rtsp://127.0.0.1:{free_port()}/front", tmp_path, patience)
    camera.run(lambda: camera.until(lambda: camera.supervisor.state == "waiting"))
    assert camera.supervisor.starts == 1


def test_stopping_closes_the_open_window_and_keeps_it(film: Path, tmp_path: Path) -> None:
    camera = Camera(str(film), tmp_path, loop=True)
    camera.run(lambda: camera.until(lambda: camera.supervisor.counts.frames >= 15))
    last = camera.windows()[-1]
    assert 0 < last.end_s - last.start_s < 1.0
    assert camera.lost == [CameraLost(None, gap=None, final=True)]


def test_a_process_that_dies_is_replaced_with_the_next_epoch(film: Path, tmp_path: Path) -> None:
    camera = Camera(str(film), tmp_path, loop=True)

    async def kill() -> None:
        await camera.until(lambda: camera.supervisor.counts.frames >= LOOK.fps)
        os.kill(camera.supervisor.pid or 0, signal.SIGSEGV)
        await camera.until(lambda: len(camera.epochs()) >= 2)

    camera.run(kill)
    assert camera.lost[0] == CameraLost("its process died: SIGSEGV")
    assert camera.epochs()[:2] == [0, 1]
    assert camera.supervisor.total.frames >= camera.supervisor.counts.frames + LOOK.fps


def test_a_process_that_does_not_start_is_reported_as_such(film: Path, tmp_path: Path) -> None:
    """Starting takes longer than that, and longer still where many start together: it is no silent camera."""
    camera = Camera(str(film), tmp_path, RestartPolicy(start_s=0.01, stop_s=0.01, backoff=Backoff((600.0,))))
    camera.run(lambda: camera.until(lambda: len(camera.lost) >= 1))
    assert [lost.reason for lost in camera.lost] == ["its process has not started within 0.01 s"]


def test_a_process_that_hangs_after_its_first_picture_has_stalled(film: Path, tmp_path: Path) -> None:
    camera = Camera(str(film), tmp_path, RestartPolicy(open_s=600.0, stall_s=1.0, stop_s=0.5), loop=True)

    async def hang() -> None:
        await camera.until(lambda: bool(camera.epochs()))
        os.kill(camera.supervisor.pid or 0, signal.SIGSTOP)
        await camera.until(lambda: bool(camera.lost))

    camera.run(hang)
    assert camera.lost[0] == CameraLost("no frame for 1 s", GapReason.SOURCE_STALLED)


def test_a_camera_can_be_stopped_and_taken_up_again(film: Path, tmp_path: Path) -> None:
    camera = Camera(str(film), tmp_path, loop=True)
    for turn in range(2):
        camera.run(lambda turn=turn: camera.until(lambda: len(camera.epochs()) > turn))  # type: ignore[misc]  # bound early
        camera.supervisor.resume()
    assert camera.epochs() == [0, 1]


def test_default_pauses_go_from_a_second_to_a_minute() -> None:
    backoff = RestartPolicy().backoff
    assert (backoff.pauses_s[0], backoff.longest_s, backoff.spread) == (1.0, 60.0, 0.25)
    assert (RestartPolicy().start_s, RestartPolicy().open_s, RestartPolicy().stall_s) == (120.0, 20.0, 20.0)
    assert RestartPolicy().stop_s < 5.0


def test_an_encrypted_camera_is_unreadable_with_that_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film = sample_aes_segment(tmp_path)
    with web_camera(film, tmp_path, length_s=4.0) as web:
        camera = Camera(web.address("/live.ts"), tmp_path)
        camera.run()
    reason = "encrypted, and livereel has no key"
    assert camera.lost == [CameraLost(reason, GapReason.UNREADABLE, final=True)]
    assert [record.getMessage() for record in caplog.records] == [f"front: refused ({reason})"]


def test_a_playlist_whose_key_cannot_be_had_is_tried_again(tmp_path: Path) -> None:
    playlist = hls_key_gone(tmp_path)
    with web_camera(tmp_path / "film0.ts", tmp_path, length_s=4.0) as web:
        camera = Camera(web.address(f"/{playlist.name}"), tmp_path)
        camera.run(lambda: camera.until(lambda: len(camera.lost) >= 2))
    reason = "encrypted, and its key is missing or wrong"
    assert camera.lost[:2] == [CameraLost(reason, GapReason.UNREADABLE)] * 2


@looped
async def test_a_process_that_has_stopped_takes_requests_only_as_long_as_they_fit(tmp_path: Path) -> None:
    """Viewers come and go while a camera's process hangs."""
    process = CameraProcess(
        CameraJob(CameraSettings("front", "synthetic://street"), WindowSettings(), tmp_path)
    )
    try:
        assert isinstance(await process.next(), Opening)
        os.kill(process.pid, signal.SIGSTOP)
        requests = iter(lambda: process.view(ViewKind.VIDEO).close(), "never")
        with pytest.raises(BlockingIOError):
            deque(requests, maxlen=0)
        process.request_stop()
    finally:
        await process.end()
