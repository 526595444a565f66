"""A line of text in the lower left corner of a picture, readable on light and on dark ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from stream.picture.render import Rgb, plane_pixels

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_PX = 22.0  # height of a capital A at scale 1
_SHARE = 0.032  # of the picture's height
_LEAST_PX = 9.0
_BOX = 0.2  # what is left of the picture behind the text
_WHITE_LUMA, _BLACK_LUMA, _NO_COLOUR = 235, 16, 128


def stamp_rgb(picture: Rgb, text: str) -> Rgb:
    """Return a picture of shape (height, width, 3) with the text; only ASCII can be drawn."""
    stamped = picture.copy()
    box = _box(picture.shape[0], picture.shape[1], text)
    stamped[box.rows, box.columns] = box.drawn(stamped[box.rows, box.columns], black=0, white=255)
    return stamped


def stamp_frame(frame: VideoFrame, text: str) -> VideoFrame:
    """Return a copy of a yuv420p frame, in limited range, with the text."""
    stamped = VideoFrame(frame.width, frame.height, "yuv420p")
    for source, target in zip(frame.planes, stamped.planes, strict=True):
        plane_pixels(target)[:] = plane_pixels(source)
    luma, *colours = (plane_pixels(plane) for plane in stamped.planes)
    box = _box(frame.height, frame.width, text)
    luma[box.rows, box.columns] = box.drawn(luma[box.rows, box.columns], black=_BLACK_LUMA, white=_WHITE_LUMA)
    for colour in colours:
        half = colour[_halved(box.rows), _halved(box.columns)]
        half[:] = np.round(_NO_COLOUR + _BOX * (half.astype(np.float32) - _NO_COLOUR)).astype(np.uint8)
    return stamped


def _halved(part: slice) -> slice:
    return slice(part.start // 2, (part.stop + 1) // 2)


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a text stands in a picture, and how large; ``at`` is its lower left end in the box."""

    rows: slice
    columns: slice
    text: str
    scale: float
    thickness: int
    at: tuple[int, int]

    def drawn(self, ground: NDArray[np.uint8], *, black: int, white: int) -> NDArray[np.uint8]:
        """Return the box's part of the picture, darkened, with the text in white."""
        if min(ground.shape[:2]) < _LEAST_PX:
            return ground
        dark = black + _BOX * (ground.astype(np.float32) - black)
        box = np.ascontiguousarray(np.clip(np.round(dark), 0, 255).astype(np.uint8))
        ink = (white,) * (1 if box.ndim == 2 else 3)
        cv2.putText(box, self.text, self.at, _FONT, self.scale, ink, self.thickness, cv2.LINE_AA)
        return box


def _box(height: int, width: int, text: str) -> _Box:
    """Place a text; one that is too wide for the picture is drawn smaller."""
    scale = max(_LEAST_PX, _SHARE * height) / _FONT_PX
    (text_px, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    scale *= min(1.0, 0.9 * width / max(1, text_px))
    thickness = max(1, round(scale * 1.6))
    (text_px, high_px), below_px = cv2.getTextSize(text, _FONT, scale, thickness)
    pad_px = max(2, high_px // 2)
    tall = min(height, high_px + below_px + 2 * pad_px) // 2 * 2
    wide = min(width, text_px + 2 * pad_px) // 2 * 2
    top = (height - tall) // 2 * 2
    return _Box(slice(top, top + tall), slice(0, wide), text, scale, thickness, (pad_px, pad_px + high_px))
