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
_BRIDGE_S = 0.7  # what rests for longer is another mover when it shows again
_HIDDEN_S = 2.0  # two that pass are one blob for a while: so long the one is sought beside the other
_MIN_LIFE_S = 0.4
_MIN_TRAVEL = 0.05
_MIN_SHARE = 0.01  # what does not travel must be so large
_MIN_CELL = 0.0008  # and anything at least one cell of 30 x 40
_REACH = 0.08  # a mover is sought so far around where it is expected, besides its own size
_CELL_CHANGED = 24  # of 255: less is noise, or the blurred edge of a neighbour
_MAX_BLOBS = 16  # the largest: a snowstorm must not cost more than a street
_TOGETHER = 0.6  # of its life that a part must share with the whole
_BESIDE = 0.6  # of its size: how far a part may lie from the whole
_TURN = 0.5  # how far the newest sight corrects a mover's velocity
_GROW = 0.2  # how far it corrects its size


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


@dataclass(frozen=True, slots=True)
class _Part:
    """A mover, or a part of one, with its usual size: where two cross they are one blob for a while."""

    mover: Mover
    size: float


@dataclass(slots=True)
class _Track:
    """A mover as far as it was followed.

    ``near_s`` is when last a blob was where it may be, if only another's. ``part`` is what of it this
    window saw; None before that.
    """

    x: float
    y: float
    size: float
    seen_s: float
    near_s: float
    vx: float = 0.0
    vy: float = 0.0
    part: _Part | None = None

    def see(self, pts_s: float, blob: _Blob) -> None:
        step_s = pts_s - self.seen_s
        if step_s > 0:
            self.vx += _TURN * ((blob.x - self.x) / step_s - self.vx)
            self.vy += _TURN * ((blob.y - self.y) / step_s - self.vy)
        self.size += _GROW * (blob.size - self.size)
        self.x, self.y, self.seen_s = blob.x, blob.y, pts_s
        if self.part is None:
            self.part = _Part(Mover(pts_s, pts_s, blob.x, blob.y, blob.x, blob.y, blob.share), self.size)
            return
        known = self.part.mover
        share = max(known.share, blob.share)
        mover = Mover(known.start_s, pts_s, known.x0, known.y0, blob.x, blob.y, share)
        self.part = _Part(mover, self.size)

    def is_lost(self, pts_s: float) -> bool:
        return pts_s - self.near_s > _BRIDGE_S or pts_s - self.seen_s > _HIDDEN_S

    def distance(self, pts_s: float, blob: _Blob) -> float:
        """From where it is expected, in units of how far it is sought."""
        step_s = pts_s - self.seen_s
        away = hypot(blob.x - self.x - self.vx * step_s, blob.y - self.y - self.vy * step_s)
        return away / (_REACH + max(self.size, blob.size) / 2)


class MoverTracker:
    """Follows the blobs of one camera's grids, window after window."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._ended: list[_Part] = []
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
            track.part = None
        movers = _whole(self._ended)
        self._ended = []
        return tuple(movers[:MAX_MOVERS])

    def _look(self, pts_s: float, grid: NDArray[np.uint8]) -> None:
        self._looked_s = pts_s
        self._gathered = None
        self._end([track for track in self._tracks if track.is_lost(pts_s)])
        self._tracks = [track for track in self._tracks if not track.is_lost(pts_s)]
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
            self._tracks[t].near_s = pts_s
            if t in free_tracks and b in free_blobs:
                free_tracks.remove(t)
                free_blobs.remove(b)
                self._tracks[t].see(pts_s, blobs[b])
        for b in sorted(free_blobs):
            track = _Track(blobs[b].x, blobs[b].y, blobs[b].size, pts_s, pts_s)
            track.see(pts_s, blobs[b])
            self._tracks.append(track)

    def _end(self, tracks: list[_Track]) -> None:
        self._ended += [track.part for track in tracks if track.part is not None]


_NEAR = np.ones((3, 3), np.uint8)  # cells with at most two between them are one blob


def _blobs(grid: NDArray[np.uint8]) -> list[_Blob]:
    """The largest blobs of a grid, largest first."""
    changed = cv2.threshold(grid, _CELL_CHANGED, 255, cv2.THRESH_TOZERO)[1]
    count, labels, boxes, centres = cv2.connectedComponentsWithStats(cv2.dilate(changed, _NEAR))
    if count == 1:  # the ground alone
        return []
    rows, columns = grid.shape
    areas = np.bincount(labels.ravel(), changed.ravel(), count).tolist()
    found = [
        # A box is a cell larger on each side than what changed; a centre is in cells, from a cell's middle.
        _Blob(
            (x + 0.5) / columns,
            (y + 0.5) / rows,
            max((box[cv2.CC_STAT_WIDTH] - 2) / columns, (box[cv2.CC_STAT_HEIGHT] - 2) / rows),
            area / (255 * rows * columns),
        )
        for area, box, (x, y) in zip(areas[1:], boxes[1:].tolist(), centres[1:].tolist(), strict=True)
    ]
    return sorted(found, key=lambda blob: -blob.share)[:_MAX_BLOBS]


def _whole(parts: list[_Part]) -> list[Mover]:
    """The movers, most important first: what stays beside another for all of their common time is its edge.

    Only the edges of a large plain thing change from frame to frame, too far apart to be one blob.
    """
    whole: list[_Part] = []
    for part in sorted(parts, key=lambda part: -_weight(part.mover)):
        for i, larger in enumerate(whole):
            if _beside(larger, part):
                whole[i] = _Part(_join(larger.mover, part.mover), larger.size)
                break
        else:
            whole.append(part)
    return sorted((part.mover for part in whole if _counts(part.mover)), key=lambda mover: -_weight(mover))


def _beside(larger: _Part, part: _Part) -> bool:
    start_s = max(larger.mover.start_s, part.mover.start_s)
    end_s = min(larger.mover.end_s, part.mover.end_s)
    if end_s - start_s < _TOGETHER * (part.mover.end_s - part.mover.start_s):
        return False
    apart = (_apart(larger.mover, part.mover, at_s) for at_s in (start_s, end_s))
    return max(apart) <= _BESIDE * max(larger.size, part.size)


def _apart(one: Mover, other: Mover, at_s: float) -> float:
    (x0, y0), (x1, y1) = _position(one, at_s), _position(other, at_s)
    return hypot(x1 - x0, y1 - y0)


def _position(mover: Mover, at_s: float) -> tuple[float, float]:
    """Where it was, had it gone straight and evenly."""
    life_s = mover.end_s - mover.start_s
    done = (at_s - mover.start_s) / life_s if life_s else 0.0
    return mover.x0 + done * (mover.x1 - mover.x0), mover.y0 + done * (mover.y1 - mover.y0)


def _join(larger: Mover, part: Mover) -> Mover:
    """One mover from the first sight of either to the last. The areas may not have been there at once."""
    first = min(larger, part, key=lambda mover: mover.start_s)
    last = max(larger, part, key=lambda mover: mover.end_s)
    share = max(larger.share, part.share)
    return Mover(first.start_s, last.end_s, first.x0, first.y0, last.x1, last.y1, share)


def _counts(mover: Mover) -> bool:
    """Whether it is more than a flicker."""
    travel = hypot(mover.x1 - mover.x0, mover.y1 - mover.y0)
    lasts = mover.end_s - mover.start_s >= _MIN_LIFE_S
    return lasts and mover.share >= (_MIN_CELL if travel >= _MIN_TRAVEL else _MIN_SHARE)


def _weight(mover: Mover) -> float:
    return (mover.end_s - mover.start_s) * mover.share
