"""Orientation and shape: a circle stays a circle, and each corner stands where players show it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.media.clip import write_clip
from stream.media.edit.join import Segment, join
from stream.media.frame_grab import grab
from stream.media.probe import probe
from stream.picture.display import Display, Size, _display, side_bytes
from tests.kit.films.numbered import ffmpeg, packets_of
from tests.kit.films.test_card import CORNERS, card_film, corners, roundness, shown_by_ffmpeg

ORIENTATIONS = [
    Display(rotation_deg=rotation_deg, mirrored=mirrored)
    for rotation_deg, mirrored in product((0, 90, 180, 270), (False, True))
]
NAMES = [f"{'mirrored ' if way.mirrored else ''}{way.rotation_deg}" for way in ORIENTATIONS]
HALF_D1 = Fraction(24, 11)  # 352x576 as 768x576
ONE = 65536
Make = Callable[[Path, Display], Path]


def packed(values: tuple[float, ...]) -> bytes:
    return struct.pack("=9i", *(round(value * ONE) for value in values[:-1]), 1 << 30)


def scaled(display: Display, horizontal: float, vertical: float) -> tuple[int, ...]:
    """The matrix that scales the stored frame before it turns it."""
    a, b, u, c, d, v, *rest = display.matrix
    return (
        round(a * horizontal),
        round(b * horizontal),
        u,
        round(c * vertical),
        round(d * vertical),
        v,
        *rest,
    )


@pytest.mark.parametrize("way", ORIENTATIONS, ids=NAMES)
def test_all_eight_orientations_are_shown_as_players_show_them(way: Display, tmp_path: Path) -> None:
    film = card_film(tmp_path / "film.mp4", (192, 128), way)
    picture = grab(film, [0.0])[0]
    assert picture.shape == (128, 192, 3)
    assert corners(picture) == corners(shown_by_ffmpeg(film)) == CORNERS
    assert (probe(film).rotation_deg, probe(film).mirrored) == (way.rotation_deg, way.mirrored)


@pytest.mark.parametrize("way", ORIENTATIONS, ids=NAMES)
def test_a_matrix_is_read_as_it_is_written(way: Display) -> None:
    assert _display(struct.pack("=9i", *way.matrix), Fraction(1)) == way


@pytest.mark.parametrize(
    "matrix",
    [
        (0, 0, 0, 0, 0, 0, 0, 0, 1),
        (1, 1, 0, 1, 1, 0, 0, 0, 1),
        (1, 0, 0, 0.02, 1, 0, 9, 9, 1),
    ],
    ids=["no area", "a line", "nearly none"],
)
def test_a_matrix_without_a_meaning_changes_nothing(matrix: tuple[float, ...]) -> None:
    assert _display(packed(matrix), Fraction(1)) == Display()


@given(st.binary(min_size=36, max_size=36), st.fractions(Fraction(1, 10**6), 10**6))
def test_no_matrix_and_no_aspect_makes_a_monster(matrix: bytes, aspect: Fraction) -> None:
    shown = _display(matrix, aspect).size(64, 64)
    assert 8 <= min(shown.width, shown.height) <= max(shown.width, shown.height) <= 64 * 8


def stored_shape(way: Display) -> str:
    return "3:4" if way.rotation_deg % 180 else "4:3"


def codec_only(folder: Path, way: Display) -> Path:
    return card_film(folder / "film.mp4", SHOWN, way, codec_aspect=HALF_D1)


def matroska_only(folder: Path, way: Display) -> Path:
    plain = card_film(folder / "plain.mp4", SHOWN, way)
    film = folder / "film.mkv"
    ffmpeg("-v", "error", "-i", str(plain), "-c", "copy", "-aspect", stored_shape(way), str(film))
    return film


def pasp_only(folder: Path, way: Display) -> Path:
    plain = card_film(folder / "plain.mp4", SHOWN, way)
    film = folder / "film.mp4"
    ffmpeg("-v", "error", "-i", str(plain), "-c", "copy", "-aspect", stored_shape(way), str(film))
    return film


def matrix_only(folder: Path, way: Display) -> Path:
    return card_film(folder / "film.mp4", SHOWN, way, matrix=scaled(way, 24 / 11, 1))


def matrix_that_shrinks(folder: Path, way: Display) -> Path:
    return card_film(folder / "film.mp4", SHOWN, way, matrix=scaled(way, 1, 11 / 24))


def matrix_and_square_pixels(folder: Path, way: Display) -> Path:
    matrix = scaled(way, 24 / 11, 1)
    return card_film(folder / "film.mp4", SHOWN, way, matrix=matrix, codec_aspect=Fraction(1))


def matrix_and_the_same_again(folder: Path, way: Display) -> Path:
    return card_film(folder / "film.mp4", SHOWN, way, matrix=scaled(way, 24 / 11, 1), codec_aspect=HALF_D1)


def matrix_and_another(folder: Path, way: Display) -> Path:
    """16/11 stand in the codec, the other 3/2 in the matrix."""
    return card_film(
        folder / "film.mp4", SHOWN, way, matrix=scaled(way, 3 / 2, 1), codec_aspect=Fraction(16, 11)
    )


SHOWN = (384, 288)
MAKERS = [
    codec_only,
    matroska_only,
    pasp_only,
    matrix_only,
    matrix_that_shrinks,
    matrix_and_square_pixels,
    matrix_and_the_same_again,
    matrix_and_another,
]


@pytest.mark.parametrize("make", MAKERS)
def test_a_circle_stays_a_circle_wherever_the_aspect_stands(make: Make, tmp_path: Path) -> None:
    """Half D1 at half its size: 176x288, shown as 4:3."""
    film = make(tmp_path, Display(HALF_D1))
    picture = grab(film, [0.0])[0]
    assert picture.shape == (288, 384, 3)
    assert roundness(picture) == pytest.approx(1.0, abs=0.03)
    assert corners(picture) == CORNERS
    assert (probe(film).width, probe(film).height) == SHOWN


@pytest.mark.parametrize("way", ORIENTATIONS, ids=NAMES)
@pytest.mark.parametrize("make", [codec_only, matrix_only, matrix_and_square_pixels])
def test_a_circle_stays_a_circle_when_it_is_turned(make: Make, way: Display, tmp_path: Path) -> None:
    film = make(tmp_path, Display(HALF_D1, way.rotation_deg, way.mirrored))
    picture = grab(film, [0.0])[0]
    assert roundness(picture) == pytest.approx(1.0, abs=0.03)
    assert corners(picture) == CORNERS


@pytest.mark.parametrize(
    ("stored", "aspect", "shown"),
    [
        ((720, 576), Fraction(16, 15), Size(768, 576)),
        ((720, 576), Fraction(64, 45), Size(1024, 576)),
        ((720, 480), Fraction(8, 9), Size(640, 480)),
        ((352, 576), Fraction(24, 11), Size(768, 576)),
        ((960, 576), Fraction(4, 5), Size(768, 576)),
        ((1440, 1080), Fraction(4, 3), Size(1920, 1080)),
        ((640, 360), Fraction(1, 1000), Size(640, 360)),
    ],
)
def test_usual_pixels_give_usual_sizes(stored: tuple[int, int], aspect: Fraction, shown: Size) -> None:
    assert _display(None, aspect).size(*stored) == shown


COPIED = [codec_only, matroska_only, matrix_only, matrix_and_square_pixels]


@pytest.mark.parametrize("make", COPIED)
@pytest.mark.parametrize("way", ORIENTATIONS, ids=NAMES)
def test_a_copied_reel_is_displayed_like_its_source(make: Make, way: Display, tmp_path: Path) -> None:
    film = make(tmp_path, Display(HALF_D1, way.rotation_deg, way.mirrored))
    reel = tmp_path / "reel.mp4"
    assert join([Segment(film, 0.0, 0.5)] * 2, reel, titles=["a", "b"]).mode == "copy"
    picture = grab(reel, [0.2])[0]
    assert roundness(picture) == pytest.approx(1.0, abs=0.03)
    assert corners(picture) == corners(shown_by_ffmpeg(reel)) == CORNERS
    with av.open(str(reel)) as container:
        video = container.streams.video[0]
        frame = next(container.decode(video))
        matrix = side_bytes(frame, "DISPLAYMATRIX")
        values = (ONE,) if matrix is None else struct.unpack("=9i", matrix)[:5]
        assert {abs(value) for value in values} <= {0, ONE}, "the matrix turns and does no more"
        assert video.sample_aspect_ratio == pytest.approx(HALF_D1, rel=0.01)


@pytest.mark.parametrize(
    ("way", "orientation"),
    [(Display(rotation_deg=90), "rotate=90"), (Display(mirrored=True), "flip=horizontal")],
    ids=["90", "mirrored"],
)
def test_what_the_codecs_own_headers_turn_is_upright_for_players_that_do_not_heed_them(
    way: Display, orientation: str, tmp_path: Path
) -> None:
    plain = card_film(tmp_path / "plain.mp4", (192, 128), way, matrix=Display().matrix)
    film, reel = tmp_path / "film.mp4", tmp_path / "reel.mp4"
    turning = f"h264_metadata=display_orientation=insert:{orientation}"
    said = ffmpeg("-v", "error", "-i", str(plain), "-c", "copy", "-bsf:v", turning, str(film))
    assert not said, said
    assert corners(grab(film, [0.0])[0]) == CORNERS
    assert join([Segment(film, 0.0, 0.5)] * 2, reel, titles=["a", "b"]).mode == "encode"
    assert corners(shown_by_ffmpeg(reel)) == CORNERS


@pytest.mark.parametrize("make", [codec_only, matroska_only, pasp_only, matrix_only])
def test_a_clip_is_displayed_like_its_source(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path, Display(HALF_D1, mirrored=True))
    with packets_of(film) as (container, packets):
        write_clip(tmp_path / "clip.mp4", container.streams.video[0], None, packets)
    picture = grab(tmp_path / "clip.mp4", [0.0])[0]
    assert roundness(picture) == pytest.approx(1.0, abs=0.03)
    assert corners(picture) == CORNERS


@pytest.mark.parametrize("way", ORIENTATIONS, ids=NAMES)
@pytest.mark.parametrize("make", [codec_only, matrix_only])
def test_a_re_encoded_reel_is_upright_and_of_square_pixels(make: Make, way: Display, tmp_path: Path) -> None:
    film = make(tmp_path, Display(HALF_D1, way.rotation_deg, way.mirrored))
    reel = tmp_path / "reel.mp4"
    join([Segment(film, 0.0, 0.5)], reel, titles=["a"], allow_copy=False)
    picture = shown_by_ffmpeg(reel)
    assert picture.shape == (288, 384, 3)
    assert corners(picture) == CORNERS
    assert roundness(picture) == pytest.approx(1.0, abs=0.03)
    with av.open(str(reel)) as container:
        assert container.streams.video[0].sample_aspect_ratio == 1
