"""Re-encoded reels: any film comes out upright, whole, evenly paced and in step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from stream.media.edit.encode import common_rate
from stream.media.edit.join import Joined, Segment, join
from stream.media.file import MediaError
from stream.media.frame_grab import grab
from stream.media.probe import probe, verify
from tests.kit.films.numbered import (
    FASTEST,
    beeps,
    complaints,
    film,
    flashes,
    number_of,
    shown,
    shown_elsewhere,
    steps,
)

B_FRAMES = {**FASTEST, "bf": "3"}
HEVC = {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none"}}


def encoded(out: Path, *segments: Segment, **options: Any) -> Joined:
    joined = join(segments, out, titles=["x"] * len(segments), allow_copy=False, **options)
    assert joined.mode == "encode"
    assert complaints(out) == ""
    assert verify(out).duration_s == pytest.approx(joined.places[-1].reel_end_s, abs=1e-3)
    times_s = [at_s for at_s, _ in shown(out)]
    assert shown_elsewhere(out) == pytest.approx(times_s, abs=1e-4)
    assert times_s == pytest.approx([n / probe(out).fps for n in range(len(times_s))], abs=1e-3)
    return joined


FILMS: dict[str, dict[str, Any]] = {
    "B-frames": {"options": B_FRAMES},
    "HEVC in 10 bit": {**HEVC, "pixel_format": "yuv420p10le"},
    "MPEG-4 in AVI": {"codec": "mpeg4", "container": "avi", "options": {}},
    "MPEG-TS": {"container": "mpegts", "options": B_FRAMES},
    "a raw stream": {"container": "h264"},
    "full range": {"pixel_format": "yuvj420p"},
    "4:4:4": {"pixel_format": "yuv444p"},
    "RGB": {"codec": "png", "container": "mov", "pixel_format": "rgb24", "options": {}},
    "Motion JPEG": {"codec": "mjpeg", "container": "avi", "pixel_format": "yuvj420p", "options": {}},
}


@pytest.mark.parametrize("form", FILMS.values(), ids=FILMS.keys())
def test_any_film_is_shown_to_the_picture(tmp_path: Path, form: Mapping[str, Any]) -> None:
    source = film(tmp_path / "film", **{"seconds": 4, "gop": 40, **form})
    out = tmp_path / "reel.mp4"
    joined = encoded(out, Segment(source, 2.4, 3.2), Segment(source, 0.0, 0.6))
    assert [number for _, number in shown(out)] == [*range(60, 80), *range(15)]
    assert [p.start_s for p in joined.places] == pytest.approx([2.4, 0.0], abs=1e-3)
    assert [p.end_s for p in joined.places] == pytest.approx([3.2, 0.6], abs=1e-3)
    with av.open(str(out)) as reel:
        video = reel.streams.video[0]
        assert (video.pix_fmt, video.codec_context.profile) == ("yuv420p", "High")
        assert video.sample_aspect_ratio == 1


def test_sizes_are_brought_to_the_largest_with_black_bars(tmp_path: Path) -> None:
    wide = film(tmp_path / "wide.mp4", seconds=0.4, size=(320, 180))
    tall = film(tmp_path / "tall.mp4", seconds=0.4, size=(90, 160), first=100)
    odd = film(
        tmp_path / "odd.mkv",
        container="matroska",
        seconds=0.4,
        first=200,
        size=(161, 91),
        pixel_format="yuv444p",
    )
    out = tmp_path / "reel.mp4"
    encoded(out, *(Segment(path, 0.0, 0.4) for path in (wide, tall, odd)))
    assert (probe(out).width, probe(out).height) == (320, 180)
    first, second, third = grab(out, [0.2, 0.6, 1.0])
    assert number_of(first) == 5
    assert number_of(second[:, 108:210]) == 105  # 90x160 fits as 102x180
    assert max(second[:, :100].max(), second[:, 220:].max()) < 20
    assert number_of(third) == 205


def test_rotated_films_and_wide_pixels_are_shown_as_meant(tmp_path: Path) -> None:
    turned = film(tmp_path / "turned.mp4", seconds=0.4, rotation_deg=90)
    wide = film(tmp_path / "wide.mp4", seconds=0.4, pixel_aspect=Fraction(3, 2), first=100)
    out = tmp_path / "reel.mp4"
    encoded(out, Segment(turned, 0.0, 0.4), Segment(wide, 0.0, 0.4))
    assert (probe(out).width, probe(out).height, probe(out).rotation_deg) == (288, 128, 0)
    upright, stretched = grab(out, [0.2, 0.6])
    left, width = (288 - 86) // 4 * 2, 86  # 128x192 fits as 86x128
    assert number_of(np.rot90(upright[:, left : left + width], -1)) == 5
    assert number_of(stretched) == 105


def test_a_reel_is_not_higher_than_asked_for(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=0.4, size=(640, 360))
    out = tmp_path / "reel.mp4"
    encoded(out, Segment(source, 0.0, 0.4), max_height_px=180)
    assert (probe(out).width, probe(out).height) == (320, 180)


def test_films_of_different_rates_keep_their_pace(tmp_path: Path) -> None:
    slow = film(tmp_path / "slow.mp4", seconds=2, fps=10, sound="aac")
    fast = film(tmp_path / "fast.mp4", seconds=2, fps=30, first=100, sound="aac", rate_hz=44_100)
    out = tmp_path / "reel.mp4"
    encoded(out, Segment(slow, 0.5, 1.5), Segment(fast, 0.5, 1.5), Segment(slow, 0.5, 1.5))
    assert probe(out).fps == 30
    numbers = [number for _, number in shown(out)]
    slowly = [n for n in range(5, 15) for _ in range(3)]
    assert numbers == [*slowly, *range(115, 145), *slowly]
    assert beeps(out) == pytest.approx(flashes(out), abs=0.04)
    assert flashes(out) == pytest.approx([0.5, 1.5, 2.5], abs=0.02)


@pytest.mark.parametrize(
    ("rates", "common"),
    [
        ([25], 25),
        ([25, 25, 10], 25),
        ([10, 10, 25], 25),
        ([25, 60], 25),
        ([60, 60, 25], 60),
        ([240], 60),
        ([1], 1),
    ],
)
def test_the_common_rate_costs_no_ordinary_film_its_pictures(rates: list[int], common: int) -> None:
    assert common_rate(Counter(map(Fraction, rates))) == common


def test_an_uneven_film_is_paced_evenly(tmp_path: Path) -> None:
    """It stands still for two seconds, then goes on at once."""
    source = film(
        tmp_path / "film.mp4",
        fps=25,
        seconds=4,
        sound="aac",
        time_s=lambda nth: nth / 25 + (2.0 if nth >= 50 else 0.0) + (0.013 if nth % 2 else 0.0),
    )
    out = tmp_path / "reel.mp4"
    joined = encoded(out, Segment(source, 1.0, 3.0), Segment(source, 2.5, 3.5), Segment(source, 5.0, 5.6))
    numbers = [number for _, number in shown(out)]
    assert numbers.count(49) > 45
    assert set(numbers) >= set(range(26, 49))
    assert [p.reel_end_s - p.reel_start_s for p in joined.places] == pytest.approx([2.0, 1.0, 0.6], abs=0.05)


def test_sound_of_any_kind_is_in_step(tmp_path: Path) -> None:
    kinds: list[dict[str, Any]] = [
        {"sound": "aac", "rate_hz": 44_100},
        {"sound": "pcm_mulaw", "rate_hz": 8_000, "layout": "mono", "container": "mov"},
        {"sound": "flac", "container": "matroska"},
        {"sound": "ac3", "layout": "5.1", "container": "mpegts"},
        {"sound": "libopus", "container": "matroska"},
    ]
    sources = [film(tmp_path / f"{i}", seconds=3, gop=60, **kind) for i, kind in enumerate(kinds)]
    out = tmp_path / "reel.mp4"
    encoded(out, *(Segment(path, 0.7, 2.3) for path in sources * 2))
    assert len(beeps(out)) == 20
    assert beeps(out) == pytest.approx(flashes(out), abs=0.03)
    with av.open(str(out)) as reel:
        sound = reel.streams.audio[0]
        assert (sound.codec_context.name, sound.rate, sound.layout.name) == ("aac", 48_000, "stereo")


def test_packed_b_frames_come_out_in_order(tmp_path: Path, shared_media: Path) -> None:
    out = tmp_path / "reel.mp4"
    joined = encoded(out, Segment(shared_media / "highway_video02.avi", 5.0, 7.0), max_height_px=120)
    assert [p.reel_end_s for p in joined.places] == pytest.approx([2.0], abs=0.05)


def test_real_films_of_all_kinds_make_one_reel(tmp_path: Path, shared_media: Path) -> None:
    out = tmp_path / "reel.mp4"
    segments = [
        Segment(shared_media / "dog_run_hevc10.mkv", 1.0, 2.0),
        Segment(shared_media / "small_bunny_1080p_60fps.ts", 0.5, 1.0),
        Segment(shared_media / "car-detection.mp4", 4.0, 5.0),
        Segment(shared_media / "bottle-detection.mp4", 5.0, 6.0),
    ]
    joined = encoded(out, *segments, max_height_px=240)
    for segment, place in zip(segments, joined.places, strict=True):
        assert (place.start_s, place.end_s) == pytest.approx((segment.start_s, segment.end_s), abs=0.05)


def test_damage_on_the_way_is_passed_over(tmp_path: Path) -> None:
    source = film(tmp_path / "film.ts", seconds=4, gop=25, container="mpegts", sound="aac")
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = b"\xa5" * 3000
    source.write_bytes(data)
    out = tmp_path / "reel.mp4"
    joined = encoded(out, Segment(source, 0.0, 4.0))
    assert joined.places[0].reel_end_s == pytest.approx(4.0, abs=0.1)


def test_a_segment_behind_the_films_end_is_one_clear_line(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    with pytest.raises(MediaError, match=r"film\.mp4: no frame from 5\.00 to 6\.00 s"):
        join([Segment(source, 5.0, 6.0)], tmp_path / "reel.mp4", titles=["x"])
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_a_segment_that_runs_over_the_end_ends_there(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1, sound="aac")
    out = tmp_path / "reel.mp4"
    joined = encoded(out, Segment(source, 0.6, 9.0), Segment(source, 0.0, 0.4))
    assert joined.places[0].end_s == pytest.approx(1.0)
    assert [number for _, number in shown(out)] == [*range(15, 25), *range(10)]


def test_each_segment_begins_with_a_keyframe(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=2)
    out = tmp_path / "reel.mp4"
    joined = encoded(out, Segment(source, 0.2, 1.0), Segment(source, 1.0, 1.6), Segment(source, 0.0, 0.6))
    with av.open(str(out)) as reel:
        keys = {round(float((p.pts or 0) * p.time_base), 3) for p in reel.demux(video=0) if p.is_keyframe}
    assert keys >= {round(p.reel_start_s, 3) for p in joined.places}


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=2)
    segments = [Segment(source, 0.0, 0.8), Segment(source, 1.0, 1.8)]
    for allow_copy in (True, False):
        done: list[float] = []
        join(
            segments, tmp_path / "reel.mp4", titles=["a", "b"], allow_copy=allow_copy, on_progress=done.append
        )
        assert all(step >= 0 for step in steps(done))
        assert done[-1] == pytest.approx(1.0)
