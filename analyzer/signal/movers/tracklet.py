"""What the tracker found of one mover in a window: its detections, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from math import hypot
from typing import NamedTuple

STEP_S = 0.5  # a path is measured in steps of so long
_TRAVELS, _TRAVELS_CELLS = 2.0, 18.0  # a body that moves farther than either (in sizes, in cells) travels
# What moves outwards at this speed (cells a second) or faster and reaches the edge within this time has left.
_LEAVES, _LEAVES_S = 1.0, 0.4

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in cells."""


class Detection(NamedTuple):
    """A mover, or a part of one, at one time: centre, box and area in cells of the grid."""

    pts_s: float
    x: float
    y: float
    box: Box
    area: float


def gap(one: Box, other: Box) -> float:
    """Return the distance between two boxes in cells, 0 where they touch."""
    across = max(one[0], other[0]) - min(one[2], other[2])
    down = max(one[1], other[1]) - min(one[3], other[3])
    return max(across, down, 0.0)


def enclosing(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that contains all boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def half_inside(part: Box, whole: Box, slack: float = 0.0) -> bool:
    """Whether at least half of a box lies in another one that is extended by ``slack`` on each side."""
    x0, y0, x1, y1 = part
    u0, v0, u1, v1 = whole
    if x1 <= u0 - slack or x0 >= u1 + slack or y1 <= v0 - slack or y0 >= v1 + slack:  # the usual case
        return False
    across = min(x1, u1 + slack) - max(x0, u0 - slack)
    down = min(y1, v1 + slack) - max(y0, v0 - slack)
    return 2 * across * down >= (x1 - x0) * (y1 - y0)


class Tracklet:
    """The detections of one track in a window, in time order, and what follows from them."""

    def __init__(self, detections: Sequence[Detection], rows: int, columns: int) -> None:
        self.detections = detections
        self._rows, self._columns = rows, columns
        self.first, self.last = detections[0], detections[-1]
        self.life_s = self.last.pts_s - self.first.pts_s
        self.area = max(detection.area for detection in detections)
        self.weight = self.life_s * self.area
        self.reach = max(hypot(each.x - self.first.x, each.y - self.first.y) for each in detections)

    @cached_property
    def size(self) -> float:
        """Length of the longer side of its box: the third quartile of its detections."""
        sides = sorted(max(box[2] - box[0], box[3] - box[1]) for _, _, _, box, _ in self.detections)
        return sides[len(sides) * 3 // 4]

    @cached_property
    def region(self) -> Box:
        """The box around its positions, without the outer tenth of the detections on each side."""
        few = len(self.detections) // 10
        x0, y0, x1, y1 = (sorted(detection.box[k] for detection in self.detections) for k in range(4))
        return x0[few], y0[few], x1[-1 - few], y1[-1 - few]

    def speed(self) -> tuple[float, float]:
        """Return its speed at the end, in cells a second."""
        then = self.detections[-8:][0]
        step_s = self.last.pts_s - then.pts_s
        return ((self.last.x - then.x) / step_s, (self.last.y - then.y) / step_s) if step_s else (0.0, 0.0)

    def has_left(self) -> bool:
        """Whether it left the picture."""
        vx, vy = self.speed()
        x0, y0, x1, y1 = self.last.box
        out = ((x0, -vx), (y0, -vy), (self._columns - x1, vx), (self._rows - y1, vy))
        return any(speed > _LEAVES and left - speed * _LEAVES_S <= 1 for left, speed in out)

    @cached_property
    def straight(self) -> float:
        """Distance from start to end divided by the length of the path, 0 to 1."""
        stops, at_s = [self.first], self.first.pts_s
        for detection in self.detections:
            if detection.pts_s >= at_s + STEP_S:
                stops.append(detection)
                at_s = detection.pts_s
        path = sum(hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(stops))
        return hypot(stops[-1].x - self.first.x, stops[-1].y - self.first.y) / path if path else 0.0

    def is_cut_off(self, detection: Detection) -> bool:
        """Whether the edge of the picture may hide a part of it."""
        x0, y0, x1, y1 = detection.box
        return x0 <= 0 or y0 <= 0 or x1 >= self._columns or y1 >= self._rows

    def travels(self, size: float) -> bool:
        """Whether it moves farther than a limb of a body of this size can."""
        return self.reach > min(_TRAVELS * size, _TRAVELS_CELLS)

    def level(self) -> bool:
        """Whether it moves horizontally rather than vertically."""
        return abs(self.last.x - self.first.x) >= abs(self.last.y - self.first.y)
