"""What a camera's process opens, and when it says that trying again is worth it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from livereel.camera.process import CameraProcess
from livereel.camera.reports import Ended, Report
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
from sinks.events import EpochStarted
from stream.open import open_live
from stream.source import SourceError
from tests.kit.cameras.http_camera import WebCamera, web_camera
from tests.kit.cameras.rtsp import free_port
from tests.kit.films.footage import Look, write_file
from tests.kit.program.live_run import until

LONG_S = 120.0
LENGTH_S = 6
LOOK = Look(width_px=160, height_px=120, round_s=2, moving_s=1.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds."""
    folder = tmp_path_factory.mktemp("film")
    return write_file(folder / "film.ts", LOOK, rounds=LENGTH_S // LOOK.round_s)


@pytest.fixture
def web(film: Path, tmp_path: Path) -> Iterator[WebCamera]:
    """The film over HTTP."""
    folder = tmp_path / "web"
    folder.mkdir()
    write_file(folder / "film.mp4", LOOK)
    with web_camera(film, folder, LENGTH_S) as camera:
        yield camera


def reports(source: str, data: Path, *, loop: bool = False, limit: int = 1000) -> list[Report]:
    """Run a camera's process, and take what it says until it ends, or so many windows."""

    async def take() -> list[Report]:
        job = CameraJob(CameraSettings("front", source, loop=loop), WindowSettings(window_s=1.0), data)
        process = CameraProcess(job)
        taken: list[Report] = []
        try:
            async with asyncio.timeout(LONG_S):
                while (report := await process.next()) is not None:
                    taken.append(report)
                    if sum(isinstance(it, Window) for it in taken) == limit:
                        process.request_stop()
                        limit_reached = await process.died_of()
                        assert limit_reached == "exit code 0"
        finally:
            await process.end()
        return taken

    return asyncio.run(take())


def ending(taken: list[Report]) -> Ended:
    assert isinstance(taken[-1], Ended)
    return taken[-1]


def test_a_file_is_played_as_fast_as_it_was_taken(film: Path) -> None:
    source = open_live(str(film))
    packets = source.packets()
    begun_s = time.monotonic()
    for _ in islice(packets, 11):
        pass
    assert time.monotonic() - begun_s > 0.9, "eleven pictures, a tenth of a second apart"


def test_a_file_that_is_to_start_over_has_no_end(film: Path) -> None:
    source = open_live(str(film), loop=True)
    assert not source.info.live
    assert source.info.duration_s == pytest.approx(LENGTH_S, abs=0.2)


def test_a_file_ends_once(tmp_path: Path) -> None:
    taken = reports(str(write_file(tmp_path / "film.mp4", LOOK)), tmp_path)
    assert ending(taken) == Ended()
    assert sum(isinstance(it, Window) for it in taken) == LOOK.round_s


def test_a_stream_over_http_that_ends_is_worth_another_try(web: WebCamera, tmp_path: Path) -> None:
    taken = reports(web.address("/live.ts"), tmp_path)
    assert ending(taken).retryable
    assert sum(isinstance(it, Window) for it in taken) >= LENGTH_S - 1


def test_an_hls_stream_is_watched_from_its_newest_segment(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    rounds = 60  # it has not ended when a slow machine asks for it
    film = write_file(tmp_path / "film.ts", LOOK, rounds)
    with web_camera(film, folder, rounds * LOOK.round_s) as web:
        taken = reports(web.address("/live.m3u8"), tmp_path, limit=2)
    assert sum(isinstance(it, EpochStarted) for it in taken) == 1
    assert ending(taken) == Ended()
    assert "/live0.ts" not in web.requests


def test_a_film_on_a_web_server_is_played_once(web: WebCamera, tmp_path: Path) -> None:
    taken = reports(web.address("/film.mp4"), tmp_path)
    assert ending(taken) == Ended()


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (401, Ended("wrong user or password")),
        (403, Ended("access is forbidden")),
        (404, Ended("nothing is served at this address", retryable=True)),
    ],
)
def test_what_a_server_answers_decides_whether_to_try_again(
    status: int, wanted: Ended, web: WebCamera, tmp_path: Path
) -> None:
    web.status = status
    assert ending(reports(web.address("/live.ts"), tmp_path)) == wanted


def test_a_server_in_trouble_is_worth_another_try(web: WebCamera, tmp_path: Path) -> None:
    web.status = 503
    assert ending(reports(web.address("/live.ts"), tmp_path)).retryable


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1:{}/x", "rtmp://127.0.0.1:{}/x", "/dev/video{}"])
def test_a_camera_that_is_away_is_worth_another_try(address: str) -> None:
    with pytest.raises(SourceError) as raised:
        open_live(address.format(free_port()))
    assert raised.value.retryable


def test_an_address_of_an_unknown_kind_is_not(film: Path) -> None:
    for address in (f"nonsense://127.0.0.1/{film.name}", str(film.with_name("none.mp4"))):
        with pytest.raises(SourceError) as raised:
            open_live(address)
        assert not raised.value.retryable


def test_signals_meant_for_the_main_process_do_not_end_it(film: Path, tmp_path: Path) -> None:
    async def run() -> list[Report]:
        job = CameraJob(CameraSettings("front", str(film), loop=True), WindowSettings(window_s=1.0), tmp_path)
        process = CameraProcess(job)
        taken: list[Report] = []
        try:
            os.kill(process.pid, signal.SIGINT)  # while it starts
            async with asyncio.timeout(LONG_S):
                while not any(isinstance(it, Window) for it in taken):
                    report = await process.next()
                    assert report is not None, "it has died"
                    taken.append(report)
                os.kill(process.pid, signal.SIGTERM)
                os.kill(process.pid, signal.SIGINT)
                process.request_stop()
                while (report := await process.next()) is not None:
                    taken.append(report)
        finally:
            await process.end()
        return taken

    assert ending(asyncio.run(run())) == Ended()


_ORPHAN = """
import asyncio, os, sys
from pathlib import Path
from analyzer.signal.settings import WindowSettings
from livereel.camera.process import CameraProcess
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
async def main():
    job = CameraJob(CameraSettings("front", sys.argv[1], loop=True), WindowSettings(), Path(sys.argv[2]))
    process = CameraProcess(job)
    print(process.pid, flush=True)
    if sys.argv[3] == "later":
        await process.next()
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when it next has something to say")
@pytest.mark.parametrize("when", ["at once", "later"])
def test_it_ends_with_a_main_process_that_is_killed(when: str, film: Path, tmp_path: Path) -> None:
    main = subprocess.run(
        [sys.executable, "-c", _ORPHAN, str(film), str(tmp_path), when], capture_output=True, check=False
    )
    pid = int(main.stdout)
    until(lambda: not Path(f"/proc/{pid}").exists() or _is_dead(pid), "the end of the camera's process")


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
