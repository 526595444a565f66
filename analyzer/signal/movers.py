"""Moving regions, tracked over a grid of changed cells.

Changed cells that touch are a spot. A body shows as several spots that come and go (limbs, the edges of
a plain thing, a shadow), and two bodies that pass each other as one: a track takes what lies where it is
expected, and two that meet share a spot. What one body left as several tracks is put together when a window
is closed, by ``analyzer.signal.bodies``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.signal.bodies import MAX_MOVERS, Box, Mover, Sight, around, gap, half_inside, important, movers

__all__ = ["MAX_MOVERS", "Mover", "MoverTracker"]

# Lengths are in cells of the grid.
_EVERY_S = 0.09  # grids are gathered for so long: the sum shows a mover whole, at a tenth of the cost
_BRIDGE_S = 0.7  # what rests for longer is a new track when it shows again
_HIDDEN_S = 2.0  # two that pass are one spot for a while: a track is carried on for so long
_CELL_CHANGED = 24  # of 255: less is noise, or the blurred edge of a neighbour
_MAX_SPOTS = _MAX_TRACKS = 16  # the largest: a snowstorm must not cost more than a street
_REACH = 2.0  # a track is sought so far around where it is expected,
_REACH_OF_SIZE = 0.25  # besides so much of its longer side,
_REACH_A_SECOND = 3.0  # and so much for each second since it was seen
_FAINT = 0.1  # of a track's area: a smaller spot around it is no sight of it
_TOUCH = 1.5  # spots so near to each other are one sight
_SPEED_S = 0.7  # a speed is measured over so long
_SWELL, _SHRINK = 0.5, 0.08  # how far the newest sight corrects a track's box outwards and inwards
_OVERLAP = 0.5  # of the smaller box: beyond that, two tracks cannot be told apart
_ALIKE = 2.0  # unless one's box is so much larger: then it hides the other


@dataclass(frozen=True, slots=True, eq=False)
class _Spot:
    """Changed cells that touch, or those of them that are one track's: box, centre, and area in cells."""

    box: Box
    x: float
    y: float
    area: float
    label: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """A grid's spots, largest first, with the cells that they were made of."""

    spots: list[_Spot]
    labels: NDArray[np.int32]
    changed: NDArray[np.uint8]


@dataclass(slots=True, eq=False)
class _Track:
    """What is taken for one mover, or a part of one.

    Attributes:
        x, y: its centre when it was last seen.
        sides: its box around the centre, smoothed.
        seen_s: when it was last seen.
        near_s: when last a spot was where it may be, if only another's.
        area: its largest.
        vx, vy: its speed in cells a second.
        recent: (time, x, y) of what the speed is measured on.
        sights: what this window showed of it.
    """

    x: float
    y: float
    sides: Box
    seen_s: float
    near_s: float
    area: float = 0.0
    vx: float = 0.0
    vy: float = 0.0
    recent: list[tuple[float, float, float]] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)

    def expected(self, pts_s: float) -> Box:
        """Where its box should be."""
        step_s = pts_s - self.seen_s
        x, y = self.x + self.vx * step_s, self.y + self.vy * step_s
        return x + self.sides[0], y + self.sides[1], x + self.sides[2], y + self.sides[3]

    def reach(self, pts_s: float) -> float:
        size = max(self.sides[2] - self.sides[0], self.sides[3] - self.sides[1])
        return _REACH + _REACH_OF_SIZE * size + _REACH_A_SECOND * (pts_s - self.seen_s)

    def see(self, pts_s: float, spots: Sequence[_Spot]) -> None:
        area = sum(spot.area for spot in spots)
        self.x = sum(spot.x * spot.area for spot in spots) / area
        self.y = sum(spot.y * spot.area for spot in spots) / area
        box = around(spot.box for spot in spots)
        sides = (box[0] - self.x, box[1] - self.y, box[2] - self.x, box[3] - self.y)
        self.sides = _smoothed(self.sides, sides) if self.recent else sides
        self.area = max(self.area, area)
        self.seen_s = self.near_s = pts_s
        self.sights.append(Sight(pts_s, self.x, self.y, box, area))
        self._measure_speed(pts_s)

    def _measure_speed(self, pts_s: float) -> None:
        self.recent.append((pts_s, self.x, self.y))
        while len(self.recent) > 2 and pts_s - self.recent[1][0] >= _SPEED_S:
            del self.recent[0]
        then_s, x, y = self.recent[0]
        if pts_s > then_s:
            self.vx, self.vy = (self.x - x) / (pts_s - then_s), (self.y - y) / (pts_s - then_s)

    def is_lost(self, pts_s: float, rows: int, columns: int) -> bool:
        x0, y0, x1, y1 = self.expected(pts_s)
        outside = x1 < 0 or y1 < 0 or x0 > columns or y0 > rows
        return outside or pts_s - self.near_s > _BRIDGE_S or pts_s - self.seen_s > _HIDDEN_S


class MoverTracker:
    """Follows what moves in one camera's grids, window after window."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._ended: list[Sequence[Sight]] = []
        self._before: list[Mover] = []  # of this window, but before its last cut
        self._gathered: NDArray[np.uint8] | None = None
        self._rows = self._columns = 1
        self._looked_s = float("-inf")

    def add(self, pts_s: float, grid: NDArray[np.uint8] | None) -> None:
        """Take one frame's grid; None where nothing changed."""
        if grid is not None:
            self._gathered = grid if self._gathered is None else np.maximum(self._gathered, grid)
        if self._gathered is not None and pts_s - self._looked_s >= _EVERY_S:
            self._look(pts_s, self._gathered)

    def cut(self) -> None:
        """The picture was replaced: nothing in it is what moved before."""
        self._gathered = None
        self._before += self._found()
        self._tracks = []

    def close(self, end_s: float) -> tuple[Mover, ...]:
        """The movers up to ``end_s``, most important first; those that go on start anew."""
        if self._gathered is not None:
            self._look(end_s, self._gathered)
        found = important([*self._before, *self._found()])
        self._before = []
        return found

    def _found(self) -> Sequence[Mover]:
        self._end(self._tracks)
        ended, self._ended = self._ended, []
        return movers(ended, self._rows, self._columns)

    def _look(self, pts_s: float, grid: NDArray[np.uint8]) -> None:
        self._looked_s = pts_s
        self._gathered = None
        self._rows, self._columns = grid.shape
        lost = [track for track in self._tracks if track.is_lost(pts_s, self._rows, self._columns)]
        self._end(lost)
        self._tracks = [track for track in self._tracks if track not in lost]
        expected = [track.expected(pts_s) for track in self._tracks]
        owned, free = self._share_out(pts_s, _look_at(grid), expected)
        hidden = _hidden(expected)
        for t, track in enumerate(self._tracks):
            if owned[t]:
                track.near_s = pts_s
                if t not in hidden:
                    sight, *apart = _groups(owned[t])
                    track.see(pts_s, sight)
                    free += [spot for group in apart for spot in group]
        self._begin(pts_s, free)

    def _share_out(
        self, pts_s: float, look: _Look, expected: Sequence[Box]
    ) -> tuple[list[list[_Spot]], list[_Spot]]:
        """Each track's spots, and those that are nobody's.

        A spot where a track is expected is that track's, and is divided where several are. A track without
        any takes the nearest within reach. What touches a track's spots is its too.
        """
        owned: list[list[_Spot]] = [[] for _ in expected]
        free: list[_Spot] = []
        for spot in look.spots:
            x0, y0, x1, y1 = spot.box
            within = [
                t
                for t, box in enumerate(expected)
                if x0 < box[2] + 1 and box[0] < x1 + 1 and y0 < box[3] + 1 and box[1] < y1 + 1  # at all
                if half_inside(spot.box, box, 1) or half_inside(box, spot.box, 1)
            ]
            if not within:
                free.append(spot)
            parts = [spot] if len(within) == 1 else _divided(spot, look, [expected[t] for t in within])
            for t, part in zip(within, parts, strict=True):
                if part is not None:
                    owned[t].append(part)
        near = sorted(
            (away, t, n)
            for n, spot in enumerate(free)
            for t, track in enumerate(self._tracks)
            if spot.area >= _FAINT * track.area and (away := gap(spot.box, expected[t])) <= track.reach(pts_s)
        )
        taken: set[int] = set()
        for _, t, n in near:
            self._tracks[t].near_s = pts_s
            if n not in taken and not owned[t]:
                owned[t].append(free[n])
                taken.add(n)
        free = [spot for n, spot in enumerate(free) if n not in taken]
        for spots in owned:
            free = _grow(spots, free)
        return owned, free

    def _begin(self, pts_s: float, free: Sequence[_Spot]) -> None:
        for group in _groups(free)[: max(0, _MAX_TRACKS - len(self._tracks))]:
            track = _Track(0.0, 0.0, (0.0, 0.0, 0.0, 0.0), pts_s, pts_s)
            track.see(pts_s, group)
            self._tracks.append(track)

    def _end(self, tracks: Iterable[_Track]) -> None:
        for track in tracks:
            if track.sights:
                self._ended.append(track.sights)
                track.sights = []


def _smoothed(old: Box, new: Box) -> Box:
    x0, y0, x1, y1 = (
        a + (_SWELL if abs(b) > abs(a) else _SHRINK) * (b - a) for a, b in zip(old, new, strict=True)
    )
    return x0, y0, x1, y1


def _look_at(grid: NDArray[np.uint8]) -> _Look:
    changed = cv2.threshold(grid, _CELL_CHANGED, 255, cv2.THRESH_TOZERO)[1].astype(np.uint8, copy=False)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(changed)
    areas = np.bincount(labels.ravel(), changed.ravel(), count).tolist()
    spots = [
        # A centre is in cells, from a cell's middle.
        _Spot((x, y, x + wide, y + high), cx + 0.5, cy + 0.5, areas[label] / 255, label)
        for label, ((x, y, wide, high, _), (cx, cy)) in enumerate(
            zip(stats.tolist(), centres.tolist(), strict=True)
        )
        if label  # 0 is the ground
    ]
    spots = sorted(spots, key=lambda spot: -spot.area)[:_MAX_SPOTS]
    return _Look(spots, labels.astype(np.int32, copy=False), changed)


def _divided(spot: _Spot, look: _Look, boxes: Sequence[Box]) -> list[_Spot | None]:
    """The part of a spot that each box has: its cells go to the box in which they lie deepest."""
    if not boxes:
        return []
    left, top, right, bottom = map(int, spot.box)
    rows, columns = np.nonzero(look.labels[top:bottom, left:right] == spot.label)
    weights = look.changed[rows + top, columns + left] / 255
    x, y = columns + (left + 0.5), rows + (top + 0.5)
    sides = np.array(boxes)
    low, high = sides[:, :2], sides[:, 2:]
    middle, half = (low + high) / 2, np.maximum(high - low, 1e-6) / 2
    # From a box's middle, in halves of its sides.
    depth = np.maximum(
        abs(x - middle[:, :1]) / half[:, :1],
        abs(y - middle[:, 1:]) / half[:, 1:],
    )
    owner = depth.argmin(axis=0)
    return [_part(x[mine], y[mine], weights[mine]) for mine in (owner == n for n in range(len(boxes)))]


def _part(x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]) -> _Spot | None:
    if not len(x):
        return None
    area = float(weights.sum())
    box = (float(x.min()) - 0.5, float(y.min()) - 0.5, float(x.max()) + 0.5, float(y.max()) + 0.5)
    return _Spot(box, float(x @ weights) / area, float(y @ weights) / area, area)


def _grow(spots: list[_Spot], free: list[_Spot]) -> list[_Spot]:
    """Add what touches the spots, and what touches that; returns the rest."""
    n = 0
    while n < len(spots):
        touching = [spot for spot in free if gap(spot.box, spots[n].box) <= _TOUCH]
        spots += touching
        free = [spot for spot in free if spot not in touching]
        n += 1
    return free


def _groups(spots: Sequence[_Spot]) -> list[list[_Spot]]:
    """The spots that touch, group by group, the largest first."""
    free, groups = list(spots), []
    while free:
        group = [free[0]]
        free = _grow(group, free[1:])
        groups.append(group)
    return sorted(groups, key=lambda group: -sum(spot.area for spot in group))


def _hidden(boxes: Sequence[Box]) -> set[int]:
    """The tracks that cannot be told from another, by where they are expected."""
    hidden: set[int] = set()
    for a, one in enumerate(boxes):
        for b, other in enumerate(boxes[:a]):
            if one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]:
                continue
            wide = min(one[2], other[2]) - max(one[0], other[0])
            high = min(one[3], other[3]) - max(one[1], other[1])
            areas = {t: (box[2] - box[0]) * (box[3] - box[1]) for t, box in ((a, one), (b, other))}
            if wide * high > _OVERLAP * min(areas.values()):
                hidden |= {t for t, area in areas.items() if area <= _ALIKE * min(areas.values())}
    return hidden
