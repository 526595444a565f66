"""Single pictures: the right one, upright, whole, and in the right colours."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from stream.media.file import MediaError
from stream.media.frame_grab import grab, write_jpeg
from tests.kit.films.numbered import FASTEST, film, number_of, picture

FORMS: dict[str, dict[str, Any]] = {
    "B-frames": {"options": {**FASTEST, "bf": "3", "x264-params": "b-pyramid=normal"}},
    "open groups of pictures": {"options": {**FASTEST, "bf": "3", "x264-params": "open-gop=1"}},
    "MPEG-TS with sound": {"container": "mpegts", "sound": "aac"},
    "Matroska with sound": {"container": "matroska", "sound": "aac"},
    "MPEG-4 in AVI": {"codec": "mpeg4", "container": "avi", "options": {}},
    "H.264 with B-frames in AVI": {"container": "avi", "options": {**FASTEST, "bf": "2"}},
    "one keyframe": {"gop": 1000},
    "a raw stream, without any index": {"container": "h264"},
    "10 bit": {
        "codec": "libx265",
        "options": {"preset": "ultrafast", "x265-params": "log-level=none"},
        "pixel_format": "yuv420p10le",
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_the_picture_at_a_time_is_grabbed(tmp_path: Path, form: Mapping[str, Any]) -> None:
    source = film(tmp_path / "film", **{"seconds": 8, "gop": 50, **form})
    times_s = [7.0, 0.0, 3.33, 3.35, 5.0, 4.999, 5.04]
    assert [number_of(rgb) for rgb in grab(source, times_s)] == [175, 0, 83, 84, 125, 125, 126]


def test_times_past_either_end_give_the_first_and_the_last_picture(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    assert [number_of(rgb) for rgb in grab(source, [-3.0, 99.0])] == [0, 24]
    assert grab(source, []) == []


def test_a_picture_that_stands_long_is_grabbed_while_it_stands(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=0.4, time_s=lambda nth: nth**2 / 10)
    assert [number_of(rgb) for rgb in grab(source, [3.5, 3.7, 6.3, 6.45])] == [5, 6, 7, 8]


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_pictures_are_upright(tmp_path: Path, rotation_deg: int) -> None:
    source = film(tmp_path / "film.mp4", seconds=0.2, rotation_deg=rotation_deg)
    [rgb] = grab(source, [0.12])
    assert rgb.shape == ((128, 192, 3) if rotation_deg == 180 else (192, 128, 3))
    assert number_of(np.rot90(rgb, -rotation_deg // 90)) == 3


def test_pixels_become_square(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=0.2, pixel_aspect=Fraction(4, 3))
    [rgb] = grab(source, [0.12])
    assert rgb.shape == (128, 256, 3)
    assert number_of(rgb) == 3


COLORS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128), (250, 250, 10)]


@pytest.mark.parametrize("size", [(320, 240), (1280, 720)])
@pytest.mark.parametrize("matrix", [None, 1, 6])
def test_colours_are_those_that_were_filmed(
    tmp_path: Path, size: tuple[int, int], matrix: int | None
) -> None:
    """BT.709, BT.601, and neither named: then players go by the size."""
    path = tmp_path / "film.mp4"
    assumed = 1 if size[1] >= 720 else 6
    with av.open(str(path), "w") as out:
        track = out.add_stream("libx264", rate=25, options=dict(FASTEST))
        track.width, track.height = size
        if matrix:
            track.codec_context.colorspace = matrix
        for color in COLORS:
            frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), color, np.uint8), "rgb24")
            space = "ITU709" if (matrix or assumed) == 1 else "ITU601"
            out.mux(track.encode(frame.reformat(format="yuv420p", dst_colorspace=space)))
        out.mux(track.encode(None))
    for rgb, color in zip(grab(path, [k / 25 for k in range(len(COLORS))]), COLORS, strict=True):
        assert np.abs(rgb[size[1] // 2, size[0] // 2].astype(int) - color).max() <= 4


def test_real_films_give_their_pictures(shared_media: Path) -> None:
    for name, shape in (
        ("small_bunny_1080p_60fps.ts", (1080, 1920, 3)),
        ("highway_video02.avi", (240, 320, 3)),
        ("dog_run_hevc10.mkv", (464, 848, 3)),
    ):
        one, same, other = grab(shared_media / name, [1.0, 1.0, 1.9])
        assert one.shape == shape
        assert one.dtype == np.uint8
        assert (one == same).all()
        assert (one != other).any()


def test_a_jpeg_holds_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    write_jpeg(path, picture(1234), quality=95)
    bgr = cv2.imread(str(path))
    assert bgr is not None
    assert number_of(bgr) == 1234
    assert np.abs(bgr[64, 96, ::-1].astype(int) - picture(0)[64, 96]).max() <= 6
    small = tmp_path / "small.jpg"
    write_jpeg(small, picture(1234), quality=10)
    assert small.stat().st_size < path.stat().st_size


def test_what_jpeg_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="JPEG cannot hold such a picture"):
        write_jpeg(tmp_path / "picture.jpg", np.zeros((1, 70_000, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []
