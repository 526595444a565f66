"""Colours: whatever a film is stored with, pictures and reels show what it was made from."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace

from stream.av_source import AvSource
from stream.frames.decoder import FrameDecoder
from stream.media.edit.join import Segment, join
from stream.media.frame_grab import grab
from stream.picture.colour import matrix, rgb, yuv
from stream.picture.display import Size
from tests.kit.films.colour_patches import PATCHES, patch_film, patches, patches_of
from tests.kit.films.numbered import ffmpeg

ORDINARY = {
    "BT.709": ("bt709", "tv", "bt709"),
    "BT.601": ("smpte170m", "tv", "smpte170m"),
    "BT.601 of 625 lines": ("bt470bg", "tv", "bt470bg"),
    "BT.709, full range": ("bt709", "pc", "bt709"),
    "BT.601, full range": ("smpte170m", "pc", "smpte170m"),
}


def off(found: np.ndarray, wanted: np.ndarray = PATCHES) -> int:
    return int(np.abs(found.astype(int) - wanted.astype(int)).max())


@pytest.mark.parametrize(("space", "levels", "named"), ORDINARY.values(), ids=ORDINARY.keys())
def test_stills_keyframes_and_reels_show_the_colours_that_were_filmed(
    space: str, levels: str, named: str, tmp_path: Path
) -> None:
    film = patch_film(tmp_path / "film.mp4", space, levels, named=named)
    assert off(patches_of(grab(film, [0.0])[0])) <= 4
    assert off(patches_of(keyframe(film))) <= 4
    join([Segment(film, 0.0, 0.5)], tmp_path / "reel.mp4", titles=["a"], allow_copy=False)
    assert off(patches_of(grab(tmp_path / "reel.mp4", [0.2])[0])) <= 6
    assert off(patches_of(elsewhere(tmp_path / "reel.mp4"))) <= 6


@pytest.mark.parametrize(("height", "space"), [(720, "bt709"), (360, "smpte170m")])
def test_where_nothing_is_named_the_height_decides(height: int, space: str, tmp_path: Path) -> None:
    film = patch_film(tmp_path / "film.mp4", space, "tv", named=None, height=height)
    assert off(patches_of(grab(film, [0.0])[0])) <= 4
    assert off(patches_of(keyframe(film))) <= 4


def keyframe(film: Path) -> np.ndarray:
    with AvSource(str(film)) as source:
        decoder = FrameDecoder(source.video, 80, 60)
        parts = [decoder.decode(packet) for packet in source.packets()]
        parts.append(decoder.decode(None))
    frame = next(frame for part in parts for frame in part.frames)
    return frame.picture(4000)[:, :, ::-1]


def elsewhere(film: Path) -> np.ndarray:
    """The film's first picture by FFmpeg's own program and zimg, by the tags that the file has."""
    png = film.with_suffix(".ppm")
    said = ffmpeg("-v", "error", "-y", "-i", str(film), "-vf", "zscale=m=gbr:r=pc,format=gbrp,format=rgb24",
                  "-frames:v", "1", str(png))  # fmt: skip
    assert not said
    with av.open(str(png)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_unnamed_colours_go_by_the_height() -> None:
    assert matrix(VideoFrame(1280, 720, "yuv420p")) == Colorspace.ITU709
    assert matrix(VideoFrame(640, 480, "yuv420p")) == Colorspace.ITU601


def test_no_number_in_a_damaged_header_stops_a_picture() -> None:
    """Each matrix with each transfer, known or not: whatever a stream says, it has a picture."""
    frame = VideoFrame.from_ndarray(patches(96, 64), "rgb24").reformat(format="yuv420p")
    size = Size(48, 32)
    for frame.colorspace in range(18):
        for frame.color_trc in range(20):
            assert rgb(frame, size, "bgr24").shape == (32, 48, 3)
    for frame.color_primaries in (0, 3, 9, 11, 12, 22, 99):
        assert yuv(frame, size, Colorspace.ITU709).format.name == "yuv420p"
