"""An event in front of a synthetic camera: when and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Event:
    """An event. Boxes are x0, y0, x1, y1 as fractions of the picture (0,0 is top left).

    Attributes:
        kind: what it is: ``walker``, ``jogger``, ``cyclist``, ``car``, ``van``, ``lorry`` or ``bus`` on the
            street; ``attack``, ``pass``, ``shot``, ``goal``, ``save``, ``miss``, ``celebration`` or
            ``regroup`` on the field.
        start_s, end_s: media time in which any part of it is in the picture, or moves.
        boxes: where it is at even steps from ``start_s`` to ``end_s``, at least two, with its shadow and its
            lights; partly outside the picture when it comes and goes.
        brightness: how much brighter than its surroundings it is, as a share of white, -1 to 1.
    """

    kind: str
    start_s: float
    end_s: float
    boxes: tuple[Box, ...]
    brightness: float = 0.0

    def box(self, at_s: float) -> Box:
        """Return its visible box at a time; before its start and after its end, as at those times."""
        place = (at_s - self.start_s) / (self.end_s - self.start_s) * (len(self.boxes) - 1)
        index = min(max(int(place), 0), len(self.boxes) - 2)
        share = min(max(place - index, 0.0), 1.0)
        before, after = self.boxes[index], self.boxes[index + 1]
        corners = (a + (b - a) * share for a, b in zip(before, after, strict=True))
        x0, y0, x1, y1 = (min(max(corner, 0.0), 1.0) for corner in corners)
        return x0, y0, x1, y1

    def centre(self, at_s: float) -> tuple[float, float]:
        """Return the centre of its visible box at a time, as fractions of the picture."""
        x0, y0, x1, y1 = self.box(at_s)
        return (x0 + x1) / 2, (y0 + y1) / 2

    def size(self, at_s: float) -> tuple[float, float]:
        """Return width and height of its visible box at a time, as fractions of the picture."""
        x0, y0, x1, y1 = self.box(at_s)
        return x1 - x0, y1 - y0

    def within(self, at_s: float) -> bool:
        """Whether it is in progress at a time."""
        return self.start_s <= at_s <= self.end_s


def box_around(points: NDArray[np.float64], width: int, height: int) -> Box:
    """Return the box around points in pixels, shape (n, 2), as fractions of a picture of this size."""
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x0 / width, y0 / height, x1 / width, y1 / height
