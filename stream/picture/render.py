"""Render frames as they are displayed: upright, in square pixels, SDR.

Every picture that livereel writes, and all video that it re-encodes, is rendered here.
"""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from stream.picture.colour import BLACK_YUV, rgb, yuv
from stream.picture.display import Display, Size

Rgb = NDArray[np.uint8]
"""A picture of shape (height, width, 3)."""


def upright_rgb(frame: VideoFrame, display: Display) -> Rgb:
    """The displayed picture, in full resolution."""
    return upright(frame, display, display.size(frame.width, frame.height), "rgb24")


def upright_bgr(frame: VideoFrame, display: Display, max_side_px: int) -> Rgb:
    """The displayed picture as BGR, its longer side at most ``max_side_px``."""
    whole = display.size(frame.width, frame.height)
    scale = min(1.0, max_side_px / max(whole.width, whole.height))
    size = Size(round(whole.width * scale), round(whole.height * scale)).even()
    return upright(frame, display, size, "bgr24")


def upright(frame: VideoFrame, display: Display, size: Size, pixel_format: str) -> Rgb:
    """The displayed picture in this size, as ``rgb24`` or ``bgr24``."""
    return np.ascontiguousarray(
        display.turn(rgb(frame, display.turned(size), pixel_format, display.peak_nits))
    )


def fitted(frame: VideoFrame, box: Size, display: Display, colours: Colorspace) -> VideoFrame:
    """The displayed picture, yuv420p in limited range, in the middle of a black box of even size."""
    shown = display.size(frame.width, frame.height).within(box)
    scaled = yuv(frame, display.turned(shown), colours, display.peak_nits)
    if shown == box and display.upright:
        return scaled
    boxed = VideoFrame(box.width, box.height, "yuv420p")
    # An even border, as the colour planes have half the size.
    border = ((box.height - shown.height) // 4, (box.width - shown.width) // 4)
    for source, target, black, scale in zip(scaled.planes, boxed.planes, BLACK_YUV, (2, 1, 1), strict=True):
        pixels = plane_pixels(target)
        pixels[:] = black
        turned = display.turn(plane_pixels(source))
        top, left = border[0] * scale, border[1] * scale
        pixels[top : top + turned.shape[0], left : left + turned.shape[1]] = turned
    return boxed


def plane_pixels(plane: VideoPlane) -> NDArray[np.uint8]:
    """A view of a plane of bytes, without the padding of its lines."""
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]
