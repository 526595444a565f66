"""The cameras of a run without the rest of it: switched on and off, refused, and what is stored of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from analyzer.signal.window import Outcome, Window
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from livereel.live.cameras import Cameras, first_state
from livereel.live.publisher import Publisher
from livereel.live.write_queue import WriteQueue
from tests.kit.films.footage import Look, write_file
from tests.kit.mqtt.sink_thread import until
from tests.kit.program.live_run import QUICK, WINDOWS
from tests.kit.program.received import Received
from tests.kit.records.windows import measured

LONG_S = 60.0
LOOK = Look(width_px=320, height_px=240, round_s=2, moving_s=1.5)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds."""
    return write_file(tmp_path_factory.mktemp("film") / "film.mp4", LOOK)


@dataclass
class Run:
    cameras: Cameras
    ledger: Ledger
    received: Received


@asynccontextmanager
async def watched(data: Path, *cameras: CameraSettings) -> AsyncIterator[Run]:
    """Cameras that are yet to be watched."""
    jobs = [CameraJob(camera, WINDOWS, data) for camera in cameras]
    received = Received()
    publisher = Publisher()
    publisher.attach([received])
    with closing(Ledger(data)) as ledger:
        writes = WriteQueue()
        it = Cameras(jobs, ledger, writes, publisher, policy=QUICK, on_window=lambda _, __: None)
        it.start()
        async with asyncio.timeout(LONG_S):
            yield Run(it, ledger, received)


def test_a_camera_that_cannot_be_is_refused_and_the_others_go_on(film: Path, tmp_path: Path) -> None:
    front, none = CameraSettings("front", str(film)), CameraSettings("none", str(tmp_path / "none.mp4"))

    async def run() -> None:
        async with watched(tmp_path, front, none) as it:
            await it.cameras.watch()
            assert it.received.states("none") == [("refused", "no such file")]
            assert {gap.reason for gap in it.ledger.gaps.since("", "9", camera="none")} == {"source_down"}
            assert {entry.window.camera for entry in it.ledger.windows.entries("")} == {"front"}

    asyncio.run(run())


def test_a_camera_that_is_turned_off_has_a_gap_until_it_is_on_again(film: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with watched(tmp_path, CameraSettings("front", str(film), loop=True)) as it:
            watching = asyncio.create_task(it.cameras.watch())
            await until(lambda: it.received.of(Window))
            await it.cameras.set_analysis("front", on=False)
            await until(lambda: ("disabled", None) in it.received.states("front"))
            await asyncio.sleep(1.0)  # for the gap to be longer than MIN_GAP_S
            await it.cameras.set_analysis("front", on=True)
            await until(lambda: it.received.states("front").count(("watching", None)) == 2)
            it.cameras.stop()
            await watching
            assert "disabled" in [gap.reason for gap in it.ledger.gaps.since("", "9")]
            assert {entry.window.epoch for entry in it.ledger.windows.entries("")} == {0, 1}

    asyncio.run(run())


def test_a_camera_that_is_turned_off_and_on_at_once_is_watched_on(film: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with watched(tmp_path, CameraSettings("front", str(film), loop=True)) as it:
            watching = asyncio.create_task(it.cameras.watch())
            await until(lambda: it.received.of(Window))
            await it.cameras.set_analysis("front", on=False)
            await it.cameras.set_analysis("front", on=True)
            await until(lambda: it.received.states("front").count(("watching", None)) == 2)
            assert not watching.done()
            it.cameras.stop()
            await watching

    asyncio.run(run())


def test_a_camera_that_is_off_when_the_run_stops_ends_at_once(film: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with watched(tmp_path, CameraSettings("front", str(film), loop=True)) as it:
            watching = asyncio.create_task(it.cameras.watch())
            await until(lambda: it.received.of(Window))
            await it.cameras.set_analysis("front", on=False)
            await until(lambda: ("disabled", None) in it.received.states("front"))
            it.cameras.stop()
            await watching
            it.cameras.close()
            assert it.ledger.gaps.open_reason("front") is None

    asyncio.run(run())


def test_each_window_has_its_first_state(tmp_path: Path) -> None:
    lively = measured(0, [(2.0, 900.0)], picture=tmp_path / "picture.jpg")
    assert first_state(measured(0)) == Outcome.QUIET
    assert first_state(replace(measured(0), missed_s=4.0)) == Outcome.SKIPPED_OVERLOAD
    assert first_state(lively) == PENDING
    assert first_state(replace(lively, missed_s=4.0)) == PENDING, "what was seen of it is described"
    without_files = tuple(replace(keyframe, file=None) for keyframe in lively.keyframes)
    assert first_state(replace(lively, keyframes=without_files)) == Outcome.DISK_FULL
