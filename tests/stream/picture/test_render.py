"""Pictures in their box: whole, centred, upright, with even borders."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from hypothesis import given
from hypothesis import strategies as st

from stream.picture.display import Display, Size
from stream.picture.render import fitted, upright_rgb
from tests.kit.films.numbered import number_of, picture

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
    assert Display(Fraction(16, 15)).size(720, 576) == Size(768, 576)
    assert Display(Fraction(16, 15), 270).size(720, 576) == Size(576, 768)
    assert Display(rotation_deg=180, mirrored=True).size(720, 576) == Size(720, 576)


def frame_of(rgb: np.ndarray) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p", dst_colorspace="ITU601")


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("box", [Size(192, 128), Size(402, 130), Size(194, 400)])
def test_a_fitted_picture_stands_upright_in_the_middle(
    rotation_deg: int, box: Size, *, mirrored: bool
) -> None:
    display = Display(rotation_deg=rotation_deg, mirrored=mirrored)
    boxed = fitted(frame_of(picture(77)), box, display, Colorspace.ITU601)
    assert (boxed.width, boxed.height, boxed.format.name) == (box.width, box.height, "yuv420p")
    rgb = boxed.to_ndarray(format="rgb24")
    inner = display.size(192, 128).within(box)
    top, left = (box.height - inner.height) // 4 * 2, (box.width - inner.width) // 4 * 2
    shown = rgb[top : top + inner.height, left : left + inner.width]
    stored = np.rot90(shown, -rotation_deg // 90)
    assert number_of(stored[:, ::-1] if mirrored else stored) == 77
    if top > 2:
        assert rgb[: top - 2].max() < 10
    if left > 2:
        assert rgb[:, : left - 2].max() < 10


def test_a_picture_that_fits_already_is_not_touched() -> None:
    frame = frame_of(picture(1))
    assert fitted(frame, Size(192, 128), Display(), Colorspace.ITU601) is frame


def test_upright_pictures_are_whole_and_contiguous() -> None:
    rgb = upright_rgb(frame_of(picture(5)), Display(Fraction(2), 90))
    assert rgb.shape == (384, 128, 3)
    assert rgb.flags["C_CONTIGUOUS"]
