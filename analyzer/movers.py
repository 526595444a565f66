"""What moves: blobs of changed cells, followed from grid to grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_MOVERS = 12

# Lengths are shares of the picture's width or height, areas of its area.
_EVERY_S = 0.09  # grids are gathered for so long: the sum shows a mover whole, at a tenth of the cost
_BRIDGE_S = 0.7  # what rests or hides for longer is another mover when it shows again
_MIN_LIFE_S = 0.4
_MIN_TRAVEL = 0.05
_MIN_SHARE = 0.01
_REACH = 0.08  # a mover is sought so far around where it is expected, besides its own size
_CELL_CHANGED = 24  # of 255: less is noise, or the blurred edge of a neighbour
_MAX_BLOBS = 16  # the largest: a snowstorm must not cost more than a street
_TURN = 0.5  # how far the newest step corrects a mover's velocity


@dataclass(frozen=True, slots=True)
class Mover:
    """One thing that moved: when, from where to where, and how large.

    Attributes:
        start_s, end_s: media time of its first and last sight.
        x0, y0, x1, y1: centre at first and last sight, as fractions of the picture (0,0 is top left).
        share: largest share of the picture it changed at once, 0 to 1.
    """

    start_s: float
    end_s: float
    x0: float
    y0: float
    x1: float
    y1: float
    share: float


@dataclass(frozen=True, slots=True)
class _Blob:
    """Changed cells that touch or nearly touch: centre, the longer side of their box, and area."""

    x: float
    y: float
    size: float
    share: float


@dataclass(slots=True)
class _Track:
    """A mover as far as it was followed. ``mover`` is its part in this window, None before a sight there."""

    x: float
    y: float
    size: float
    seen_s: float
    vx: float = 0.0
    vy: float = 0.0
    mover: Mover | None = None

    def see(self, pts_s: float, blob: _Blob) -> None:
        step_s = pts_s - self.seen_s
        if step_s > 0:
            self.vx += _TURN * ((blob.x - self.x) / step_s - self.vx)
            self.vy += _TURN * ((blob.y - self.y) / step_s - self.vy)
        self.x, self.y, self.size, self.seen_s = blob.x, blob.y, blob.size, pts_s
        known = self.mover
        if known is None:
            self.mover = Mover(pts_s, pts_s, blob.x, blob.y, blob.x, blob.y, blob.share)
        else:
            share = max(known.share, blob.share)
            self.mover = Mover(known.start_s, pts_s, known.x0, known.y0, blob.x, blob.y, share)

    def distance(self, pts_s: float, blob: _Blob) -> float:
        """From where it is expected, in units of how far it is sought."""
        step_s = pts_s - self.seen_s
        away = hypot(blob.x - self.x - self.vx * step_s, blob.y - self.y - self.vy * step_s)
        return away / (_REACH + max(self.size, blob.size) / 2)


class MoverTracker:
    """Follows the blobs of one camera's grids, window after window."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._ended: list[Mover] = []
        self._gathered: NDArray[np.uint8] | None = None
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
        self._end(self._tracks)
        self._tracks = []

    def close(self, end_s: float) -> tuple[Mover, ...]:
        """The movers up to ``end_s``, most important first; those that go on start anew."""
        if self._gathered is not None:
            self._look(end_s, self._gathered)
        self._end(self._tracks)
        for track in self._tracks:
            track.mover = None
        movers = sorted(self._ended, key=lambda mover: -_weight(mover))
        self._ended = []
        return tuple(movers[:MAX_MOVERS])

    def _look(self, pts_s: float, grid: NDArray[np.uint8]) -> None:
        self._looked_s = pts_s
        self._gathered = None
        lost = [track for track in self._tracks if pts_s - track.seen_s > _BRIDGE_S]
        if lost:
            self._end(lost)
            self._tracks = [track for track in self._tracks if pts_s - track.seen_s <= _BRIDGE_S]
        self._match(pts_s, _blobs(grid))

    def _match(self, pts_s: float, blobs: list[_Blob]) -> None:
        """Give each blob to the nearest mover, nearest pair first; what is left over is new."""
        pairs = [
            (distance, t, b)
            for t, track in enumerate(self._tracks)
            for b, blob in enumerate(blobs)
            if (distance := track.distance(pts_s, blob)) <= 1.0
        ]
        free_tracks, free_blobs = set(range(len(self._tracks))), set(range(len(blobs)))
        for _, t, b in sorted(pairs):
            if t in free_tracks and b in free_blobs:
                free_tracks.remove(t)
                free_blobs.remove(b)
                self._tracks[t].see(pts_s, blobs[b])
        for b in sorted(free_blobs):
            track = _Track(blobs[b].x, blobs[b].y, blobs[b].size, pts_s)
            track.see(pts_s, blobs[b])
            self._tracks.append(track)

    def _end(self, tracks: list[_Track]) -> None:
        self._ended += [track.mover for track in tracks if track.mover is not None and _counts(track.mover)]


def _counts(mover: Mover) -> bool:
    """Whether it is more than a flicker."""
    travel = hypot(mover.x1 - mover.x0, mover.y1 - mover.y0)
    lasts = mover.end_s - mover.start_s >= _MIN_LIFE_S
    return lasts and (travel >= _MIN_TRAVEL or mover.share >= _MIN_SHARE)


def _weight(mover: Mover) -> float:
    return (mover.end_s - mover.start_s) * mover.share


_NEAR = np.ones((3, 3), np.uint8)  # cells with at most two between them are one blob


def _blobs(grid: NDArray[np.uint8]) -> list[_Blob]:
    """The largest blobs of a grid; the two edges of one mover differ, so what is near is one."""
    changed = np.where(grid >= _CELL_CHANGED, grid, 0)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(
        cv2.dilate((changed > 0).view(np.uint8), _NEAR)
    )
    if count == 1:
        return []
    rows, columns = grid.shape
    y, x = np.nonzero(changed)
    area = changed[y, x].astype(np.float64) / 255
    label = labels[y, x]
    areas = np.bincount(label, area, count)
    xs = np.bincount(label, area * (x + 0.5), count)[1:] / areas[1:] / columns
    ys = np.bincount(label, area * (y + 0.5), count)[1:] / areas[1:] / rows
    # Boxes are a cell larger on each side than what changed.
    sizes = np.maximum((boxes[1:, 2] - 2) / columns, (boxes[1:, 3] - 2) / rows)
    shares = areas[1:] / (rows * columns)
    found = [
        _Blob(*blob) for blob in zip(xs.tolist(), ys.tolist(), sizes.tolist(), shares.tolist(), strict=True)
    ]
    return sorted(found, key=lambda blob: -blob.share)[:_MAX_BLOBS]
