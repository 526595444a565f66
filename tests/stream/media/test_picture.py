"""Pictures in their box: whole, centred, upright, with even borders."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from hypothesis import given
from hypothesis import strategies as st

from stream.media.picture import Size, fitted, matrix, shown_size, upright_rgb
from tests.kit.media import number_of, picture

SIDES = st.integers(2, 4000)


@given(SIDES, SIDES, SIDES, SIDES)
def test_a_picture_fits_its_box_in_even_sizes(width: int, height: int, wide: int, high: int) -> None:
    box = Size(wide, high).even()
    found = Size(width, height).within(box)
    assert 2 <= found.width <= box.width
    assert 2 <= found.height <= box.height
    assert found.width % 2 == found.height % 2 == 0
    touching = abs(found.width - box.width) <= 1 or abs(found.height - box.height) <= 1
    assert touching


def test_what_is_shown_depends_on_pixels_and_rotation() -> None:
    stored = Size(720, 576)
    assert shown_size(stored, Fraction(16, 15), 0) == Size(768, 576)
    assert shown_size(stored, Fraction(16, 15), 270) == Size(576, 768)
    assert shown_size(stored, Fraction(1), 180) == stored


def frame_of(rgb: np.ndarray) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p", dst_colorspace="ITU601")


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("box", [Size(192, 128), Size(402, 130), Size(194, 400)])
def test_a_fitted_picture_stands_upright_in_the_middle(rotation_deg: int, box: Size) -> None:
    boxed = fitted(frame_of(picture(77)), box, Fraction(1), rotation_deg, Colorspace.ITU601)
    assert (boxed.width, boxed.height, boxed.format.name) == (box.width, box.height, "yuv420p")
    rgb = boxed.to_ndarray(format="rgb24")
    inner = shown_size(Size(192, 128), Fraction(1), rotation_deg).within(box)
    top, left = (box.height - inner.height) // 4 * 2, (box.width - inner.width) // 4 * 2
    shown = rgb[top : top + inner.height, left : left + inner.width]
    assert number_of(np.rot90(shown, -rotation_deg // 90)) == 77
    if top > 2:
        assert rgb[: top - 2].max() < 10
    if left > 2:
        assert rgb[:, : left - 2].max() < 10


def test_a_picture_that_fits_already_is_not_touched() -> None:
    frame = frame_of(picture(1))
    assert fitted(frame, Size(192, 128), Fraction(1), 0, Colorspace.ITU601) is frame


def test_upright_pictures_are_whole_and_contiguous() -> None:
    rgb = upright_rgb(frame_of(picture(5)), Fraction(2), 90)
    assert rgb.shape == (384, 128, 3)
    assert rgb.flags["C_CONTIGUOUS"]


def test_unnamed_colours_go_by_the_height() -> None:
    named = frame_of(picture(1))
    assert matrix(named) == Colorspace.ITU601
    assert matrix(av.VideoFrame(1280, 720, "yuv420p")) == Colorspace.ITU709
    assert matrix(av.VideoFrame(640, 480, "yuv420p")) == Colorspace.ITU601
