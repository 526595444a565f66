"""A stamp can be read on any ground, and leaves the rest of the picture as it is."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.frame import VideoFrame

from stream.media.edit.stamp import stamp_frame, stamp_rgb

TEXT = "front  2026-03-12 15:00:05+01:00"


@pytest.mark.parametrize("ground", [0, 128, 255])
@pytest.mark.parametrize("size", [(120, 160), (480, 640), (1080, 1920)])
def test_the_text_stands_out_from_what_is_behind_it(ground: int, size: tuple[int, int]) -> None:
    stamped = stamp_rgb(np.full((*size, 3), ground, np.uint8), TEXT)
    rows, columns = np.nonzero((stamped != ground).any(axis=2))
    box = stamped[rows.min() :, : columns.max() + 1]
    assert box.max() >= 200, "the letters are light"
    assert np.percentile(box, 20) <= 60, "what is around them is dark"
    assert rows.min() > 0.7 * size[0]
    assert columns.max() < size[1]


def test_another_time_is_another_text() -> None:
    ground = np.full((240, 320, 3), 90, np.uint8)
    assert (stamp_rgb(ground, "front  0:00:01.0") != stamp_rgb(ground, "front  0:00:02.0")).any()


def test_a_frame_is_copied_not_changed() -> None:
    """The decoder still needs it to predict others from."""
    grey = np.random.default_rng(3).integers(16, 235, (120 * 3 // 2, 160), dtype=np.uint8)
    frame = VideoFrame.from_ndarray(grey, "yuv420p")
    stamped = stamp_frame(frame, TEXT).to_ndarray()
    assert (frame.to_ndarray() == grey).all()
    assert (stamped[:90] == grey[:90]).all()
    assert (stamped[:120] != grey[:120]).any()


@pytest.mark.parametrize("size", [(2, 2), (8, 8), (16, 16), (36, 640)])
def test_a_tiny_picture_is_no_error(size: tuple[int, int]) -> None:
    height, width = size
    assert stamp_rgb(np.zeros((height, width, 3), np.uint8), TEXT).shape == (height, width, 3)
    frame = VideoFrame.from_ndarray(np.zeros((height * 3 // 2, width), np.uint8), "yuv420p")
    assert stamp_frame(frame, TEXT).width == width
