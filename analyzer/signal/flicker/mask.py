"""Takes the usual changes of regions out of motions, one frame after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from analyzer.signal.flicker.history import REST_S
from analyzer.signal.flicker.region import Cells, Region
from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS, Motion

_SLACK_S = 0.25  # busier than usual by so much: something else is there
_BAND_COLUMNS = 26  # minutes, hours and date change with the seconds, in the same line of text
_MAX_BAND_DUTY, _BAND_S = 0.6, 0.3
_BAND_EVERY_S = 9.5  # where hundredths always change, so often at most: tens of seconds


class _Hidden:
    """A region that is hidden, and its newest changes."""

    def __init__(self, region: Region, before: _Hidden | None) -> None:
        """Hide ``region``; the trail of one ``before`` it at its place goes on."""
        self.region = region
        self.frames: deque[tuple[float, float]] = before.frames if before else deque()  # time, length
        self.began_s: float = before.began_s if before else -np.inf  # when its newest change began
        self.band: Cells | None = before.band if before else None  # what may change with it now
        self.carried_s: float = before.carried_s if before else -np.inf  # when its line last changed
        self.index = np.flatnonzero(region.cells)

    def is_usual(self, pts_s: float, step_s: float) -> bool:
        """Add a frame with a change; returns whether there were not more of them than usual."""
        frames = self.frames
        frames.append((pts_s, step_s))
        while pts_s - frames[0][0] > self.region.trail_s:
            frames.popleft()
        return sum([step_s for _, step_s in frames]) <= self.region.busy_s + _SLACK_S + step_s


class Mask:
    """Hides the usual changes of regions."""

    def __init__(self, regions: Iterable[Region] = ()) -> None:
        self._hidden: list[_Hidden] = []
        self._active_s = np.full((GRID_ROWS, GRID_COLUMNS), -np.inf)
        self._last_s: float | None = None
        self.replace(regions)

    def replace(self, regions: Iterable[Region]) -> None:
        """Hide these from now on, and no others; one at the place of another continues its trail."""
        before = self._hidden
        self._hidden = []
        for region in regions:
            known = (other for other in before if (other.region.cells & region.cells).any())
            self._hidden.append(_Hidden(region, next(known, None)))

    def apply(self, motion: Motion) -> Motion:
        """Return the next frame's motion without what is hidden."""
        step_s = 0.0 if self._last_s is None else min(1.0, motion.pts_s - self._last_s)
        self._last_s = motion.pts_s
        changes = motion.changes
        if changes is None or motion.cut or motion.back:
            return motion
        cells: Cells | None = None
        for hidden in self._hidden:
            if changes.take(hidden.index).any():
                usual = self._usual(hidden, changes, motion.pts_s, step_s)
                if usual is not None:
                    cells = usual if cells is None else cells | usual
        self._active_s[changes > 0] = motion.pts_s
        return motion if cells is None else _without(motion, changes, cells)

    def _usual(
        self, hidden: _Hidden, changes: NDArray[np.uint8], pts_s: float, step_s: float
    ) -> Cells | None:
        """What to hide of a region that changes; None where it changes more than it usually does."""
        usual = hidden.is_usual(pts_s, step_s)
        rest_s = max(REST_S, 1.5 * step_s)
        always = hidden.region.busy_s > _MAX_BAND_DUTY * hidden.region.trail_s
        if always:
            self._carry(hidden, changes, pts_s, rest_s)
        elif pts_s - float(self._active_s.take(hidden.index).max()) > rest_s:
            hidden.began_s = pts_s
            hidden.band = self._band(hidden.region, pts_s)
        if not usual:
            return None
        if hidden.band is not None and pts_s - hidden.began_s <= _BAND_S:
            return hidden.region.cells | hidden.band
        return hidden.region.cells

    def _carry(self, hidden: _Hidden, changes: NDArray[np.uint8], pts_s: float, rest_s: float) -> None:
        """Note when the line of a region that always changes does, too: at a full minute, or ten seconds."""
        line = _line(hidden.region) & ~hidden.region.cells
        if not changes[line].any() or pts_s - float(self._active_s[line].max()) <= rest_s:
            return
        hidden.band = None
        if pts_s - hidden.carried_s >= _BAND_EVERY_S:
            hidden.began_s = hidden.carried_s = pts_s
            hidden.band = self._band(hidden.region, pts_s)

    def _band(self, region: Region, pts_s: float) -> Cells:
        """The line of text around a clock's seconds, but for where something was going on already."""
        return _line(region) & (pts_s - self._active_s > REST_S + _BAND_S)


def _line(region: Region) -> Cells:
    rows, columns = np.flatnonzero(region.cells.any(axis=1)), np.flatnonzero(region.cells.any(axis=0))
    line = np.zeros_like(region.cells)
    first = max(0, columns[0] - _BAND_COLUMNS)
    line[rows[0] : rows[-1] + 1, first : columns[-1] + 1 + _BAND_COLUMNS] = True
    return line


def _without(motion: Motion, changes: NDArray[np.uint8], hidden: Cells) -> Motion:
    left = np.where(hidden, np.uint8(0), changes)
    share = float(left.sum()) / float(changes.sum())
    value = motion.value * share
    return Motion(
        pts_s=motion.pts_s,
        value=value,
        floor=motion.floor,
        threshold=motion.threshold,
        shift=motion.shift,
        cut=False,
        grid=left if value > motion.threshold else None,
        changes=left if share > 0 else None,
        colour_only=motion.colour_only,
    )
