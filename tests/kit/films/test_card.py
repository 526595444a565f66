"""A test card that shows whether a picture is upright, whole and of the right shape, and films of it."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stream.picture.display import Display

Rgb = NDArray[np.uint8]

CORNERS = "RGBY"
"""The colours of a card's corners: top left, top right, bottom left, bottom right."""
_COLOURS = {"R": (200, 30, 30), "G": (30, 180, 30), "B": (30, 30, 200), "Y": (200, 200, 30)}
_GROUND = (90, 90, 90)
_DISC = (235, 235, 235)


def card(width: int, height: int) -> Rgb:
    """Corners of four colours on grey, and a white disc in the middle, of shape (height, width, 3)."""
    rgb = np.full((height, width, 3), _GROUND, np.uint8)
    x, y = width // 4, height // 4
    places = zip(CORNERS, [(0, 0), (0, width - x), (height - y, 0), (height - y, width - x)], strict=True)
    for colour, (top, left) in places:
        rgb[top : top + y, left : left + x] = _COLOURS[colour]
    cv2.circle(rgb, (width // 2, height // 2), min(width, height) // 4, _DISC, -1, cv2.LINE_AA)
    return rgb


def corners(rgb: Rgb) -> str:
    """The colours that a picture's corners are nearest to, in the order of CORNERS."""
    height, width = rgb.shape[:2]
    y, x = height // 8, width // 8
    found = (rgb[row, column].astype(int) for row in (y, height - 1 - y) for column in (x, width - 1 - x))
    return "".join(
        min(_COLOURS, key=lambda name: float(np.abs(np.subtract(_COLOURS[name], pixel)).sum()))
        for pixel in found
    )


def roundness(rgb: Rgb) -> float:
    """Width of the disc over its height: 1 where the picture has the right shape."""
    rows, columns = np.nonzero(rgb.min(-1) > 170)
    return float(np.ptp(columns) + 1) / float(np.ptp(rows) + 1)


def card_film(
    path: Path,
    shown: tuple[int, int],
    display: Display,
    *,
    codec: str = "libx264",
    matrix: tuple[int, ...] | None = None,
    codec_aspect: Fraction | None = None,
) -> Path:
    """Write ten frames that show a card of this width and height once they are displayed.

    Args:
        shown: width and height of the displayed picture.
        display: what must be done to the stored frames.
        matrix: display matrix in the file; by default that of the orientation alone.
        codec_aspect: the pixels' aspect that the codec's own headers name.
    """
    stored = _stored(shown, display)
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=10, options={"preset": "ultrafast", "crf": "12"})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = *stored, "yuv420p"
        if codec_aspect:
            video.codec_context.sample_aspect_ratio = codec_aspect
        if matrix or not display.upright:
            video.set_display_matrix(matrix or display.matrix)
        upright = np.rot90(card(*shown), -display.rotation_deg // 90)
        unmirrored = upright[:, ::-1] if display.mirrored else upright
        pixels = cv2.resize(np.ascontiguousarray(unmirrored), stored, interpolation=cv2.INTER_AREA)
        for nth in range(10):
            frame = VideoFrame.from_ndarray(pixels.astype(np.uint8, copy=False), "rgb24")
            frame.time_base, frame.pts = Fraction(1, 10), nth
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def _stored(shown: tuple[int, int], display: Display) -> tuple[int, int]:
    width, height = shown[::-1] if display.rotation_deg % 180 else shown
    return round(width / display.pixel_aspect), height


def shown_by_ffmpeg(path: Path) -> Rgb:
    """The first picture of a film as FFmpeg's own program turns it; its pixels stay as they are stored."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", f"file:{path}"]
    png = subprocess.run(
        [*command, "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"], capture_output=True, check=True
    ).stdout
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return bgr[:, :, ::-1].astype(np.uint8, copy=False)
