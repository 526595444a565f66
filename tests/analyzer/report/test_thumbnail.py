"""Pictures for pages: small, and absent rather than broken."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from analyzer.report.thumbnail import BOX_PX, thumbnail


def picture(file: Path, size: tuple[int, int], mode: str = "RGB") -> Path:
    Image.effect_noise(size, 60).convert(mode).save(file)
    return file


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (320, 240)])
def test_a_picture_fits_the_box_and_keeps_its_shape(tmp_path: Path, size: tuple[int, int]) -> None:
    src = thumbnail(picture(tmp_path / "a.jpg", size))
    assert src is not None
    head, _, content = src.partition(",")
    assert head == "data:image/jpeg;base64"
    small = Image.open(io.BytesIO(base64.b64decode(content)))
    assert small.width <= BOX_PX[0]
    assert small.height <= BOX_PX[1]
    assert small.width / small.height == pytest.approx(size[0] / size[1], rel=0.01)


def test_a_grey_picture_is_shown_too(tmp_path: Path) -> None:
    assert thumbnail(picture(tmp_path / "a.jpg", (640, 480), "L"))


def test_a_picture_that_is_gone_is_none(tmp_path: Path) -> None:
    assert thumbnail(tmp_path / "gone.jpg") is None


@pytest.mark.parametrize("left", [0, 10, 2000])
def test_a_picture_cut_short_is_none(tmp_path: Path, left: int) -> None:
    file = picture(tmp_path / "a.jpg", (640, 480))
    file.write_bytes(file.read_bytes()[:left])
    assert thumbnail(file) is None
