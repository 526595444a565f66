"""Reels: each segment is shown to the frame, in step with its sound, and in its chapter, in either mode."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stream.media.edit.join import Joined, Segment, join
from stream.media.probe import probe, verify
from tests.kit.films.numbered import (
    FASTEST,
    beeps,
    chapters_elsewhere,
    complaints,
    film,
    flashes,
    packets_of,
    shown,
    shown_elsewhere,
    steps,
)
from tests.kit.films.random_access import FPS, OPEN, UNFLAGGED, refreshed, without_keys

B_FRAMES = {**FASTEST, "bf": "3", "x264-params": "b-pyramid=normal:scenecut=0"}
IN_STEP_S = 0.04


def check_reel(path: Path, joined: Joined, titles: list[str]) -> None:
    """What holds for every reel."""
    assert complaints(path) == ""
    verified = verify(path)
    places = joined.places
    assert places[0].reel_start_s == 0
    assert all(a.reel_end_s == b.reel_start_s for a, b in pairwise(places))
    assert verified.duration_s == pytest.approx(places[-1].reel_end_s, abs=1e-3)
    times_s = [at_s for at_s, _ in shown(path)]
    assert times_s[0] == 0
    assert shown_elsewhere(path) == pytest.approx(times_s, abs=1e-4)
    found = chapters_elsewhere(path)
    assert [title for _, _, title in found] == titles
    for place, (start_s, end_s, _) in zip(places, found, strict=True):
        assert (start_s, end_s) == pytest.approx((place.reel_start_s, place.reel_end_s), abs=1e-3)
    head = path.read_bytes()[:64]
    assert b"moov" in head, "not faststart"


def check_numbers(path: Path, joined: Joined, fps: float, firsts: list[int]) -> None:
    """That each place shows just the pictures that it names, evenly numbered films at ``fps``."""
    pictures = shown(path)
    for place, first in zip(joined.places, firsts, strict=True):
        inside = [
            (at_s, number)
            for at_s, number in pictures
            if place.reel_start_s - 1e-3 <= at_s < place.reel_end_s - 1e-3
        ]
        expected = range(first + round(place.start_s * fps), first + round(place.end_s * fps))
        assert [number for _, number in inside] == list(expected)
        assert [at_s for at_s, _ in inside] == pytest.approx(
            [place.reel_start_s + n / fps for n in range(len(inside))], abs=1e-3
        )


def check_in_step(path: Path) -> None:
    assert len(flashes(path)) > 1
    assert beeps(path) == pytest.approx(flashes(path), abs=IN_STEP_S)


@pytest.mark.parametrize(
    ("container", "options"),
    [("mp4", FASTEST), ("mp4", B_FRAMES), ("matroska", B_FRAMES), ("mpegts", B_FRAMES)],
)
def test_segments_of_one_file_are_copied(tmp_path: Path, options: Mapping[str, str], container: str) -> None:
    source = film(tmp_path / "film", seconds=6, gop=20, sound="aac", options=options, container=container)
    out = tmp_path / "reel.mp4"
    segments = [Segment(source, 4.5, 5.5), Segment(source, 0.0, 1.2), Segment(source, 2.0, 3.5)]
    joined = join(segments, out, titles=["a", "b", "c"])
    assert joined.mode == "copy"
    check_reel(out, joined, ["a", "b", "c"])
    check_numbers(out, joined, 25, [0, 0, 0])
    check_in_step(out)
    for segment, place in zip(segments, joined.places, strict=True):
        assert segment.start_s - 1.0 <= place.start_s <= segment.start_s + 0.02
        assert segment.end_s - 0.02 <= place.end_s <= segment.end_s + 0.16


def bytes_of_pictures(path: Path) -> list[bytes]:
    with packets_of(path) as (_, packets):
        return [bytes(packet) for packet in packets if packet.stream.type == "video"]


def test_copied_pictures_are_the_same_bytes(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=3)
    out = tmp_path / "reel.mp4"
    assert join([Segment(source, 1.0, 2.0)], out, titles=[""]).mode == "copy"
    assert bytes_of_pictures(out) == bytes_of_pictures(source)[25:50]


def test_a_late_keyframe_means_encoding(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=4, gop=50, sound="aac")
    out = tmp_path / "reel.mp4"
    segments = [Segment(source, 0.0, 1.0), Segment(source, 3.2, 3.8)]
    assert join(segments, out, titles=["a", "b"], max_early_s=1.3).mode == "copy"
    joined = join(segments, out, titles=["a", "b"], max_early_s=1.0)
    assert joined.mode == "encode"
    check_reel(out, joined, ["a", "b"])
    check_numbers(out, joined, 25, [0, 0])
    assert [p.start_s for p in joined.places] == pytest.approx([0.0, 3.2])
    assert [p.end_s for p in joined.places] == pytest.approx([1.0, 3.8])


def test_clips_of_one_camera_are_copied_from_mp4_and_ts_alike(tmp_path: Path) -> None:
    """The same encoder in Annex B and in MP4's dress."""
    one = film(tmp_path / "one.mp4", seconds=2, options=B_FRAMES)
    other = film(tmp_path / "two.ts", seconds=2, first=500, container="mpegts", options=B_FRAMES)
    out = tmp_path / "reel.mp4"
    for order in ([one, other, one], [other, one]):
        joined = join([Segment(path, 0.0, 1.5) for path in order], out, titles=["x"] * len(order))
        assert joined.mode == "copy"
        check_reel(out, joined, ["x"] * len(order))
        check_numbers(out, joined, 25, [0 if path == one else 500 for path in order])


OTHERS = {
    "another encoder's settings": {"options": {**FASTEST, "x264-params": "cabac=1"}},
    "another size": {"size": (256, 128)},
    "rotated": {"rotation_deg": 90},
    "pixels that are not square": {"pixel_aspect": Fraction(4, 3)},
    "10 bit": {"pixel_format": "yuv420p10le"},
    "HEVC": {"codec": "libx265", "options": {**FASTEST, "x265-params": "log-level=none"}},
    "MPEG-4 in AVI": {"codec": "mpeg4", "container": "avi", "options": {}},
    "another rate": {"fps": 10},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_what_differs_is_encoded(tmp_path: Path, other: Mapping[str, Any]) -> None:
    one = film(tmp_path / "one", seconds=2)
    two = film(tmp_path / "two", seconds=2, first=1000, **other)
    out = tmp_path / "reel.mp4"
    joined = join([Segment(one, 0.0, 1.0), Segment(two, 0.4, 1.4)], out, titles=["a", "b"])
    assert joined.mode == "encode"
    check_reel(out, joined, ["a", "b"])
    assert [p.start_s for p in joined.places] == pytest.approx([0.0, 0.4])
    assert [p.end_s for p in joined.places] == pytest.approx([1.0, 1.4])


def test_open_groups_of_pictures_are_encoded(tmp_path: Path) -> None:
    """Their keyframes do not splice: a decoder would need what stood before."""
    options = {**FASTEST, "bf": "3", "x264-params": "open-gop=1:scenecut=0"}
    source = film(tmp_path / "film.mp4", seconds=4, gop=25, options=options)
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 0.0, 1.0), Segment(source, 2.1, 3.0)], out, titles=["a", "b"])
    assert joined.mode == "encode"
    check_reel(out, joined, ["a", "b"])
    check_numbers(out, joined, 25, [0, 0])


@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 16_000])
def test_sound_stays_in_step_over_many_cuts(tmp_path: Path, rate_hz: int) -> None:
    source = film(tmp_path / "film.mp4", seconds=5, gop=5, sound="aac", rate_hz=rate_hz, layout="mono")
    out = tmp_path / "reel.mp4"
    segments = [Segment(source, k + 0.6, k + 1.7) for k in (0, 1, 2, 3)] * 4
    joined = join(segments, out, titles=["x"] * len(segments))
    assert joined.mode == "copy"
    check_reel(out, joined, ["x"] * len(segments))
    check_in_step(out)


SOUNDS = [
    ("aac", 8_000, "mp4"),
    ("libmp3lame", 44_100, "mp4"),
    ("pcm_mulaw", 8_000, "mov"),
    ("ac3", 48_000, "mp4"),
]


@pytest.mark.parametrize(("sound", "rate_hz", "container"), SOUNDS)
def test_pictures_are_copied_while_sound_is_encoded(
    tmp_path: Path, sound: str, rate_hz: int, container: str
) -> None:
    source = film(
        tmp_path / "film", seconds=4, gop=10, sound=sound, rate_hz=rate_hz, layout="mono", container=container
    )
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 0.8, 2.2), Segment(source, 2.8, 4.0)], out, titles=["a", "b"])
    assert joined.mode == "copy"
    assert probe(out).audio_codec == "aac"
    check_reel(out, joined, ["a", "b"])
    check_in_step(out)


@pytest.mark.parametrize("allow_copy", [True, False])
def test_silence_where_a_segment_has_no_sound(tmp_path: Path, *, allow_copy: bool) -> None:
    silent = film(tmp_path / "silent.mp4", seconds=2, gop=10)
    loud = film(tmp_path / "loud.mp4", seconds=2, gop=10, first=100, sound="aac", rate_hz=44_100)
    out = tmp_path / "reel.mp4"
    segments = [Segment(silent, 0.4, 1.6), Segment(loud, 0.8, 1.6), Segment(silent, 0.8, 1.6)]
    joined = join(segments, out, titles=["a", "b", "c"], allow_copy=allow_copy)
    assert joined.mode == ("copy" if allow_copy else "encode")
    check_reel(out, joined, ["a", "b", "c"])
    check_numbers(out, joined, 25, [0, 100, 0])
    assert beeps(out) == pytest.approx([1.4], abs=IN_STEP_S)


def test_no_sound_track_where_no_segment_has_sound(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    for allow_copy in (True, False):
        join([Segment(source, 0.0, 1.0)], tmp_path / "reel.mp4", titles=[""], allow_copy=allow_copy)
        assert probe(tmp_path / "reel.mp4").audio_codec is None


def test_rotation_survives_a_copy(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1, rotation_deg=270, pixel_aspect=Fraction(4, 3))
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 0.0, 0.5)] * 2, out, titles=["a", "b"])
    assert joined.mode == "copy"
    check_reel(out, joined, ["a", "b"])
    assert (probe(out).rotation_deg, probe(out).width, probe(out).height) == (270, 128, 256)


def test_a_camera_whose_clock_jitters_is_copied_and_evened_out(tmp_path: Path) -> None:
    source = film(
        tmp_path / "film.mp4",
        seconds=4,
        sound="aac",
        time_s=lambda nth: nth / 25 + (0.011 if nth % 3 == 1 else 0.0),
    )
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 1.0, 1.9), Segment(source, 2.0, 3.5)], out, titles=["a", "b"])
    assert joined.mode == "copy"
    check_reel(out, joined, ["a", "b"])
    check_in_step(out)
    assert all(step == pytest.approx(0.04, abs=1e-3) for step in steps(shown_elsewhere(out)))


def test_a_film_that_pauses_is_copied(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=4, time_s=lambda nth: nth / 25 + (1.0 if nth > 30 else 0.0))
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 1.0, 1.8), Segment(source, 0.0, 0.4)], out, titles=["a", "b"])
    assert joined.mode == "copy"
    check_reel(out, joined, ["a", "b"])
    assert joined.places[0].end_s == pytest.approx(1.8), "the last picture stands until the end"


def test_a_film_with_pictures_too_close_for_players_is_encoded(tmp_path: Path) -> None:
    def time_s(nth: int) -> float:
        return nth // 10 * 0.4 + min(nth % 10, 6) * 0.055 + max(0, nth % 10 - 6) * 0.005

    source = film(tmp_path / "film.mp4", seconds=4, time_s=time_s, sound="aac")
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 1.0, 2.5), Segment(source, 0.0, 1.0)], out, titles=["a", "b"])
    assert joined.mode == "encode"
    check_reel(out, joined, ["a", "b"])


def test_a_camera_that_slows_down_at_night_is_encoded(tmp_path: Path) -> None:
    """The same parameter sets, but players take the rate from the reel's start."""
    options = {**FASTEST, "x264-params": "force-cfr=0"}
    day = film(tmp_path / "day.mp4", seconds=1, options=options, time_s=lambda nth: nth / 25)
    night = film(tmp_path / "night.mp4", seconds=1, options=options, time_s=lambda nth: nth / 8, first=100)
    out = tmp_path / "reel.mp4"
    joined = join([Segment(day, 0.0, 0.8), Segment(night, 0.0, 2.0)], out, titles=["a", "b"])
    assert joined.mode == "encode"
    check_reel(out, joined, ["a", "b"])


def test_a_segment_may_begin_at_a_splice_behind_an_open_group(tmp_path: Path) -> None:
    """Keyframes of both kinds in one film: only those that need nothing before them are cut at."""
    options = {**FASTEST, "x264-params": "open-gop=1:bframes=3:scenecut=0"}
    one = film(tmp_path / "one.ts", seconds=2, gop=20, options=options, container="mpegts")
    out = tmp_path / "reel.mp4"
    joined = join([Segment(one, 0.5, 1.9)], out, titles=["a"])  # passes an open group's keyframe
    assert joined.mode == "copy"
    check_reel(out, joined, ["a"])
    check_numbers(out, joined, 25, [0])


def test_real_films_are_copied(tmp_path: Path, shared_media: Path) -> None:
    out = tmp_path / "reel.mp4"
    for name, starts_s in (
        ("vtest_pedestrians_480x360.mp4", (8.5, 0.0, 24.3)),
        ("car-detection.mp4", (9.9, 19.3, 4.8)),
        ("small_bunny_1080p_60fps.ts", (0.3,)),
    ):
        segments = [Segment(shared_media / name, at_s, at_s + 1.0) for at_s in starts_s]
        titles = [f"{at_s}" for at_s in starts_s]
        joined = join(segments, out, titles=titles)
        assert joined.mode == "copy"
        check_reel(out, joined, titles)


def test_arguments_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    out = tmp_path / "reel.mp4"
    for segments, titles in (
        ([], []),
        ([Segment(source, 0.0, 1.0)], []),
        ([Segment(source, 0.5, 0.5)], ["x"]),
        ([Segment(source, -1.0, 0.5)], ["x"]),
    ):
        with pytest.raises(ValueError, match=r"titles|no time between"):
            join(segments, out, titles=titles)
    assert not out.exists()


REFRESHED: dict[str, tuple[str, str]] = {
    f"{codec} in {container}": (codec, container)
    for codec in ("h264", "hevc")
    for container in ("mpegts", "mp4", "matroska")
}


@pytest.mark.parametrize(("codec", "container"), REFRESHED.values(), ids=REFRESHED.keys())
def test_a_segment_inside_an_intra_refresh_is_complete_from_its_first_frame(
    codec: str, container: str, tmp_path: Path
) -> None:
    source = refreshed(tmp_path / "film", codec, container=container, seconds=15, sound="aac")
    segments = [Segment(source, 4.5, 6.5), Segment(source, 11.75, 13.0)]
    out = tmp_path / "reel.mp4"
    joined = join(segments, out, titles=["a", "b"])
    assert joined.mode == "encode"
    assert [(p.start_s, p.end_s) for p in joined.places] == [(4.5, 6.5), (11.75, 13.0)]
    check_reel(out, joined, ["a", "b"])
    check_numbers(out, joined, FPS, [0, 0])


def test_the_idr_that_a_refresh_begins_with_is_copied_from(tmp_path: Path) -> None:
    source = refreshed(tmp_path / "film.ts", "h264", container="mpegts", seconds=6)
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 0.5, 3.0)], out, titles=["a"])
    assert joined.mode == "copy"
    assert joined.places[0].start_s == 0
    check_numbers(out, joined, FPS, [0])


@pytest.mark.parametrize("container", ["mpegts", "mp4"])
@pytest.mark.parametrize("form", OPEN.values(), ids=OPEN.keys())
def test_a_segment_of_open_groups_is_complete_from_its_first_frame(
    form: Mapping[str, Any], container: str, tmp_path: Path
) -> None:
    fps = form.get("fps", FPS)
    source = film(tmp_path / "film", container=container, **{"seconds": 8, "fps": fps, **form})
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, 4.0, 5.0), Segment(source, 5.92, 7.0)], out, titles=["a", "b"])
    assert [p.start_s for p in joined.places] == pytest.approx([4.0, 5.92], abs=0.5 / fps)
    check_reel(out, joined, ["a", "b"])
    check_numbers(out, joined, fps, [0, 0])


@pytest.mark.parametrize("but_first", [False, True], ids=["no key", "one key"])
@pytest.mark.parametrize("form", UNFLAGGED.values(), ids=UNFLAGGED.keys())
def test_a_file_that_marks_no_frame_as_key_is_shown_to_the_picture(
    form: Mapping[str, Any], tmp_path: Path, *, but_first: bool
) -> None:
    source = film(tmp_path / "film.avi", container="avi", seconds=30, fps=10, gop=20, **form)
    without_keys(source, but_first=but_first)
    out = tmp_path / "reel.mp4"
    segments = [Segment(source, 3.0, 4.0), Segment(source, 24.5, 26.0)]
    joined = join(segments, out, titles=["a", "b"], max_early_s=0.0)
    assert [(p.start_s, p.end_s) for p in joined.places] == [(3.0, 4.0), (24.5, 26.0)]
    check_reel(out, joined, ["a", "b"])
    check_numbers(out, joined, 10, [0, 0])


SLOW: dict[str, tuple[Fraction, str, int]] = {
    f"{fps} fps in {container}, {'all key' if gop == 1 else 'few keys'}": (fps, container, gop)
    for fps in (Fraction(1, 5), Fraction(1, 60))
    for container in ("mp4", "mpegts", "matroska", "avi")
    for gop in ((1, 12) if fps == Fraction(1, 60) else (12,))
}


@pytest.mark.parametrize(("fps", "container", "gop"), SLOW.values(), ids=SLOW.keys())
def test_a_frame_of_a_slow_film_stands_until_the_next(
    fps: Fraction, container: str, gop: int, tmp_path: Path
) -> None:
    step_s = float(1 / fps)
    options = {**FASTEST, "bf": "0"}
    source = film(
        tmp_path / "film", seconds=30 * step_s, fps=fps, gop=gop, container=container, options=options
    )
    # Inside the fourth frame; over the seam of two; in the middle of one; up to the film's end.
    starts_s = [3.1 * step_s, 10 * step_s - 1.5, 20.5 * step_s, 30 * step_s - 2.0]
    out = tmp_path / "reel.mp4"
    joined = join([Segment(source, s, s + 2.0) for s in starts_s], out, titles=list("abcd"))
    check_reel(out, joined, list("abcd"))
    assert [p.end_s - p.start_s for p in joined.places] == pytest.approx([2.0] * 4, abs=0.051)
    assert [p.start_s for p in joined.places] == pytest.approx(starts_s, abs=0.001)
    numbers = [
        [n for at_s, n in shown(out) if p.reel_start_s <= at_s + 1e-3 < p.reel_end_s] for p in joined.places
    ]
    assert [sorted(set(inside)) for inside in numbers] == [[3], [9, 10], [20], [29]]


def test_a_frame_before_a_long_pause_stands_through_it(tmp_path: Path) -> None:
    def time_s(nth: int) -> float:
        return nth / 25 + (60.0 if nth >= 100 else 0.0)

    source = film(tmp_path / "film.mp4", seconds=8, time_s=time_s, gop=25)
    out = tmp_path / "reel.mp4"
    joined = join(
        [Segment(source, 3.5, 6.0), Segment(source, 30.0, 33.0), Segment(source, 63.0, 65.0)],
        out,
        titles=["a", "b", "c"],
        allow_copy=False,
    )
    check_reel(out, joined, ["a", "b", "c"])
    assert [p.end_s - p.start_s for p in joined.places] == pytest.approx([2.5, 3.0, 2.0], abs=0.03)
    numbers = [
        [n for at_s, n in shown(out) if p.reel_start_s <= at_s + 1e-3 < p.reel_end_s] for p in joined.places
    ]
    assert set(numbers[1]) == {99}
    assert numbers[0][-1] == 99
    assert (numbers[2][0], numbers[2][-1]) == (99, 124)
