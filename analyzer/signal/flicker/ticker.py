"""A band of the picture in which something changes all the time, as scrolling text does.

It is only reported: what happens there may matter, and no measurement says that it is text.
"""

from __future__ import annotations

import numpy as np

from analyzer.signal.flicker.region import Flicker
from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS, Motion

# Looked at in so long a time, and seen in so many of them, one after the other.
_SPAN_S, _SPANS = 15.0, 2
# A cell of the band changes in this share of the frames, and so much of its width does. Of films of traffic,
# a match and pedestrians no row reaches a quarter of the width.
_MIN_DUTY, _MIN_COLUMNS = 0.4, 24
_MAX_ROWS = 5
# The rest of the picture hardly changes; it always does before a moving camera, in rain or on water.
_MAX_REST_DUTY = 0.1


class TickerFinder:
    """Looks for a band in the motion of one camera."""

    def __init__(self, source_width_px: int, source_height_px: int) -> None:
        self._size_px = (source_width_px, source_height_px)
        self._begun_s = 0.0
        self._times = np.zeros((GRID_ROWS, GRID_COLUMNS), np.int_)  # frames in which each cell changed
        self._frames = 0
        self._rows: tuple[int, int] | None = None  # first and last of the band in the span before
        self._spans = 0  # in which it was seen so far

    def push(self, motion: Motion) -> Flicker | None:
        """Take the next frame's motion, before anything is taken out; return the band once it is certain."""
        found = None
        if motion.pts_s - self._begun_s >= _SPAN_S:
            rows = self._band()
            self._spans = self._spans + 1 if rows and rows == self._rows else int(rows is not None)
            self._rows, self._begun_s, self._frames = rows, motion.pts_s, 0
            self._times[:] = 0
            if rows is not None and self._spans == _SPANS:
                found = self._place(*rows)
        self._frames += 1
        if motion.changes is not None:
            self._times += motion.changes > 0
        return found

    def _band(self) -> tuple[int, int] | None:
        """Return the first and the last row of the band; None where there is none."""
        duty = self._times / max(1, self._frames)
        rows = np.flatnonzero(np.count_nonzero(duty >= _MIN_DUTY, axis=1) >= _MIN_COLUMNS)
        if not len(rows) or rows[-1] - rows[0] >= _MAX_ROWS:
            return None
        first, last = int(rows[0]), int(rows[-1])
        rest = np.delete(duty, slice(max(0, first - 1), last + 2), axis=0)
        return (first, last) if np.median(rest) <= _MAX_REST_DUTY else None

    def _place(self, first: int, last: int) -> Flicker:
        """The band in the source's picture, with half a cell around for what changes only now and then."""
        width_px, height_px = self._size_px
        top = round(max(0.0, first - 0.5) * height_px / GRID_ROWS)
        bottom = round(min(float(GRID_ROWS), last + 1.5) * height_px / GRID_ROWS)
        return Flicker(0, top, width_px, bottom - top, 0.0, counts=True)
