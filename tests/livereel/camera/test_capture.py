"""The loop of one camera over files: every second is a window or a gap, and nothing joins over a break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from av.packet import Packet
from av.stream import Stream

from analyzer.reel.records import Gap
from analyzer.signal.settings import Areas, WindowSettings, rectangle
from analyzer.signal.window import Window
from base.clock import parse_utc
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips, Clipper, FileClips, NoClips
from livereel.camera.names import camera_name
from stream.av_source import AvSource
from stream.media.file import MediaError
from stream.source import SourceError
from tests.kit.cameras.damage import cut_off, junk, pictures_junk, zeroed
from tests.kit.films.numbered import film, shown
from tests.kit.films.scene import scene

SETTINGS = WindowSettings()
WITH_PICTURES = WindowSettings(keyframe_px=160)
THREE_EVENTS = [(2.0, 4.0), (12.0, 14.0), (22.0, 24.0)]


@dataclass(frozen=True, slots=True)
class Run:
    """What a capture gave of a whole source."""

    capture: Capture
    start: datetime
    windows: list[Window]
    gaps: list[Gap]

    def spans_s(self, gaps: list[Gap] | None = None) -> list[tuple[float, float]]:
        """Gaps in seconds since the source's start."""
        return [
            ((parse_utc(gap.start_utc) - self.start).total_seconds(),
             (parse_utc(gap.end_utc) - self.start).total_seconds())
            for gap in (self.gaps if gaps is None else gaps)
        ]  # fmt: skip


def run(
    path: Path,
    settings: WindowSettings = SETTINGS,
    *,
    clips: Path | None = None,
    pictures: Path | None = None,
    source_kind: type[AvSource] = AvSource,
) -> Run:
    with source_kind(str(path)) as source:
        clipper: Clipper = NoClips()
        if clips is not None:
            file = source.info.file
            clipper = FileClips(file) if file else BufferClips(source, clips, settings.window_s)
        capture = Capture(source, "front", settings, clipper, pictures)
        seen = list(capture.windows())
        windows = [item for item in seen if isinstance(item, Window)]
        gaps = [item for item in seen if isinstance(item, Gap)]
        return Run(capture, source.info.start_utc, windows, gaps)


def check_names_differ(windows: list[Window]) -> None:
    assert len({window.id for window in windows}) == len(windows)
    assert all(window.id.startswith("front-") and "/" not in window.id for window in windows)


def test_windows_cover_a_file_without_a_gap(tmp_path: Path) -> None:
    seen = run(scene(tmp_path / "film.mp4", seconds=25, events=THREE_EVENTS))
    assert [(w.start_s, w.end_s) for w in seen.windows] == [(0, 10), (10, 20), (20, pytest.approx(25))]
    assert all(
        (parse_utc(b.start_utc) - parse_utc(a.start_utc)).total_seconds() == pytest.approx(10)
        for a, b in pairwise(seen.windows)
    )
    check_names_differ(seen.windows)
    assert not seen.gaps
    assert not seen.capture.warnings()
    for window, (from_s, to_s) in zip(seen.windows, THREE_EVENTS, strict=True):
        assert not window.quiet
        assert all(from_s <= k.pts_s <= to_s + 0.5 for k in window.keyframes)


def test_keyframes_are_files_of_their_pictures(tmp_path: Path) -> None:
    film_ = scene(tmp_path / "film.mp4", seconds=6)
    seen = run(film_, WITH_PICTURES, pictures=tmp_path / "keyframes")
    files = [keyframe.file for window in seen.windows for keyframe in window.keyframes]
    assert sorted(file for file in files if file) == sorted((tmp_path / "keyframes").iterdir())
    for file in files:
        picture = cv2.imread(str(file))
        assert picture is not None
        assert picture.shape == (120, 160, 3)


def test_without_pictures_nothing_is_written(tmp_path: Path) -> None:
    film_ = scene(tmp_path / "film.mp4", seconds=6)
    assert any(window.keyframes for window in run(film_).windows)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.avi"])
@pytest.mark.parametrize("sound", [None, "aac"], ids=["silent", "with sound"])
def test_the_end_of_a_file_cut_off_is_a_gap(tmp_path: Path, name: str, sound: str | None) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    muxer = {"movflags": "faststart"} if name.endswith("mp4") else {}
    whole = scene(tmp_path / name, seconds=30, events=THREE_EVENTS, codec=codec, sound=sound, muxer=muxer)
    seen = run(cut_off(whole))
    ((from_s, to_s),) = seen.spans_s()
    assert seen.windows[0].keyframes
    assert from_s == pytest.approx(seen.windows[-1].end_s, abs=0.2)
    assert to_s - from_s == pytest.approx(30 - from_s, abs=0.3)
    assert seen.gaps[0].reason == "unreadable"


@pytest.mark.parametrize(
    ("name", "sound", "damage"),
    [
        ("film.mp4", None, junk),
        ("film.mp4", "aac", zeroed),
        ("film.mkv", None, zeroed),
        ("film.mkv", "aac", junk),
        ("film.ts", None, junk),
        ("film.ts", "aac", zeroed),
    ],
)
def test_a_hole_in_the_middle_is_a_gap_and_what_comes_after_is_used(
    tmp_path: Path, name: str, sound: str | None, damage: Callable[[Path, float, float], Path]
) -> None:
    events = [(2.0, 4.0), (32.0, 34.0)]
    muxer = {"movflags": "faststart"} if name.endswith("mp4") else {}
    whole = scene(tmp_path / name, seconds=40, events=events, sound=sound, gop=20, muxer=muxer)
    seen = run(damage(whole, 0.4, 0.6))
    ((from_s, to_s),) = seen.spans_s()
    assert 10 < from_s < 18
    assert 22 < to_s < 29
    assert seen.windows[-1].end_s == pytest.approx(40, abs=0.5)
    for from_s, to_s in events:
        assert any(from_s <= k.pts_s <= to_s + 0.5 for w in seen.windows for k in w.keyframes)


def test_a_beginning_that_cannot_be_read_is_a_gap_before_the_first_window(tmp_path: Path) -> None:
    muxer = {"movflags": "faststart"}
    whole = scene(tmp_path / "film.mp4", seconds=30, events=THREE_EVENTS, gop=20, muxer=muxer)
    data = whole.read_bytes()
    seen = run(zeroed(whole, (data.index(b"mdat") + 8) / len(data), 0.3))
    ((from_s, to_s),) = seen.spans_s()
    assert from_s == pytest.approx(0, abs=0.1)
    assert 6 < to_s < 11
    assert (parse_utc(seen.windows[0].start_utc) - seen.start).total_seconds() == pytest.approx(to_s)
    found_s = [k.pts_s + to_s for w in seen.windows for k in w.keyframes]
    assert any(22 <= at_s <= 24.5 for at_s in found_s), "at its true time"


def test_an_end_that_cannot_be_decoded_is_a_gap(tmp_path: Path) -> None:
    muxer = {"movflags": "faststart"}
    seen = run(zeroed(scene(tmp_path / "film.mp4", seconds=30, muxer=muxer), 0.6, 1.0))
    ((from_s, to_s),) = seen.spans_s()
    assert 14 < from_s < 22
    assert to_s == pytest.approx(30, abs=0.2)
    assert any("damaged packets" in line for line in seen.capture.warnings())


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_sound_that_outlasts_the_pictures_is_no_gap(tmp_path: Path, name: str) -> None:
    seen = run(scene(tmp_path / name, sound="aac", sound_s=20))
    assert not seen.gaps
    assert seen.windows[-1].end_s == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_pause_in_a_whole_file_is_still_and_not_unseen(tmp_path: Path, name: str) -> None:
    seen = run(scene(tmp_path / name, events=(), time_s=lambda n: n / 10 + (17.0 if n > 30 else 0.0)))
    assert not seen.gaps
    assert all(window.quiet for window in seen.windows)
    assert [window.start_s for window in seen.windows] == [0, 10, 20]


@pytest.mark.parametrize("start_s", [36_000.0, -1.0])
def test_where_the_timestamps_begin_does_not_matter(tmp_path: Path, start_s: float) -> None:
    seen = run(scene(tmp_path / "film.mkv", start_s=start_s))
    assert not seen.gaps
    ((window),) = seen.windows
    assert window.end_s == pytest.approx(6, abs=0.1)
    assert all(2 <= keyframe.pts_s <= 4.5 for keyframe in window.keyframes)


def test_a_single_picture_is_a_quiet_window(tmp_path: Path) -> None:
    for name in ("film.mp4", "film.ts"):
        (window,) = run(scene(tmp_path / name, seconds=0.1)).windows
        assert window.quiet


def test_a_file_of_broken_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="none of its frames can be decoded"):
        run(pictures_junk(scene(tmp_path / "film.mp4")))


def test_timestamps_that_start_over_begin_another_epoch(tmp_path: Path) -> None:
    twice = scene(tmp_path / "film.ts", seconds=13, events=[(2.0, 4.0), (10.5, 12.0)], sound="aac")
    twice.write_bytes(twice.read_bytes() * 2)
    seen = run(twice, clips=tmp_path / "clips")
    assert [(w.epoch, w.index) for w in seen.windows] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    check_names_differ(seen.windows)
    assert [w.start_utc for w in seen.windows] == sorted(w.start_utc for w in seen.windows)
    for one, other in zip(seen.windows[:2], seen.windows[2:], strict=True):
        assert [k.pts_s for k in one.keyframes] == pytest.approx([k.pts_s for k in other.keyframes], abs=0.11)
        assert one.end_s == pytest.approx(other.end_s)
        assert other.clip is not None
        assert other.clip.file_start_s == pytest.approx(other.start_s)
    assert not seen.gaps
    assert seen.capture.counts.timeline_breaks == 1
    assert any("started over" in line for line in seen.capture.warnings())


def test_no_clip_reaches_over_a_break(tmp_path: Path) -> None:
    one = film(tmp_path / "one.ts", seconds=6, container="mpegts", sound="aac")
    other = film(tmp_path / "two.ts", seconds=6, container="mpegts", sound="aac", first=1000)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + other.read_bytes())
    seen = run(both, clips=tmp_path / "clips")
    numbers = []
    for window in seen.windows:
        assert window.clip is not None
        numbers.append([number for _, number in shown(window.clip.path)])
    assert numbers == [list(range(150)), list(range(1000, 1150))]


def test_another_size_begins_another_epoch(tmp_path: Path) -> None:
    small = scene(tmp_path / "film.ts", seconds=5)
    large = scene(tmp_path / "large.ts", seconds=5, size=(320, 240))
    small.write_bytes(small.read_bytes() + large.read_bytes())
    seen = run(small, WITH_PICTURES, clips=tmp_path / "clips", pictures=tmp_path / "keyframes")
    assert [w.epoch for w in seen.windows] == [0, 1]
    assert all(2 <= k.pts_s <= 4.5 for w in seen.windows for k in w.keyframes)
    assert all(w.clip for w in seen.windows)


def test_a_clip_holds_the_picture_of_each_keyframe(tmp_path: Path) -> None:
    source = film(tmp_path / "film.ts", seconds=24, container="mpegts", fps=10, gop=20)
    for window in run(source, clips=tmp_path / "clips").windows:
        assert window.clip is not None
        file_start_s = window.clip.file_start_s
        pictures = {round(at_s + file_start_s, 2): number for at_s, number in shown(window.clip.path)}
        for keyframe in window.keyframes:
            assert pictures[round(keyframe.pts_s, 2)] == round(keyframe.pts_s * 10)


def test_a_slow_camera_keeps_its_clips_whole(tmp_path: Path) -> None:
    events = [(10.0, 15.0), (30.0, 35.0)]
    slow = scene(tmp_path / "film.ts", seconds=60, events=events, fps=1, gop=3)
    for window in run(slow, clips=tmp_path / "clips").windows:
        assert window.quiet or (window.clip is not None and window.clip.file_start_s <= window.start_s)


class Failing(AvSource):
    """A disk that gives up in the middle."""

    def packets(self) -> Iterator[Packet[Stream]]:
        for number, packet in enumerate(super().packets()):
            if number == 150:
                raise SourceError("film.mp4", "input/output error")
            yield packet


def test_what_was_read_before_a_failure_is_used_and_the_rest_is_a_gap(tmp_path: Path) -> None:
    seen = run(scene(tmp_path / "film.mp4", seconds=30), source_kind=Failing)
    assert [w.start_s for w in seen.windows] == [0, 10]
    ((from_s, to_s),) = seen.spans_s()
    assert from_s == pytest.approx(15, abs=0.2)
    assert to_s == pytest.approx(30, abs=0.2)
    assert str(seen.capture.failure) == "film.mp4: input/output error"
    assert "stopped early" in seen.capture.warnings()[0]


def test_regions_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    areas = Areas(regions=(rectangle(5000, 5000, 10, 10),))
    with pytest.raises(SourceError, match="leave nothing of the picture"):
        run(scene(tmp_path / "film.mp4", seconds=1), WindowSettings(areas=areas))


def test_motion_outside_the_regions_is_quiet(tmp_path: Path) -> None:
    source = scene(tmp_path / "film.mp4")
    above = WindowSettings(areas=Areas(regions=(rectangle(0, 0, 160, 30),)))
    across = WindowSettings(areas=Areas(ignore=(rectangle(0, 35, 160, 50),)))
    assert [w.quiet for w in run(source, above).windows] == [True]
    assert [w.quiet for w in run(source, across).windows] == [True]
    assert [w.quiet for w in run(source).windows] == [False]


class _Unwritable(NoClips):
    """No file can hold these packets."""

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> None:  # noqa: ARG002  # the seam's
        raise MediaError(f"cannot write {name}.mp4: Invalid argument")


def test_a_clip_that_cannot_be_written_costs_the_clip_alone(tmp_path: Path) -> None:
    with AvSource(str(scene(tmp_path / "film.mp4"))) as source:
        capture = Capture(source, "front", SETTINGS, _Unwritable(), None)
        (window,) = capture.windows()
    assert isinstance(window, Window)
    assert window.keyframes
    assert window.clip is None
    assert "Invalid argument" in capture.warnings()[0]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("front.mp4", "front"),
        ("/data/Front Door 2.mkv", "Front_Door_2"),
        ("rtsp://***@10.0.0.5/Streaming/Channels/101", "101"),
        ("rtsp://10.0.0.5:554/", "10_0_0_5"),
        ("rtsp://admin:s3cret@10.0.0.5", "10_0_0_5"),
        ("rtsp://10.0.0.5/user=admin&password=s3cret&channel=1.sdp", "user_password_channel"),
        ("http://cam/video.m3u8?token=***", "video"),
        ("synthetic://street?seed=1", "street"),
        ("%d.mp4", "d"),
        ("ü.mp4", "camera"),
        ("", "camera"),
    ],
)
def test_a_camera_is_named_after_its_address(address: str, name: str) -> None:
    assert camera_name(address) == name
