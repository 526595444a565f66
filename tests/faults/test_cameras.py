"""Cameras that fail: each comes back by itself, and no second is lost without a word."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from livereel.worker import CameraSettings
from stream.probe import probe
from tests.kit import faults
from tests.kit.cable import cable
from tests.kit.footage import Look, write_file
from tests.kit.promises import assert_all_told, assert_files_good, assert_no_leftovers, epochs
from tests.kit.rtsp import RtspServer, rtsp_server
from tests.kit.watching import WINDOWS, Watch, until, watching
from tests.kit.web import web_camera


def assert_kept(watch: Watch, camera: str = "front", *, damaged: bool = False) -> None:
    """What must hold after every fault."""
    assert_all_told(watch, camera)
    assert_files_good(watch.rows(camera), watch.data, damaged=damaged)
    assert_no_leftovers(watch.data)


def reasons(watch: Watch, camera: str = "front") -> list[str]:
    return [gap["reason"] for gap in watch.gaps(camera)]


def test_cameras_of_all_kinds_are_watched_side_by_side(footage: dict[str, Path], tmp_path: Path) -> None:
    kinds = {"aac": "tcp", "pcma": "udp", "hevc": "udp"}
    data = tmp_path / "data"
    with rtsp_server({f"/{kind}": [footage[kind]] for kind in kinds}) as server:
        cameras = {
            kind: CameraSettings(kind, server.address(f"/{kind}"), WINDOWS, data, transport=transport)
            for kind, transport in kinds.items()
        }
        with watching(data, cameras) as watch:
            until(lambda: all(clips(watch, kind) for kind in kinds), "a clip of each")
    for kind in kinds:
        assert_kept(watch, kind)
    told = {kind: probe(clips(watch, kind)[0]) for kind in kinds}
    assert {kind: (it.video_codec, it.audio_codec) for kind, it in told.items()} == {
        "aac": ("h264", "aac"),
        "pcma": ("h264", "aac"),  # MP4 cannot hold G.711
        "hevc": ("hevc", None),
    }


def clips(watch: Watch, camera: str) -> list[Path]:
    return [watch.data / row["clip"] for row in watch.windows(camera) if row["clip"]]


def test_a_camera_that_vanishes_is_taken_up_again_as_a_new_epoch(server: RtspServer, tmp_path: Path) -> None:
    with watching(tmp_path / "data", {"front": server.address("/front")}) as watch:
        watch.more_windows("front", 1)
        with faults.camera_vanishes(server):
            until(lambda: len(watch.gaps("front")) == 2, "a gap")
        watch.more_windows("front", 1)
    assert reasons(watch) == ["source_down", "source_down"]
    assert len(epochs(watch.rows())) == 2
    assert_kept(watch)


def test_a_camera_that_is_not_there_at_first_is_waited_for(server: RtspServer, tmp_path: Path) -> None:
    with faults.camera_vanishes(server):
        watching_it = watching(tmp_path / "data", {"front": server.address("/front")})
        watch = watching_it.__enter__()
    try:
        watch.more_windows("front", 1)
    finally:
        watching_it.__exit__(None, None, None)
    assert_kept(watch)


@pytest.mark.parametrize("fault", [faults.camera_silent, faults.camera_frozen])
def test_a_camera_that_sends_nothing_more_is_left_and_tried_again(
    fault: Callable[[RtspServer], AbstractContextManager[None]], server: RtspServer, tmp_path: Path
) -> None:
    with watching(tmp_path / "data", {"front": server.address("/front")}) as watch:
        watch.more_windows("front", 1)
        with fault(server):
            until(lambda: "source_stalled" in reasons(watch), "a gap for the silence")
        watch.more_windows("front", 1)
    assert len(epochs(watch.rows())) == 2
    assert_kept(watch)


def test_a_cable_that_is_cut_is_mended(server: RtspServer, tmp_path: Path) -> None:
    with cable(server.port) as line:
        address = server.address("/front").replace(str(server.port), str(line.port))
        with watching(tmp_path / "data", {"front": address}) as watch:
            watch.more_windows("front", 1)
            line.cut()
            until(lambda: len(watch.gaps("front")) == 2, "a gap")
            line.mend()
            watch.more_windows("front", 1)
    assert len(epochs(watch.rows())) == 2
    assert_kept(watch)


def test_lost_packets_are_survived_and_counted(server: RtspServer, tmp_path: Path) -> None:
    camera = CameraSettings("front", server.address("/front"), WINDOWS, tmp_path / "data", transport="udp")
    with watching(tmp_path / "data", {"front": camera}) as watch:
        watch.more_windows("front", 1)
        with faults.packets_lost(server, 0.2):
            watch.more_windows("front", 2)
        watch.more_windows("front", 2)
    assert watch.live.cameras["front"].total.damaged_packets > 0
    assert_kept(watch, damaged=True)


def test_timestamps_that_jump_back_an_hour_begin_a_new_epoch(server: RtspServer, tmp_path: Path) -> None:
    with watching(tmp_path / "data", {"front": server.address("/front")}) as watch:
        watch.more_windows("front", 1)
        faults.timestamps_jump(server, -3600.0)
        watch.more_windows("front", 2)
    assert len(epochs(watch.rows())) >= 2
    assert_kept(watch)


def test_a_resolution_that_changes_in_mid_stream_begins_a_new_epoch(
    server: RtspServer, tmp_path: Path
) -> None:
    with watching(tmp_path / "data", {"front": server.address("/front")}) as watch:
        watch.more_windows("front", 1)
        faults.resolution_changes(server)
        watch.more_windows("front", 2)
    assert len(epochs(watch.rows())) == 2
    assert_kept(watch)


def test_garbage_is_survived_and_counted(server: RtspServer, tmp_path: Path) -> None:
    with watching(tmp_path / "data", {"front": server.address("/front")}) as watch:
        watch.more_windows("front", 1)
        with faults.garbage_packets(server, 0.3):
            watch.more_windows("front", 2)
        watch.more_windows("front", 2)
    assert watch.live.cameras["front"].total.damaged_packets > 0
    assert_kept(watch, damaged=True)


def test_a_codec_that_changes_in_mid_stream_is_opened_anew(tmp_path: Path) -> None:
    """The pictures cannot be decoded any more, so the camera is taken for silent, and left."""
    parts = [write_file(tmp_path / f"{codec}.ts", Look(video=codec)) for codec in ("h264", "hevc")]
    film = tmp_path / "both.ts"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    with (
        web_camera(film, tmp_path, length_s=2 * Look().round_s) as web,
        watching(tmp_path / "data", {"front": web.address("/live.ts")}) as watch,
    ):
        until(lambda: "source_stalled" in reasons(watch), "a gap")
        watch.more_windows("front", 1)
    assert watch.live.cameras["front"].total.damaged_packets > 0
    assert len(epochs(watch.rows())) == 2
    assert_kept(watch)
