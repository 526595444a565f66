"""Live HLS cameras whose playlist goes stale: a gap, and no segment is ever seen twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.av_source import AvSource
from tests.faults.test_cameras import reasons
from tests.kit.cameras.hls import hls_camera
from tests.kit.films.footage import Look, write_file
from tests.kit.program.invariants import assert_all_recorded, assert_files_good, epochs
from tests.kit.program.live_run import until, watching

LOOK = Look(width_px=320, height_px=240)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes with a keyframe each second."""
    return write_file(tmp_path_factory.mktemp("film") / "film.ts", LOOK, rounds=30)


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/live.m3u8", {}),
        ("/master.m3u8", {}),
        ("/live.m3u8", {"numbered": False, "slides": False}),
        ("/live.m3u8", {"lags": True}),
    ],
    ids=["media", "master", "no numbers", "two servers"],
)
def test_a_playlist_that_goes_stale_is_a_gap(
    path: str, dialect: dict[str, bool], film: Path, tmp_path: Path
) -> None:
    with hls_camera(film, tmp_path / "hls", **dialect) as camera:
        with watching(tmp_path / "data", {"front": camera.address(path)}) as watch:
            watch.more_windows("front", 2)
            camera.freeze()
            until(lambda: "source_stalled" in reasons(watch, "front"), "a gap")
            starts, told = watch.live.cameras["front"].starts, len(watch.windows("front"))
            until(lambda: watch.live.cameras["front"].starts >= starts + 3, "attempts")
            assert len(watch.windows("front")) == told, "nothing is seen in a stale list"
            camera.thaw()
            watch.more_windows("front", 2)
            # Before the stop: of a live list, the time since its last segment is a gap then.
            expected = {"starting", "source_down", "ended"}
            assert [it for it in reasons(watch, "front") if it not in expected] == ["source_stalled"], (
                "one gap"
            )
        fetched = camera.fetched
    assert len(epochs(watch.rows())) == 2
    assert max(fetched.values()) == 1, fetched
    assert_all_recorded(watch, "front")
    assert_files_good(watch.rows(), watch.data)


def test_a_playlist_that_cannot_be_followed_is_a_gap_and_shows_no_segment_twice(
    film: Path, tmp_path: Path
) -> None:
    """Segments are removed and not numbered: FFmpeg would play one at each connection, and no other."""
    with (
        hls_camera(film, tmp_path / "hls", numbered=False) as camera,
        watching(tmp_path / "data", {"front": camera.address()}) as watch,
    ):
        until(lambda: "unreadable" in reasons(watch, "front"), "a gap")
        starts, epochs_before = watch.live.cameras["front"].starts, epochs(watch.rows())
        until(lambda: watch.live.cameras["front"].starts >= starts + 3, "attempts")
        assert epochs(watch.rows()) == epochs_before, "no epoch of a single segment"
        camera.numbered = True
        watch.more_windows("front", 2)
    assert max(camera.fetched.values()) == 1, camera.fetched
    assert_all_recorded(watch, "front")


def test_a_server_that_starts_over_is_watched_again(film: Path, tmp_path: Path) -> None:
    with (
        hls_camera(film, tmp_path / "hls") as camera,
        watching(tmp_path / "data", {"front": camera.address()}) as watch,
    ):
        watch.more_windows("front", 5)
        camera.start_over()
        until(lambda: len(epochs(watch.rows())) == 2, "a new epoch")
        watch.more_windows("front", 2)
    assert len(epochs(watch.rows())) == 2
    assert_all_recorded(watch, "front")


def test_only_one_variant_of_a_master_playlist_is_fetched(film: Path, tmp_path: Path) -> None:
    with hls_camera(film, tmp_path / "hls") as camera, AvSource(camera.address("/master.m3u8")) as source:
        for packet in source.packets():
            if packet.stream is source.video and len(camera.fetched) > 12:
                break
        counts = sorted(sum(kind in path for path in camera.fetched) for kind in ("small", "live"))
    assert counts[0] <= 4, "the other is looked at when the stream is opened, and then left alone"
