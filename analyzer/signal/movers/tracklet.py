"""What the tracker found of one mover in a window: its detections, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from math import hypot
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MIN_DETECTIONS = 3  # fewer are noise
STEP_S = 0.5  # a path is measured in steps of so long
_TRAVELS, _TRAVELS_CELLS = 2.0, 18.0  # a body that moves farther than either (in sizes, in cells) travels
# What moves outwards at this speed (cells a second) or faster and reaches the edge within this time has left.
_LEAVES, _LEAVES_S = 1.0, 0.4
_LEVEL = 0.25  # a way that is so close to an axis of the picture is taken for it
_LEAST_CELLS = 0.5  # a smaller part of a detection is none
_OUTSIDE = 0.05  # of the area of a part of a detection, on each side: it touches another part there

HUGE = 22.0
"""So large a body (in cells) changes only in parts."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in cells."""


class Cells(NamedTuple):
    """Changed cells: their middles, in cells of the grid, and how much of each changed, 0 to 1."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    weights: NDArray[np.float64]


class Detection(NamedTuple):
    """A mover, or a part of one, at one time: centre, box and area in cells of the grid; its cells."""

    pts_s: float
    x: float
    y: float
    box: Box
    area: float
    cells: Cells


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


def together(cells: Iterable[Cells]) -> Cells:
    """Return all of these cells."""
    x, y, weights = (np.concatenate(each) for each in zip(*cells, strict=True))
    return Cells(x, y, weights)


def _span(at: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return from where to where cells lie in one dimension, without the outermost of their area."""
    order = np.argsort(at)
    before = np.cumsum(weights[order])
    first, last = np.searchsorted(before, (_OUTSIDE * before[-1], (1 - _OUTSIDE) * before[-1]))
    return float(at[order[first]]) - 0.5, float(at[order[min(last, len(at) - 1)]]) + 0.5


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
        sides = sorted(max(box[2] - box[0], box[3] - box[1]) for _, _, _, box, _, _ in self.detections)
        return sides[len(sides) * 3 // 4]

    @cached_property
    def usual(self) -> float:
        """The median of its areas."""
        return sorted(detection.area for detection in self.detections)[len(self.detections) // 2]

    @cached_property
    def region(self) -> Box:
        """The box around its positions, without the outer tenth of the detections on each side."""
        few = len(self.detections) // 10
        x0, y0, x1, y1 = (sorted(detection.box[k] for detection in self.detections) for k in range(4))
        return x0[few], y0[few], x1[-1 - few], y1[-1 - few]

    @cached_property
    def way(self) -> tuple[float, float]:
        """The direction of its travel, as a unit vector: the median of its steps of about half a second."""
        pts_s, x, y = (np.array([detection[k] for detection in self.detections]) for k in range(3))
        n = max(1, min(5, len(x) - 1))
        step_s = np.maximum(pts_s[n:] - pts_s[:-n], 1e-6)
        ahead, down = (float(np.median((each[n:] - each[:-n]) / step_s)) for each in (x, y))
        if abs(down) < _LEVEL * abs(ahead):
            down = 0.0
        elif abs(ahead) < _LEVEL * abs(down):
            ahead = 0.0
        speed = hypot(ahead, down)
        return (ahead / speed, down / speed) if speed else (1.0, 0.0)

    @property
    def is_level(self) -> bool:
        """Whether it moves horizontally rather than vertically."""
        return abs(self.way[0]) >= abs(self.way[1])

    @cached_property
    def breadth(self) -> float:
        """The longest side of its boxes across its way."""
        k = 1 if self.is_level else 0
        return max(detection.box[k + 2] - detection.box[k] for detection in self.detections)

    def at_edges(self, cells: Cells) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which cells lie at the edge of the picture that it comes from, and which at the other."""
        at, length, ahead = (
            (cells.x, self._columns, self.way[0]) if self.is_level else (cells.y, self._rows, self.way[1])
        )
        first, last = at < 1, at > length - 1
        return (first, last) if ahead > 0 else (last, first)

    def only(self, chosen: Iterable[NDArray[np.bool_]]) -> Tracklet | None:
        """Return the tracklet of some cells of each detection; None where they are too few."""
        detections = []
        for detection, which in zip(self.detections, chosen, strict=True):
            x, y, weights = (each[which] for each in detection.cells)
            area = float(weights.sum())
            if area >= _LEAST_CELLS:
                (left, right), (top, bottom) = _span(x, weights), _span(y, weights)
                middle = float(x @ weights) / area, float(y @ weights) / area
                box = left, top, right, bottom
                detections.append(Detection(detection.pts_s, *middle, box, area, Cells(x, y, weights)))
        return Tracklet(detections, self._rows, self._columns) if len(detections) >= MIN_DETECTIONS else None

    def with_others(self, others: Sequence[Tracklet]) -> Tracklet:
        """Return one tracklet of all detections of this and other tracklets."""
        if not others:
            return self
        at_s: dict[float, list[Detection]] = {}
        for tracklet in (self, *others):
            for detection in tracklet.detections:
                at_s.setdefault(detection.pts_s, []).append(detection)
        detections = []
        for pts_s in sorted(at_s):
            here = at_s[pts_s]
            area = sum(each.area for each in here)
            middle = (
                sum(each.x * each.area for each in here) / area,
                sum(each.y * each.area for each in here) / area,
            )
            cells, box = together(each.cells for each in here), enclosing(each.box for each in here)
            detections.append(Detection(pts_s, *middle, box, area, cells))
        return Tracklet(detections, self._rows, self._columns)

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
