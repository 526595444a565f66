"""Tracks moving regions over a grid of changed cells.

Changed cells that touch are a blob. One body may cause several blobs that come and go (limbs, the edges of
an evenly coloured thing, a shadow), and two bodies that pass each other a single one: blobs are assigned to
the track that is expected there, and two tracks that meet share a blob. When a window is closed, ``bodies``
joins the tracks of one body.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analyzer.signal.movers.blobs import Blob, Blobs, absorb, cells_of, find_blobs, groups, split
from analyzer.signal.movers.bodies import movers
from analyzer.signal.movers.mover import Mover, important
from analyzer.signal.movers.tracklet import Box, Detection, enclosing, gap, half_inside, together

# Lengths are in cells of the grid.
_EVERY_S = 0.09  # grids are combined for so long: together they contain whole movers, at a tenth of the cost
_BRIDGE_S = 0.7  # what rests for longer becomes a new track
_HIDDEN_S = 2.0  # while two that pass are one blob, a track is continued for so long
_MAX_TRACKS = 16  # the largest ones: snow must not cost more than a street
_REACH = 2.0  # a track is searched this far around its expected box,
_REACH_OF_SIZE = 0.25  # plus this share of its longer side,
_REACH_A_SECOND = 3.0  # plus this for each second since its last detection
_FAINT = 0.1  # of a track's area: a smaller blob nearby is no detection of it
_SPEED_S = 0.7  # time over which a speed is measured
_GROWTH, _SHRINKAGE = 0.5, 0.08  # weight of the newest detection where a track's box grows and shrinks
_OVERLAP = 0.5  # of the smaller box: tracks that overlap more cannot be distinguished
_ALIKE = 2.0  # unless one box is so much larger: then it hides the other


@dataclass(slots=True, eq=False)
class _Track:
    """One mover, or a part of one, followed from grid to grid.

    Attributes:
        x, y: centre at its last detection.
        sides: its smoothed box, relative to the centre.
        seen_s: time of its last detection.
        near_s: when a blob was last within its reach, even if it belongs to another track.
        area: its largest area.
        vx, vy: its speed in cells a second.
        recent: (time, x, y) of the detections that the speed is measured on.
        detections: its detections in this window.
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
    detections: list[Detection] = field(default_factory=list)

    def expected(self, pts_s: float) -> Box:
        """Return the box that is expected at a time."""
        step_s = pts_s - self.seen_s
        x, y = self.x + self.vx * step_s, self.y + self.vy * step_s
        return x + self.sides[0], y + self.sides[1], x + self.sides[2], y + self.sides[3]

    def reach(self, pts_s: float) -> float:
        """Return how far from the expected box it may be, in cells."""
        size = max(self.sides[2] - self.sides[0], self.sides[3] - self.sides[1])
        return _REACH + _REACH_OF_SIZE * size + _REACH_A_SECOND * (pts_s - self.seen_s)

    def update(self, pts_s: float, blobs: Sequence[Blob], found: Blobs) -> None:
        area = sum(blob.area for blob in blobs)
        self.x = sum(blob.x * blob.area for blob in blobs) / area
        self.y = sum(blob.y * blob.area for blob in blobs) / area
        box = enclosing(blob.box for blob in blobs)
        sides = (box[0] - self.x, box[1] - self.y, box[2] - self.x, box[3] - self.y)
        self.sides = _smoothed(self.sides, sides) if self.recent else sides
        self.area = max(self.area, area)
        self.seen_s = self.near_s = pts_s
        cells = together(cells_of(blob, found) for blob in blobs)
        self.detections.append(Detection(pts_s, self.x, self.y, box, area, cells))
        self._measure_speed(pts_s)

    def _measure_speed(self, pts_s: float) -> None:
        self.recent.append((pts_s, self.x, self.y))
        while len(self.recent) > 2 and pts_s - self.recent[1][0] >= _SPEED_S:
            del self.recent[0]
        then_s, x, y = self.recent[0]
        if pts_s > then_s:
            self.vx, self.vy = (self.x - x) / (pts_s - then_s), (self.y - y) / (pts_s - then_s)

    def is_lost(self, pts_s: float, rows: int, columns: int) -> bool:
        """Whether it is expected outside the picture, or was not detected for too long."""
        x0, y0, x1, y1 = self.expected(pts_s)
        outside = x1 < 0 or y1 < 0 or x0 > columns or y0 > rows
        return outside or pts_s - self.near_s > _BRIDGE_S or pts_s - self.seen_s > _HIDDEN_S


class MoverTracker:
    """Tracks movers in the grids of one camera, window by window."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._ended: list[Sequence[Detection]] = []
        self._before_cut: list[Mover] = []  # of this window, before its last cut
        self._combined: NDArray[np.uint8] | None = None
        self._rows = self._columns = 1
        self._detected_s = float("-inf")

    def add(self, pts_s: float, grid: NDArray[np.uint8] | None) -> None:
        """Add the grid of one frame; None where nothing changed."""
        if grid is not None:
            self._combined = grid if self._combined is None else np.maximum(self._combined, grid)
        if self._combined is not None and pts_s - self._detected_s >= _EVERY_S:
            self._detect(pts_s, self._combined)

    def cut(self) -> None:
        """End all tracks, since the picture was replaced."""
        self._combined = None
        self._before_cut += self._found()
        self._tracks = []

    def close(self, end_s: float) -> tuple[Mover, ...]:
        """Return the movers up to ``end_s``, most important first; those that go on begin again."""
        if self._combined is not None:
            self._detect(end_s, self._combined)
        found = important([*self._before_cut, *self._found()])
        self._before_cut = []
        return found

    def _found(self) -> Sequence[Mover]:
        self._end(self._tracks)
        ended, self._ended = self._ended, []
        return movers(ended, self._rows, self._columns)

    def _detect(self, pts_s: float, grid: NDArray[np.uint8]) -> None:
        self._detected_s = pts_s
        self._combined = None
        self._rows, self._columns = grid.shape
        lost = [track for track in self._tracks if track.is_lost(pts_s, self._rows, self._columns)]
        self._end(lost)
        self._tracks = [track for track in self._tracks if track not in lost]
        expected = [track.expected(pts_s) for track in self._tracks]
        found = find_blobs(grid)
        owned, free = self._assign(pts_s, found, expected)
        overlapping = _overlapping(expected)
        for t, track in enumerate(self._tracks):
            if owned[t]:
                track.near_s = pts_s
                if t not in overlapping:
                    largest, *others = groups(owned[t])
                    track.update(pts_s, largest, found)
                    free += [blob for group in others for blob in group]
        self._begin(pts_s, free, found)

    def _assign(
        self, pts_s: float, found: Blobs, expected: Sequence[Box]
    ) -> tuple[list[list[Blob]], list[Blob]]:
        """Return the blobs of each track, and the free ones.

        A blob where a track is expected belongs to that track, and is split where several are expected. A
        track without any gets the nearest one within reach. Blobs that touch those of a track belong to it,
        too.
        """
        owned: list[list[Blob]] = [[] for _ in expected]
        free: list[Blob] = []
        for blob in found.blobs:
            x0, y0, x1, y1 = blob.box
            within = [
                t
                for t, box in enumerate(expected)
                if x0 < box[2] + 1 and box[0] < x1 + 1 and y0 < box[3] + 1 and box[1] < y1 + 1  # at all
                if half_inside(blob.box, box, 1) or half_inside(box, blob.box, 1)
            ]
            if not within:
                free.append(blob)
            parts = [blob] if len(within) == 1 else split(blob, found, [expected[t] for t in within])
            for t, part in zip(within, parts, strict=True):
                if part is not None:
                    owned[t].append(part)
        near = sorted(
            (away, t, n)
            for n, blob in enumerate(free)
            for t, track in enumerate(self._tracks)
            if blob.area >= _FAINT * track.area and (away := gap(blob.box, expected[t])) <= track.reach(pts_s)
        )
        taken: set[int] = set()
        for _, t, n in near:
            self._tracks[t].near_s = pts_s
            if n not in taken and not owned[t]:
                owned[t].append(free[n])
                taken.add(n)
        free = [blob for n, blob in enumerate(free) if n not in taken]
        for blobs in owned:
            free = absorb(blobs, free)
        return owned, free

    def _begin(self, pts_s: float, free: Sequence[Blob], found: Blobs) -> None:
        for group in groups(free)[: max(0, _MAX_TRACKS - len(self._tracks))]:
            track = _Track(0.0, 0.0, (0.0, 0.0, 0.0, 0.0), pts_s, pts_s)
            track.update(pts_s, group, found)
            self._tracks.append(track)

    def _end(self, tracks: Iterable[_Track]) -> None:
        for track in tracks:
            if track.detections:
                self._ended.append(track.detections)
                track.detections = []


def _smoothed(old: Box, new: Box) -> Box:
    x0, y0, x1, y1 = (
        a + (_GROWTH if abs(b) > abs(a) else _SHRINKAGE) * (b - a) for a, b in zip(old, new, strict=True)
    )
    return x0, y0, x1, y1


def _overlapping(boxes: Sequence[Box]) -> set[int]:
    """Return the tracks that cannot be distinguished from another one, by their expected boxes."""
    overlapping: set[int] = set()
    for a, one in enumerate(boxes):
        for b, other in enumerate(boxes[:a]):
            if one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]:
                continue
            wide = min(one[2], other[2]) - max(one[0], other[0])
            high = min(one[3], other[3]) - max(one[1], other[1])
            areas = {t: (box[2] - box[0]) * (box[3] - box[1]) for t, box in ((a, one), (b, other))}
            if wide * high > _OVERLAP * min(areas.values()):
                overlapping |= {t for t, area in areas.items() if area <= _ALIKE * min(areas.values())}
    return overlapping
