"""Slideshows: each picture whole, upright in its box, and held for just as long as asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from stream.media.edit.slideshow import Slides, slideshow
from stream.media.file import MediaError
from stream.media.frame_grab import grab
from stream.media.probe import probe, verify
from tests.kit.films.numbered import (
    Rgb,
    chapters_elsewhere,
    complaints,
    number_of,
    picture,
    shown,
    shown_elsewhere,
)


@pytest.mark.parametrize("hold_s", [0.4, 1 / 3, 2.0, 0.04])
def test_each_picture_is_held_the_last_one_too(tmp_path: Path, hold_s: float) -> None:
    out = tmp_path / "slides.mp4"
    chapters = [Slides("one", map(picture, range(3))), Slides("two", [picture(3)])]
    joined = slideshow(chapters, out, hold_s=hold_s, title="All")
    assert complaints(out) == ""
    assert verify(out).duration_s == pytest.approx(4 * hold_s, abs=1e-3)
    assert probe(out).duration_s == pytest.approx(4 * hold_s, abs=1e-3)
    assert [number for _, number in shown(out)] == [0, 1, 2, 3]
    times_s = [k * hold_s for k in range(4)]
    assert [at_s for at_s, _ in shown(out)] == pytest.approx(times_s, abs=1e-3)
    assert shown_elsewhere(out) == pytest.approx(times_s, abs=1e-3)
    assert joined.mode == "encode"
    assert [p.reel_start_s for p in joined.places] == pytest.approx([0.0, 3 * hold_s], abs=1e-3)
    for (start_s, end_s, title), place, name in zip(
        chapters_elsewhere(out), joined.places, ["one", "two"], strict=True
    ):
        assert (start_s, end_s) == pytest.approx((place.reel_start_s, place.reel_end_s), abs=1e-3)
        assert title == name
    assert b"moov" in out.read_bytes()[:64], "not faststart"


def test_other_sizes_are_fitted_into_the_first_ones(tmp_path: Path) -> None:
    out = tmp_path / "slides.mp4"
    sizes = [(321, 241), (90, 240), (640, 100), (20, 16)]
    slideshow([Slides("x", [picture(n, size) for n, size in enumerate(sizes)])], out)
    assert (probe(out).width, probe(out).height) == (320, 240)
    whole, tall, flat, small = grab(out, [0.0, 0.4, 0.8, 1.2])
    assert [number_of(whole), number_of(tall[:, 115:205])] == [0, 1]
    assert tall[:, :112].max() < 20
    assert number_of(flat[95:145]) == 2
    assert flat[:92].max() < 20
    assert small[:, 160].max() > 100  # blown up


@pytest.mark.parametrize("size", [(320, 240), (1280, 720)])
def test_colours_are_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    colors = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    pictures = [np.full((size[1], size[0], 3), color, np.uint8) for color in colors]
    slideshow([Slides("x", pictures)], tmp_path / "slides.mp4")
    for rgb, color in zip(grab(tmp_path / "slides.mp4", [0.0, 0.4, 0.8]), colors, strict=True):
        assert np.abs(rgb[100, 100].astype(int) - color).max() <= 5


def test_pictures_are_taken_one_by_one(tmp_path: Path) -> None:
    alive: list[int] = []

    def pictures() -> Iterator[Rgb]:
        for n in range(20):
            alive.append(n)
            yield picture(n)

    slideshow([Slides("x", pictures())], tmp_path / "slides.mp4")
    assert alive == list(range(20))
    assert verify(tmp_path / "slides.mp4").frames == 20


def test_nothing_to_show_is_one_clear_line(tmp_path: Path) -> None:
    for chapters in ([], [Slides("x", [])], [Slides("x", [picture(0)]), Slides("y", [])]):
        with pytest.raises(MediaError, match="a chapter without pictures"):
            slideshow(chapters, tmp_path / "slides.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_source_of_pictures_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def pictures() -> Iterator[Rgb]:
        yield picture(0)
        raise MediaError("cannot read x")

    with pytest.raises(MediaError, match="cannot read x"):
        slideshow([Slides("x", pictures())], tmp_path / "slides.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("size", "named"), [((320, 240), 6), ((960, 720), 1)])
def test_its_colours_are_named(tmp_path: Path, size: tuple[int, int], named: int) -> None:
    out = tmp_path / "slides.mp4"
    slideshow([Slides("x", [picture(1, size)])], out)
    with av.open(out) as film:
        assert len(list(film.decode(video=0))) == 1
        context = film.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (named,) * 3
        assert context.color_range == 1, "limited"
    assert number_of(grab(out, [0.0])[0]) == 1
