"""Pictures as they are shown: turned upright, with square pixels, fitted into a common size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
"""A picture of shape (height, width, 3)."""

# From this height on, video without a word on its colours follows BT.709, below it BT.601.
_HD_HEIGHT_PX = 720
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
# AVCOL_SPC_BT709, AVCOL_SPC_BT470BG and AVCOL_SPC_SMPTE170M
_MATRICES = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}
BLACK_YUV = (16, 128, 128)


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in square pixels."""

    width: int
    height: int

    def even(self) -> Size:
        """The nearest size, not smaller than 2x2, that 4:2:0 can hold."""
        return Size(max(2, round(self.width / 2) * 2), max(2, round(self.height / 2) * 2))

    def within(self, box: Size) -> Size:
        """The largest even size of this shape that fits into an even box."""
        scale = min(Fraction(box.width, self.width), Fraction(box.height, self.height))
        fitted = Size(round(self.width * scale), round(self.height * scale)).even()
        return Size(min(fitted.width, box.width), min(fitted.height, box.height))


def shown_size(stored: Size, pixel_aspect: Fraction, rotation_deg: int) -> Size:
    """The size of an upright picture with square pixels."""
    wide = Size(max(1, round(stored.width * pixel_aspect)), stored.height)
    return Size(wide.height, wide.width) if rotation_deg % 180 else wide


def upright_rgb(frame: VideoFrame, pixel_aspect: Fraction, rotation_deg: int) -> Rgb:
    """The picture as shown, in full resolution."""
    wide = shown_size(Size(frame.width, frame.height), pixel_aspect, 0)
    rgb = frame.reformat(
        width=wide.width,
        height=wide.height,
        format="rgb24",
        src_colorspace=matrix(frame),
        interpolation="BICUBIC",
    ).to_ndarray()
    return np.ascontiguousarray(np.rot90(rgb, rotation_deg // 90), dtype=np.uint8)


def fitted(
    frame: VideoFrame, box: Size, pixel_aspect: Fraction, rotation_deg: int, colors: Colorspace
) -> VideoFrame:
    """The picture as shown, yuv420p in limited range, in the middle of a black box of even size."""
    shown = shown_size(Size(frame.width, frame.height), pixel_aspect, rotation_deg).within(box)
    lying = Size(shown.height, shown.width) if rotation_deg % 180 else shown
    scaled = frame.reformat(
        width=lying.width,
        height=lying.height,
        format="yuv420p",
        src_colorspace=matrix(frame),
        dst_colorspace=colors,
        src_color_range=_range(frame),
        dst_color_range=ColorRange.MPEG,
        interpolation="BICUBIC",
    )
    if shown == box and not rotation_deg:
        return scaled
    boxed = VideoFrame(box.width, box.height, "yuv420p")
    # An even border, for the planes of colour have half the size.
    border = ((box.height - shown.height) // 4, (box.width - shown.width) // 4)
    for source, target, black, scale in zip(scaled.planes, boxed.planes, BLACK_YUV, (2, 1, 1), strict=True):
        pixels = _pixels(target)
        pixels[:] = black
        turned = np.rot90(_pixels(source), rotation_deg // 90)
        top, left = border[0] * scale, border[1] * scale
        pixels[top : top + turned.shape[0], left : left + turned.shape[1]] = turned
    return boxed


def _pixels(plane: VideoPlane) -> NDArray[np.uint8]:
    """A view of a plane of bytes, without the padding of its lines."""
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def matrix(frame: VideoFrame) -> Colorspace | None:
    """BT.709 or BT.601, named by the frame or assumed as players do; None for any other."""
    if frame.colorspace == _UNSPECIFIED:
        return assumed_matrix(frame.height)
    return _MATRICES.get(frame.colorspace)


def assumed_matrix(height: int) -> Colorspace:
    """What players assume for video that does not name its matrix."""
    return Colorspace.ITU709 if height >= _HD_HEIGHT_PX else Colorspace.ITU601


def _range(frame: VideoFrame) -> ColorRange | None:
    """Limited range, where the frame does not name its own."""
    full = frame.format.name.startswith("yuvj") or frame.format.is_rgb
    return None if full or frame.color_range else ColorRange.MPEG
