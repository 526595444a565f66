"""Cameras of each kind that are away, end or change: each comes back, and no second of it is missing."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import av

from livereel.camera.settings import CameraSettings
from stream.media.probe import probe
from tests.faults.test_cameras import clips, reasons
from tests.kit.cameras import faults
from tests.kit.cameras.http_camera import web_camera
from tests.kit.cameras.pages import Page, pages
from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_file
from tests.kit.films.scene import remuxed
from tests.kit.program.invariants import assert_all_recorded, assert_files_good, epochs
from tests.kit.program.live_run import until, watching
from tests.kit.records.keyframe_files import snapshot


def test_a_camera_that_is_not_there_at_first_is_waited_for(server: RtspServer, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with faults.camera_vanishes(server):
            watch = stack.enter_context(watching(tmp_path / "data", {"front": server.address("/front")}))
            until(lambda: watch.live.cameras["front"].state == "waiting", "an attempt")
        watch.more_windows("front", 1)
    assert_all_recorded(watch, "front")


def test_a_looped_film_on_an_rtsp_server_is_a_camera_that_comes_back(tmp_path: Path) -> None:
    """Its SDP names a duration; killed with -9 it is tried again, as what comes over RTSP happens now."""
    film = remuxed(write_file(tmp_path / "round.mp4", Look()), tmp_path / "film.mp4", 600)
    with rtsp_server({"/film": [film]}) as server:
        with av.open(server.address("/film")) as source:
            assert source.duration, "the server says how long it is"
        with watching(tmp_path / "data", {"front": server.address("/film")}) as watch:
            watch.more_windows("front", 2)
            with faults.camera_vanishes(server):
                until(lambda: "source_down" in reasons(watch, "front")[1:], "a gap")
                until(lambda: watch.live.cameras["front"].starts > 2, "another attempt")
            watch.more_windows("front", 2)
            assert watch.live.cameras["front"].state == "watching"
    assert len(epochs(watch.rows())) == 2
    assert_all_recorded(watch, "front")
    assert_files_good(watch.rows(), watch.data)


def test_a_film_that_an_rtsp_server_has_played_to_its_end_is_asked_for_again(tmp_path: Path) -> None:
    film = write_file(tmp_path / "film.mp4", Look())
    with (
        rtsp_server({"/film": [film]}) as server,
        watching(tmp_path / "data", {"front": server.address("/film")}) as watch,
    ):
        until(lambda: len(epochs(watch.rows())) >= 2, "a second round")
    assert_all_recorded(watch, "front")


def test_a_camera_of_single_pictures_that_fails_comes_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    picture = Page(snapshot(), "image/jpeg")
    with pages(snap_jpg=picture) as server:
        camera = CameraSettings("front", server.address("/snap.jpg"), poll_s=0.3)
        with watching(data, {"front": camera}) as watch:
            watch.more_windows("front", 2)
            server.pages["/snap.jpg"] = Page(status=503)
            until(lambda: watch.live.cameras["front"].state == "waiting", "the camera is waited for")
            until(lambda: watch.live.cameras["front"].starts > 2, "another attempt")
            server.pages["/snap.jpg"] = picture
            watch.more_windows("front", 2)
    assert reasons(watch, "front")[1:] == ["source_down"]
    assert len(epochs(watch.rows())) == 2
    assert_all_recorded(watch, "front")


def test_a_picture_each_three_seconds_is_no_stall(tmp_path: Path) -> None:
    """Silences are borne for two seconds there: the camera's own pace counts."""
    data = tmp_path / "data"
    with pages(snap_jpg=Page(snapshot(), "image/jpeg")) as server:
        camera = CameraSettings("front", server.address("/snap.jpg"), poll_s=3.0)
        with watching(data, {"front": camera}) as watch:
            watch.more_windows("front", 8)
            assert watch.live.cameras["front"].starts == 1
    assert len(epochs(watch.rows())) == 1
    assert_all_recorded(watch, "front")


def test_cameras_of_all_kinds_are_watched_side_by_side(footage: dict[str, Path], tmp_path: Path) -> None:
    kinds: dict[str, Literal["tcp", "udp"]] = {"aac": "tcp", "pcma": "udp", "hevc": "udp"}
    data = tmp_path / "data"
    with rtsp_server({f"/{kind}": [footage[kind]] for kind in kinds}) as server:
        cameras = {
            kind: CameraSettings(kind, server.address(f"/{kind}"), transport=transport)
            for kind, transport in kinds.items()
        }
        with watching(data, cameras) as watch:
            until(lambda: all(clips(watch, kind) for kind in kinds), "a clip of each")
    for kind in kinds:
        assert_all_recorded(watch, kind)
        assert_files_good(watch.rows(kind), data)
    told = {kind: probe(clips(watch, kind)[0]) for kind in kinds}
    assert {kind: (it.video_codec, it.audio_codec) for kind, it in told.items()} == {
        "aac": ("h264", "aac"),
        "pcma": ("h264", "aac"),  # MP4 cannot hold G.711
        "hevc": ("hevc", None),
    }


def test_a_codec_that_changes_in_mid_stream_is_opened_anew(tmp_path: Path) -> None:
    """The pictures cannot be decoded any more, so the camera is left as one that is silent."""
    parts = [write_file(tmp_path / f"{codec}.ts", Look(video=codec)) for codec in ("h264", "hevc")]
    film = tmp_path / "both.ts"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    with (
        web_camera(film, tmp_path, length_s=2 * Look().round_s) as web,
        watching(tmp_path / "data", {"front": web.address("/live.ts")}) as watch,
    ):
        until(lambda: "unreadable" in reasons(watch, "front"), "a gap")
        watch.more_windows("front", 1)
    assert watch.live.cameras["front"].total.damaged_packets > 0
    assert len(epochs(watch.rows())) == 2
    assert_all_recorded(watch, "front")
    assert_files_good(watch.rows(), watch.data, damaged=True)
