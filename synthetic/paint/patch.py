"""Small drawings blended over the picture: things, light and shadow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from synthetic.paint.light import Colour
from synthetic.view import Floats

Image = NDArray[np.uint8]
Hidden = Image | None
"""A mask of the picture's size: 255 where something in front hides the drawing; None if nothing does."""

_SHIFT = 4  # OpenCV's sub-pixel bits
_UNIT = 1 << _SHIFT
_BLACK: Colour = (0.0, 0.0, 0.0)


class Stroke(NamedTuple):
    """A line through some of a drawing's points, so wide as a share of its size; 0 wide: a filled shape."""

    path: list[int]
    width: float
    colour: Colour = _BLACK


class _Drawing:
    """Shapes within one box of the picture; points and widths are in the picture's pixels."""

    DETAIL = 1
    CHANNELS = 1
    EDGES = cv2.LINE_AA

    def __init__(self, x0: int, y0: int, x1: int, y1: int) -> None:
        self._rows, self._columns = slice(y0, y1), slice(x0, x1)
        self._size = (x1 - x0, y1 - y0)
        shape = (self._size[1] * self.DETAIL, self._size[0] * self.DETAIL, self.CHANNELS)
        self._pixels: Image = np.zeros(shape, np.uint8)
        self._origin = np.array([x0, y0], dtype=np.float64)

    @classmethod
    def around(cls, points: Floats, frame: Image, margin: float = 3.0) -> Self | None:
        """A drawing for a box around these points, as far as the picture goes; None when it is outside."""
        x0, y0 = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
        x1, y1 = np.ceil(points.max(axis=0) + margin).astype(int)
        right, bottom = min(int(x1), frame.shape[1]), min(int(y1), frame.shape[0])
        return cls(int(x0), int(y0), right, bottom) if x0 < right and y0 < bottom else None

    def polygon(self, points: Floats, colour: Colour = _BLACK) -> None:
        """Fill a polygon, (n, 2)."""
        cv2.fillPoly(self._pixels, [self._fixed(points)], self._ink(colour), self.EDGES, _SHIFT)

    def line(self, points: Floats, width: float, colour: Colour = _BLACK) -> None:
        """A stroke through points, (n, 2), with round ends."""
        thickness = max(1, round(width * self.DETAIL))
        path = [self._fixed(points)]
        cv2.polylines(self._pixels, path, False, self._ink(colour), thickness, self.EDGES, _SHIFT)

    def disk(self, centre: Floats, radius: float, colour: Colour = _BLACK) -> None:
        """A filled circle."""
        x, y = (int(value) for value in self._fixed(centre[None, :])[0])
        size = max(1, round(radius * self.DETAIL * _UNIT))
        cv2.circle(self._pixels, (x, y), size, self._ink(colour), cv2.FILLED, self.EDGES, _SHIFT)

    def strokes(self, points: Floats, size: float, strokes: Iterable[Stroke]) -> None:
        """Many strokes and shapes that share their points, (n, 2); widths are shares of `size`."""
        fixed = self._fixed(points)
        for path, width, colour in strokes:
            corners = [fixed[path]]
            if width:
                thickness = max(1, round(width * size * self.DETAIL))
                cv2.polylines(self._pixels, corners, False, self._ink(colour), thickness, self.EDGES, _SHIFT)
            else:
                cv2.fillPoly(self._pixels, corners, self._ink(colour), self.EDGES, _SHIFT)

    def _ink(self, colour: Colour) -> tuple[float, ...]:
        del colour
        return (255.0,)

    def _fixed(self, points: Floats) -> NDArray[np.int32]:
        # Pixel 0 extends from 0 to 1; OpenCV counts from the centre of pixel 0.
        return np.rint(((points - self._origin) * self.DETAIL - 0.5) * _UNIT).astype(np.int32)

    def _under(self, frame: Image) -> Image:
        return frame[self._rows, self._columns]


class Patch(_Drawing):
    """Things: opaque colours, transparent where nothing is drawn."""

    DETAIL = 3  # drawn larger and shrunk, which is cheaper than OpenCV's anti-aliasing
    EDGES = cv2.LINE_8
    CHANNELS = 4  # colours multiplied by their cover, so that shrinking mixes them correctly

    def over(self, frame: Image, hidden: Hidden = None) -> None:
        """Lay the things over the picture."""
        small = self._shrunk()
        if hidden is not None and self._under(hidden).any():
            small = _scaled(small, cv2.merge([cv2.bitwise_not(self._under(hidden))] * 4))
        under = self._under(frame)
        left = cv2.merge([cv2.bitwise_not(small[:, :, 3])] * 3)
        cv2.add(_scaled(under, left), cv2.cvtColor(small, cv2.COLOR_BGRA2BGR, dst=left), dst=under)

    def cover_on(self, mask: Image) -> None:
        """Add what the things cover to a mask of the picture's size, 255 is wholly."""
        part = self._under(mask)
        cv2.max(part, cv2.extractChannel(self._shrunk(), 3), dst=part)

    def _ink(self, colour: Colour) -> tuple[float, ...]:
        return (*colour, 255.0)

    def _shrunk(self) -> Image:
        return np.asarray(cv2.resize(self._pixels, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class Veil(_Drawing):
    """Light or shadow: a soft shape that brightens or darkens what is below. It has no colours of its own."""

    def shade(self, frame: Image, left: Colour, blur_px: float, hidden: Hidden = None) -> None:
        """Leave only this share of each colour of the picture inside the shape."""
        cover = self._soft(blur_px, hidden)
        parts = [cv2.bitwise_not(cv2.convertScaleAbs(cover, alpha=1 - share)) for share in left]
        under = self._under(frame)
        cv2.multiply(under, cv2.merge(parts), dst=under, scale=1 / 255)

    def shine(self, frame: Image, light: Colour, blur_px: float, hidden: Hidden = None) -> None:
        """Add this many grey levels to each colour of the picture inside the shape."""
        cover = self._soft(blur_px, hidden)
        parts = [cv2.convertScaleAbs(cover, alpha=value / 255) for value in light]
        under = self._under(frame)
        cv2.add(under, cv2.merge(parts), dst=under)

    def _soft(self, blur_px: float, hidden: Hidden) -> Image:
        cover = blurred(self._pixels[:, :, 0], blur_px)
        if hidden is not None and self._under(hidden).any():
            cover = _scaled(cover, cv2.bitwise_not(self._under(hidden)))
        return cover


def blurred(image: Image, sigma_px: float) -> Image:
    """Return the image with a Gaussian blur; a wide blur is applied to a smaller image, which is cheap."""
    factor = max(1, int(sigma_px / 2.5))
    height, width = image.shape[:2]
    size = (max(width // factor, 1), max(height // factor, 1))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if factor > 1 else image
    soft = cv2.GaussianBlur(small, (0, 0), max(sigma_px / factor, 0.3))
    if factor > 1:
        soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft, dtype=np.uint8)


def _scaled(image: Image, share: cv2.typing.MatLike) -> Image:
    return np.asarray(cv2.multiply(image, share, scale=1 / 255), dtype=np.uint8)
