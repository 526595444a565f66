"""How a stored frame is displayed: orientation and pixel aspect ratio."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import atan2, degrees, hypot
from typing import TypeVar

import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

_Pixel = TypeVar("_Pixel", bound=np.generic)

# A display matrix is nine 32-bit integers; 65536 is 1.0 (libavutil/display.h).
_MATRIX = struct.Struct("=9i")
_ONE = 65536
# AVMasteringDisplayMetadata: ten fractions, then whether primaries and luminance are given.
_MASTERING = struct.Struct("=20i2i")
_LIGHT_LEVEL = struct.Struct("=2I")  # AVContentLightMetadata: the brightest pixel, the brightest frame's mean
_PERSPECTIVE = 1 << 30
# Factors that differ by less are equal: containers round them.
_ALIKE = 0.01
# A more extreme aspect of a pixel is an error of the writer.
_MOST_ASPECT = 8
_MOST_TERM = 1001


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


@dataclass(frozen=True, slots=True)
class Display:
    """How a stored frame becomes the displayed picture.

    Attributes:
        pixel_aspect: width of a stored pixel over its height.
        rotation_deg: counterclockwise rotation: 0, 90, 180 or 270.
        mirrored: left and right are exchanged before the rotation. With ``rotation_deg`` this gives all
            eight orientations: top and bottom exchanged is mirrored and turned by 180 degrees.
        peak_nits: the highest luminance that the stream states, cd/m2; 0 where it states none.
    """

    pixel_aspect: Fraction = Fraction(1)
    rotation_deg: int = 0
    mirrored: bool = False
    peak_nits: float = 0.0

    @property
    def upright(self) -> bool:
        """Whether the stored frame is neither rotated nor mirrored."""
        return not (self.rotation_deg or self.mirrored)

    @property
    def matrix(self) -> tuple[int, ...]:
        """The display matrix of this orientation, without any scaling."""
        cos, sin = {0: (1, 0), 90: (0, -1), 180: (-1, 0), 270: (0, 1)}[self.rotation_deg]
        flip = -1 if self.mirrored else 1
        return (flip * cos * _ONE, flip * sin * _ONE, 0, -sin * _ONE, cos * _ONE, 0, 0, 0, _PERSPECTIVE)

    def size(self, width: int, height: int) -> Size:
        """The size of the displayed picture, in square pixels, of a stored frame."""
        return self.turned(Size(max(1, round(width * self.pixel_aspect)), height))

    def turned(self, size: Size) -> Size:
        """Convert a size from displayed to stored orientation, or back."""
        return Size(size.height, size.width) if self.rotation_deg % 180 else size

    def turn(self, pixels: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """A view, in displayed orientation, of stored pixels of shape (height, width, ...)."""
        return np.rot90(pixels[:, ::-1] if self.mirrored else pixels, self.rotation_deg // 90)


def display_of(frame: VideoFrame, pixel_aspect: Fraction | None) -> Display:
    """How to display a decoded frame, and those like it.

    To be called for few frames: PyAV keeps the memory of each until Python's garbage collection.

    Args:
        frame: it carries the display matrix of its container or of its own headers.
        pixel_aspect: of its stream, as FFmpeg gives it; None where it is not known.
    """
    shape = _display(side_bytes(frame, "DISPLAYMATRIX"), pixel_aspect or Fraction(1))
    return replace(shape, peak_nits=_peak_nits(frame))


def _peak_nits(frame: VideoFrame) -> float:
    """The brightest pixel, or else the peak of the mastering display."""
    light = side_bytes(frame, "CONTENT_LIGHT_LEVEL")
    peak_nits = _LIGHT_LEVEL.unpack(light[: _LIGHT_LEVEL.size])[0] if light else 0
    mastering = side_bytes(frame, "MASTERING_DISPLAY_METADATA")
    if not peak_nits and mastering is not None:
        *_, nits, per, _primaries, luminance = _MASTERING.unpack(mastering[: _MASTERING.size])
        peak_nits = nits / per if luminance and per else 0
    return float(peak_nits)


def side_bytes(frame: VideoFrame, kind: str) -> bytes | None:
    """The side data of a frame, as the C structure; None where it has none of this kind."""
    data = frame.side_data.get(kind)
    return bytes(data) if isinstance(data, SideData) else None


def carry_display(track: VideoStream, frame: VideoFrame, pixel_aspect: Fraction | None) -> None:
    """Make a track of copied packets display like the stream of this frame.

    A track that was made from a template has the template's display matrix already, but not an aspect that
    only the container states. FFmpeg derives an aspect from a matrix that scales, and would write both:
    players that use both would apply it twice.
    """
    display = display_of(frame, pixel_aspect)
    track.codec_context.sample_aspect_ratio = display.pixel_aspect
    matrix = side_bytes(frame, "DISPLAYMATRIX")
    if matrix is not None and _scales(*_linear(matrix)):
        track.set_display_matrix(display.matrix)


@lru_cache(maxsize=16)
def _display(matrix: bytes | None, pixel_aspect: Fraction) -> Display:
    a, b, c, d = (1.0, 0.0, 0.0, 1.0) if matrix is None else _linear(matrix)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    rotation_deg = round(-degrees(atan2(b, a)) / 90) * 90 % 360
    return Display(_aspect(pixel_aspect, a, b, c, d), rotation_deg, mirrored)


def _linear(matrix: bytes) -> tuple[float, float, float, float]:
    """The linear part of a matrix: x' = a x + c y, y' = b x + d y; the identity for a singular one."""
    values = [value / _ONE for value in _MATRIX.unpack(matrix[: _MATRIX.size])]
    a, b, c, d = values[0], values[1], values[3], values[4]
    return (a, b, c, d) if a * d - b * c else (1.0, 0.0, 0.0, 1.0)


def _scales(a: float, b: float, c: float, d: float) -> bool:
    return abs(hypot(a, b) / hypot(c, d) - 1) >= _ALIKE


def _aspect(pixel_aspect: Fraction, a: float, b: float, c: float, d: float) -> Fraction:
    """The pixels' aspect, where a matrix may scale them, too.

    FFmpeg derives the stream's aspect from a matrix that scales, as in the displayed picture: inverted for a
    rotation by 90 degrees. Other writers repeat it in the stream. In these cases the matrix alone is right;
    an aspect that differs from it applies in addition.
    """
    if _scales(a, b, c, d):
        stored, displayed = hypot(a, b) / hypot(c, d), hypot(a, c) / hypot(b, d)
        scale = Fraction(stored).limit_denominator(_MOST_TERM)
        repeated = any(abs(float(pixel_aspect) / known - 1) < _ALIKE for known in (1.0, stored, displayed))
        pixel_aspect = scale if repeated else pixel_aspect * scale
    return pixel_aspect if 1 / _MOST_ASPECT <= pixel_aspect <= _MOST_ASPECT else Fraction(1)
