"""A camera that is analysed by its small stream, and whose clips are of its main one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

from livereel.camera.clips import BufferClips
from livereel.camera.main_stream import MainStreamClips
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
from livereel.ledger.ledger import Ledger
from stream.av_source import AvSource
from stream.media.probe import probe
from stream.threaded import ThreadedSource
from tests.kit.cameras import faults
from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_file, write_units
from tests.kit.program.invariants import assert_all_recorded, assert_files_good, epochs
from tests.kit.program.live_run import WINDOWS, Watch, until, watching

MAIN, SUB = Look(audio="pcma"), Look(width_px=320, height_px=180)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of the main stream's units and of the small one's."""
    folder = tmp_path_factory.mktemp("footage")
    return write_units(folder / "main", MAIN), write_units(folder / "sub", SUB)


@pytest.fixture
def server(footage: tuple[Path, Path]) -> Iterator[RtspServer]:
    """A camera with both streams."""
    with rtsp_server({"/main": [footage[0]], "/sub": [footage[1]]}) as running:
        yield running


def camera(server: RtspServer, data: Path, detect: RtspServer | None = None) -> CameraJob:
    detect_source = (detect or server).address("/sub")
    return CameraJob(CameraSettings("front", server.address("/main"), detect_source), WINDOWS, data)


def clips(watch: Watch) -> list[Path]:
    return [watch.data / row["clip"] for row in watch.windows("front") if row["clip"]]


def test_clips_are_of_the_main_stream_and_show_what_the_keyframes_show(
    server: RtspServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with watching(data, {"front": camera(server, data)}) as watch:
        until(lambda: len(clips(watch)) >= 4, "clips")
    assert_all_recorded(watch, "front")
    assert_files_good(watch.rows("front"), data)
    first = probe(clips(watch)[0])
    assert (first.width, first.height, first.audio_codec) == (MAIN.width_px, MAIN.height_px, "aac")
    off = [moved for row in watch.windows("front") if row["clip"] for moved in _differences(data, row["id"])]
    assert len(off) >= 4
    # The disc crosses half the picture in a second: this is a picture and a half.
    assert np.median(off) < 0.08, off


def _differences(data: Path, window_id: str) -> Iterator[float]:
    """How far the disc in each keyframe is from where the clip has it then, in widths of the picture."""
    with closing(Ledger(data, read_only=True)) as ledger:
        window = ledger.windows.get(window_id)
    assert window.clip is not None
    for keyframe in window.keyframes:
        assert keyframe.file is not None
        small = cv2.imread(str(keyframe.file))
        assert small is not None
        assert small.shape[:2] == (SUB.height_px, SUB.width_px)
        large = _picture_at(window.clip.path, keyframe.pts_s - window.clip.file_start_s)
        here, there = _disc(np.asarray(small, np.uint8)), None if large is None else _disc(large)
        if here is not None and there is not None:
            yield abs(here - there)


def _picture_at(clip: Path, at_s: float) -> NDArray[np.uint8] | None:
    with av.open(clip) as container:
        pictures = (
            frame for frame in container.decode(video=0) if (frame.time or 0.0) >= at_s - 0.5 / MAIN.fps
        )
        picture = next(pictures, None)
        return None if picture is None else np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)


def _disc(picture: NDArray[np.uint8]) -> float | None:
    """Where the white disc is, from the left, as a share of the width; None where all of it is not there."""
    columns = np.flatnonzero((picture.min(axis=2) > 210).sum(axis=0) > picture.shape[0] / 20)
    width = int(picture.shape[1])
    if not len(columns) or columns[0] < 3 or columns[-1] > width - 4:
        return None
    return float(columns.mean()) / width


def test_a_main_stream_that_vanishes_ends_the_epoch_and_is_waited_for(
    footage: tuple[Path, Path], server: RtspServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with (
        rtsp_server({"/sub": [footage[1]]}) as small,
        watching(data, {"front": camera(server, data, small)}) as watch,
    ):
        until(lambda: bool(clips(watch)), "a clip")
        with faults.camera_vanishes(server):
            until(lambda: len(watch.gaps("front")) > 1, "a gap")
        kept = len(clips(watch))
        until(lambda: len(clips(watch)) > kept, "a clip once it is back")
    assert len(epochs(watch.rows("front"))) == 2
    assert_all_recorded(watch, "front")
    assert_files_good(watch.rows("front"), data)


def test_a_main_clock_that_jumps_costs_no_clip(server: RtspServer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with watching(data, {"front": camera(server, data)}) as watch:
        until(lambda: bool(clips(watch)), "a clip")
        faults.timestamps_jump(server, -3600.0)
        until(lambda: len(epochs(watch.rows("front"))) > 1, "a new epoch")
        kept = len(clips(watch))
        until(lambda: len(clips(watch)) > kept, "a clip of the new time")
    assert_all_recorded(watch, "front")
    assert_files_good(watch.rows("front"), data)
    # The main stream may come a moment later than the one that is analysed, at the start of each epoch.
    within = (now for last, now in pairwise(watch.windows("front")) if last["epoch"] == now["epoch"])
    assert all(row["clip"] for row in within if row["outcome"] == "described")


def test_a_wrong_address_to_detect_by_is_named(server: RtspServer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    job = camera(server, data)
    wrong = replace(job, camera=replace(job.camera, detect_source=server.address("/nothing")))
    with watching(data, {"front": wrong}) as watch:
        until(lambda: watch.live.cameras["front"].state == "waiting", "an attempt")
    (gap, *_) = watch.gaps("front")
    assert gap["reason"] == "source_down"


class Scripted(AvSource):
    """A file whose packets come when they are let, and then no more."""

    def __init__(self, film: Path) -> None:
        super().__init__(str(film))
        self.over = threading.Event()

    def packets(self) -> Iterator[Packet[Stream]]:
        yield from super().packets()
        self.over.wait()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_file(tmp_path_factory.mktemp("film") / "film.ts", SUB)


def test_a_main_stream_that_falls_silent_is_a_failure_that_may_pass(film: Path, tmp_path: Path) -> None:
    with closing(Scripted(film)) as main, closing(AvSource(str(film))) as sub:
        kept, analysed = ThreadedSource(main), ThreadedSource(sub)
        both = MainStreamClips(
            kept, analysed, BufferClips(kept, tmp_path, 10.0), silent_s=1.3
        )  # what has come is handed out after a second
        for packet in analysed.packets():
            both.push(packet)
            if both.failure is None:
                threading.Event().wait(0.02)
        main.over.set()
        both.close()
    assert both.failure is not None
    assert both.failure.retryable
    assert "main stream" in both.failure.reason
    assert analysed.stopped


def test_a_main_film_that_ends_stops_the_other(film: Path, tmp_path: Path) -> None:
    with closing(AvSource(str(film))) as main, closing(Scripted(film)) as sub:
        kept, analysed = ThreadedSource(main), ThreadedSource(sub)
        both = MainStreamClips(kept, analysed, BufferClips(kept, tmp_path, 10.0))
        for packet in analysed.packets():
            both.push(packet)
        sub.over.set()
        both.close()
    assert analysed.stopped
    assert both.failure is None
