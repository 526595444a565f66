"""A small fixed region that changes regularly: its cells, its period, and how large it may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS

Cells = NDArray[np.bool_]
"""Which cells of the coarse grid, (GRID_ROWS, GRID_COLUMNS)."""

NO_CELLS: Cells = np.zeros((GRID_ROWS, GRID_COLUMNS), np.bool_)

# A beat goes on where so many of the newest beginnings are on it, or so many of its beats are seen, and so
# many more than by chance.
_MIN_SEEN = 0.55
_MIN_FITTING, _MORE_FITTING, _MAX_FITTING = 0.6, 0.3, 0.9
_MAX_CELLS, _MAX_ROWS = 120, 10
_MAX_ALL_CELLS = 180  # of the picture's 1200: a picture that changes regularly as a whole is no clock


@dataclass(frozen=True, slots=True)
class Flicker:
    """A small fixed region that changes regularly, in the source's picture.

    Attributes:
        x_px, y_px, width_px, height_px: where, in pixels of the source's upright picture.
        period_s: how far its changes are apart; 0 where they hardly are, as those of hundredths of a second.
        counts: its changes count as motion: it is a band that is only reported.
    """

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    period_s: float
    counts: bool = False

    def is_near(self, other: Flicker) -> bool:
        """Whether both are one place, as the digits of a clock are: they overlap, or nearly do."""
        if self.counts != other.counts:
            return False
        across = max(self.x_px - other.x_px - other.width_px, other.x_px - self.x_px - self.width_px)
        down = max(self.y_px - other.y_px - other.height_px, other.y_px - self.y_px - self.height_px)
        return across < max(self.width_px, other.width_px) and down < max(self.height_px, other.height_px)

    def __str__(self) -> str:
        place = f"{self.x_px},{self.y_px} ({self.width_px}x{self.height_px} px)"
        if self.counts:
            left, right, top, bottom = (
                self.x_px,
                self.x_px + self.width_px,
                self.y_px,
                self.y_px + self.height_px,
            )
            polygon = [[left, top], [right, top], [right, bottom], [left, bottom]]
            return (
                f"the band at {place} changes all the time, as scrolling text does, and counts as motion; to"
                f" leave it out: ignore: [{polygon}]"
            )
        often = f"every {self.period_s:.1f} s" if self.period_s else "all the time"
        return f"a clock or a lamp at {place} changes {often} and does not count as motion"


@dataclass(frozen=True, slots=True)
class Beat:
    """When changes begin.

    Attributes:
        period_s: how far they are apart.
        phases_s: media times, near the newest, at one of which plus a multiple of the period each begins;
            none where only the period is known.
        tolerance_s: by how much a change may be off.
    """

    period_s: float
    phases_s: tuple[float, ...] = ()
    tolerance_s: float = 0.0

    def followed_by(self, times_s: NDArray[np.float64], from_s: float, to_s: float) -> Beat | None:
        """Return the same beat later on, if it goes on in the changes that begin at these times.

        It does where clearly more of them than by chance are on it, or where most beats are seen between
        ``from_s`` and ``to_s``, whatever else passes. All may be shifted by a common time, as the period is
        not exactly known.
        """
        if not self.phases_s or not len(times_s):
            return None
        off_s = times_s[:, None] - np.array(self.phases_s)
        number = np.rint(off_s / self.period_s)
        off_s -= number * self.period_s
        nearest = np.arange(len(off_s)), np.argmin(np.abs(off_s), axis=1)
        near = np.abs(off_s[nearest]) <= 2 * self.tolerance_s
        shift_s = float(np.median(off_s[nearest][near])) if near.any() else 0.0
        on = np.abs(off_s[nearest] - shift_s) <= self.tolerance_s
        chance = 2 * self.tolerance_s * len(self.phases_s) / self.period_s
        fitting = np.count_nonzero(on) / len(on)
        seen = len({*zip(number[nearest][on].tolist(), nearest[1][on].tolist(), strict=True)})
        beats = len(self.phases_s) * (to_s - from_s) / self.period_s
        most = min(_MAX_FITTING, chance + _MORE_FITTING)
        if fitting < max(_MIN_FITTING, most) and seen < max(_MIN_SEEN, most) * beats:
            return None
        turns_s = self.period_s * round((float(times_s[-1]) - self.phases_s[0]) / self.period_s)
        return replace(self, phases_s=tuple(phase_s + turns_s + shift_s for phase_s in self.phases_s))


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A region that is learned.

    Attributes:
        cells: what is hidden while it is regular: where it changes, and the cells around.
        beat: its period, and its phases where it has them.
        trail_s: a time in which there are as many changes wherever it begins.
        busy_s: for how long it usually changes in that time, at most.
        seen_s: media time at which it was last seen to be regular.
    """

    cells: Cells
    beat: Beat
    trail_s: float
    busy_s: float
    seen_s: float

    def flicker(self, size_px: tuple[int, int]) -> Flicker:
        """Return the place in a source's picture of this width and height."""
        columns, rows = np.flatnonzero(self.cells.any(axis=0)), np.flatnonzero(self.cells.any(axis=1))
        x, right = (round(edge * size_px[0] / GRID_COLUMNS) for edge in (columns[0], columns[-1] + 1))
        y, bottom = (round(edge * size_px[1] / GRID_ROWS) for edge in (rows[0], rows[-1] + 1))
        return Flicker(x, y, right - x, bottom - y, self.beat.period_s if self.beat.phases_s else 0.0)


def is_small(cells: Cells) -> bool:
    """Whether cells, at least one, fit into a rectangle that a clock or a lamp may have."""
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    return height <= _MAX_ROWS and height * width <= _MAX_CELLS


def bounded(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Return the first of the regions, as many as are small together."""
    chosen: list[Region] = []
    cells = 0
    for region in regions:
        more = int(np.count_nonzero(region.cells))
        if cells + more <= _MAX_ALL_CELLS:
            chosen.append(region)
            cells += more
    return tuple(chosen)


def union(regions: Iterable[Region]) -> Cells:
    """Return the cells of all regions."""
    cells = NO_CELLS.copy()
    for region in regions:
        cells |= region.cells
    return cells
