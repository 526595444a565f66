"""A decoded frame: luma and colour at analysis size, and its picture on request."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from stream.picture.display import Display, Size
from stream.picture.render import upright_bgr

# One core per camera: OpenCV's own threads would wait for each other on images this small.
cv2.setNumThreads(1)

# Pixel formats whose first plane is luma, by bits per sample.
_LUMA_BITS = {
    **dict.fromkeys(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"), 8),
    **dict.fromkeys(("nv12", "nv21", "gray", "yuv411p", "yuv410p", "yuv440p", "yuvj440p", "yuva420p"), 8),
    **dict.fromkeys(("yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le"), 10),
    **dict.fromkeys(("yuv420p12le", "yuv422p12le", "yuv444p12le", "gray12le"), 12),
}
# Colour is sampled in every sixth pixel of the analysis picture.
CHROMA_STEP_PX = 6


@dataclass(frozen=True, slots=True)
class Passed:
    """A frame that was decoded and is not measured, as it is too close to the one before.

    Attributes:
        pts_s: media time, as in Frame.
        image: the decoder's own frame; it holds decoder memory.
        display: as in Frame.
    """

    pts_s: float
    image: VideoFrame
    display: Display

    def frame(self, width_px: int, height_px: int) -> Frame:
        """Return it as a frame of this analysis size."""
        small = luma(self.image, self.display, width_px, height_px)
        return Frame(self.pts_s, small, self.image, display=self.display)


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Attributes:
        pts_s: media time since the decoder's first frame, strictly growing.
        luma: uint8 (height_px, width_px) at analysis size, upright.
        image: the decoder's own frame; it holds decoder memory, so only few may be kept.
        after_damage: packets between the frame before and this one were damaged or lost.
        repaired: it differs from the frame before by damage, too: one was damaged in between, or this is the
            first complete one since others were predicted from damaged ones.
        display: how the source's frame is displayed.
        step: distance to the frame before in frames of the source; 1 where all are measured.
        passed: decoded frames in between, in time order; only the newest where there are many.
        chroma: uint8 (height_px // 6, width_px // 6, 2), both colour differences, upright; None where it was
            not requested, the frame has no colour, or the last one with it is less than 0.2 s ago.
    """

    pts_s: float
    luma: NDArray[np.uint8]
    image: VideoFrame
    after_damage: bool = False
    repaired: bool = False
    display: Display = field(default_factory=Display)
    step: int = 1
    passed: tuple[Passed, ...] = ()
    chroma: NDArray[np.uint8] | None = None

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height of the displayed picture: upright, in square pixels."""
        size = self.display.size(self.image.width, self.image.height)
        return size.width, size.height

    def picture(self, max_side_px: int) -> NDArray[np.uint8]:
        """Return the displayed picture, BGR uint8 (H, W, 3), its longer side at most max_side_px."""
        return upright_bgr(self.image, self.display, max_side_px)


def luma(image: VideoFrame, display: Display, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Return the luma of a frame at analysis size: uint8 (height_px, width_px), upright."""
    size = _stored(display, width_px, height_px)
    bits = _LUMA_BITS.get(image.format.name)
    if bits is None:
        small = image.reformat(*size, "gray").to_ndarray().astype(np.uint8, copy=False)
    else:
        small = _shrunk(image.planes[0], bits, size)
    return np.ascontiguousarray(display.turn(small))


def grey(image: VideoFrame, display: Display, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Return the brightness of a frame as ``luma`` does, made by OpenCV of the whole picture in colour."""
    rgb = image.to_ndarray(format="rgb24")
    small = cv2.cvtColor(cv2.resize(rgb, _stored(display, width_px, height_px)), cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(display.turn(small.astype(np.uint8, copy=False)))


def chroma(image: VideoFrame, display: Display, width_px: int, height_px: int) -> NDArray[np.uint8] | None:
    """Return both colour differences of a frame, upright; None where it has no colour.

    The shape is (height_px // CHROMA_STEP_PX, width_px // CHROMA_STEP_PX, 2), uint8.
    """
    size = _stored(display, width_px // CHROMA_STEP_PX, height_px // CHROMA_STEP_PX)
    name = image.format.name
    if name.startswith("gray"):
        return None
    if name not in _LUMA_BITS:
        image, name = image.reformat(*size, "yuv444p"), "yuv444p"
    planes = image.planes[1:3]
    channels = 2 if len(planes) == 1 else 1  # nv12 has both in one plane
    both = [_shrunk(plane, _LUMA_BITS[name], size, channels) for plane in planes]
    colours = both[0] if channels == 2 else cv2.merge(both)
    return np.ascontiguousarray(display.turn(colours.astype(np.uint8, copy=False)))


def _stored(display: Display, width_px: int, height_px: int) -> tuple[int, int]:
    """Width and height in stored orientation of a displayed size."""
    size = display.turned(Size(width_px, height_px))
    return size.width, size.height


def _shrunk(plane: VideoPlane, bits: int, size: tuple[int, int], channels: int = 1) -> NDArray[np.uint8]:
    """Resize a plane, in levels of 8 bits."""
    rows: NDArray[np.uint8 | np.uint16] = np.frombuffer(
        memoryview(plane), np.dtype(np.uint8 if bits == 8 else np.uint16)
    )
    rows = rows.reshape(-1, plane.line_size // rows.itemsize)[: plane.height, : plane.width * channels]
    # Only the rows that are sampled are read: a large plane would otherwise be fetched from memory entirely.
    step = max(1, plane.height // size[1])
    rows = rows[step // 2 :: step]
    if channels > 1:
        rows = rows.reshape(len(rows), -1, channels)
    small = np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_LINEAR), rows.dtype)
    levels = small if bits == 8 else small >> (bits - 8)
    return levels.astype(np.uint8, copy=False)
