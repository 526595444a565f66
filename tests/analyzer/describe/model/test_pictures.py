from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.pictures import alike, decode, read_jpegs
from analyzer.signal.window import Keyframe
from tests.kit.records.keyframe_files import drawn, jpeg, pictured
from tests.kit.records.windows import measured


def test_reads_each_keyframes_file(tmp_path: Path) -> None:
    window = pictured(tmp_path)
    assert read_jpegs(window) == [
        keyframe.file.read_bytes() for keyframe in window.keyframes if keyframe.file
    ]


def test_a_window_without_pictures_cannot_be_described(tmp_path: Path) -> None:
    with pytest.raises(DescribeError, match="no keyframes"):
        read_jpegs(measured(0))
    bare = replace(measured(0), keyframes=(Keyframe(1.0, 2.0),))
    with pytest.raises(DescribeError, match="no pictures were stored"):
        read_jpegs(bare)
    gone = replace(bare, keyframes=(Keyframe(1.0, 2.0, tmp_path / "gone.jpg"),))
    with pytest.raises(DescribeError, match=r"gone\.jpg: No such file") as refused:
        read_jpegs(gone)
    assert not refused.value.retryable


def test_decodes_into_rgb_of_the_size_asked_for() -> None:
    pictures = decode([jpeg(drawn(0)), jpeg(drawn(3))], lambda height, width: (height // 2, width // 2))
    assert pictures.shape == (2, 60, 80, 3)
    red, _, blue = pictures[0, 2, 2]
    assert abs(int(red) - 30) < 6
    assert abs(int(blue) - 90) < 6
    assert not np.array_equal(pictures[0], pictures[1])


def test_pictures_of_another_size_take_the_firsts() -> None:
    double = np.repeat(np.repeat(drawn(0), 2, axis=0), 2, axis=1)
    pictures = decode([jpeg(drawn(0)), jpeg(double)], lambda height, width: (height, width))
    assert pictures.shape == (2, 120, 160, 3)
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 4


@pytest.mark.parametrize("damaged", [b"", b"no picture", jpeg(drawn(0))[:20]])
def test_a_damaged_picture_is_an_error(damaged: bytes) -> None:
    for read in (lambda: decode([damaged], lambda *size: size), lambda: alike([damaged], 640)):
        with pytest.raises(DescribeError, match="not a JPEG"):
            read()


def test_small_pictures_of_one_size_go_as_they_are() -> None:
    jpegs = [jpeg(drawn(n)) for n in range(3)]
    assert alike(jpegs, 160) == jpegs


def test_large_or_unlike_pictures_are_made_alike() -> None:
    for jpegs, side_px in (([jpeg(drawn(0)), jpeg(drawn(1, 200, 100))], 160), ([jpeg(drawn(0))] * 2, 80)):
        made = decode(alike(jpegs, side_px), lambda height, width: (height, width))
        assert made.shape == (2, side_px * 3 // 4, side_px, 3)
