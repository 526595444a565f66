"""Which regions are learned, confirmed and dropped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.signal.flicker.beats import MIN_BEGINNINGS, find_beats
from analyzer.signal.flicker.history import HORIZON_S, REST_S, Changes, History
from analyzer.signal.flicker.recurrence import MIN_FRAMES, recurs_after_s
from analyzer.signal.flicker.region import NO_CELLS, Beat, Cells, Region, bounded, is_small, union
from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS, Motion

# Regions are looked for this often at first, then less often, and when a window ends.
_EARLY_LOOK_S, _EARLY_S, _LOOK_S = 5.0, 30.0, 10.0
_HORIZONS_S = (10.0, 20.0, HORIZON_S)  # in so much of what was last seen: a clock of minutes takes some
_MANY_BEGINNINGS = 12  # a place that changes so often shows in the shortest whether it is regular
_FIRST_S = 10.5  # the first window
_MIN_ALONE = 0.6  # of the beginnings: nothing around changes with them
_MAX_BRIEF_S = 0.9  # from the first frame of a change to its last: seen for 0.2 s, of a colour for 0.5 s
_RECURRING_S, _MIN_RECURRING_S = 10.0, 8.5  # looked at, and at least
_MIN_DUTY = 0.12  # a cell's share of frames with a change
_BUSY_S, _BUSY_PERIODS = 20.0, 4.0  # over how long the usual changes are measured, at least
_TRAIL_S = 2.0  # in so long a time, or nearly, it is counted how busy a region is
_MOST_SHARE, _MOST_MEANS = 0.95, 1.5  # usual are the busiest times but a few: a walker may be in them, too
_TRUST_S, _TRUST_PERIODS = 60.0, 5.0  # so long a region is kept without being seen to be regular
_MAX_COMPARED = 150
_ALIKE_PERIODS = 0.05

_NEAR = np.ones((3, 3), np.uint8)


class Learner:
    """Learns the regions of one camera from its frames.

    Attributes:
        regions: those that are learned now.
        changed_s: media time at which a region was last learned or dropped.
    """

    def __init__(self) -> None:
        self._history = History()
        self._looked_s = 0.0
        self.regions: tuple[Region, ...] = ()
        self.changed_s = -np.inf

    def push(self, motion: Motion) -> bool:
        """Take the next frame's motion; returns whether regions were looked for."""
        self._history.note(motion)
        if motion.pts_s - self._looked_s < (_EARLY_LOOK_S if motion.pts_s <= _EARLY_S else _LOOK_S):
            return False
        self.look(motion.pts_s)
        return True

    def look(self, now_s: float) -> None:
        """Look for regions in what was seen so far, and forget those that are regular no more."""
        self._looked_s = now_s
        changes = self._history.changes(now_s)
        found: list[Region] = []
        if changes is not None and len(changes) >= MIN_BEGINNINGS:
            found = list(self._regular(changes, now_s))
        kept = [
            self._confirmed(region, changes, now_s) for region in self.regions if not _is_among(region, found)
        ]
        regions = bounded([*found, *(region for region in kept if region is not None)])
        if not np.array_equal(union(regions), union(self.regions)):
            self.changed_s = now_s
        self.regions = regions

    def _confirmed(self, region: Region, changes: Changes | None, now_s: float) -> Region | None:
        """Return a region that was not found again, as far as it is to be kept; None to forget it."""
        if now_s - region.seen_s > max(_TRUST_S, _TRUST_PERIODS * region.beat.period_s):
            return None
        if changes is None:
            return region
        from_s = now_s - max(_HORIZONS_S[0], 3 * region.beat.period_s)
        newest = changes.since(from_s)
        began_s = newest.times_s[newest.began_in(np.flatnonzero(region.cells))]
        if np.count_nonzero(began_s > region.seen_s) < MIN_BEGINNINGS - 1:
            return region  # it is hidden, or off
        if not region.beat.phases_s:  # what recurs may be interrupted by who passes
            return region if now_s - region.seen_s <= _HORIZONS_S[1] else None
        beat = region.beat.followed_by(began_s, from_s, now_s)
        return None if beat is None else replace(region, beat=beat, seen_s=now_s)

    def _regular(self, changes: Changes, now_s: float) -> Iterator[Region]:
        taken = NO_CELLS.copy()
        for place, beat in [*self._beating(changes, now_s), *self._recurring(changes, now_s)]:
            cells = place & ~taken  # a clock's seconds next to its hundredths
            if not cells.any() or not is_small(cells):
                continue
            taken |= cells
            yield self._region(cells, beat, changes, now_s)

    def _region(self, cells: Cells, beat: Beat, changes: Changes, now_s: float) -> Region:
        """The region of these cells, with how busy it usually is."""
        period_s = beat.period_s
        beats = max(1, math.ceil(_TRAIL_S / period_s - 0.05))
        trail_s = beats * period_s - 0.1 if period_s <= _TRAIL_S else _TRAIL_S
        from_s = max(self._history.begins_s - 1e-6, now_s - max(_BUSY_S, _BUSY_PERIODS * period_s))
        newest = changes.since(from_s)
        times_s = newest.times_s[newest.changed(np.flatnonzero(cells))]
        frame_s = self._history.frame_s
        mean_s = len(times_s) * frame_s * beats * period_s / max(period_s, now_s - from_s)
        counts = np.arange(1, len(times_s) + 1) - np.searchsorted(times_s, times_s - trail_s)
        most_s = float(np.quantile(counts, _MOST_SHARE)) * frame_s if len(counts) else 0.0
        return Region(cells, beat, trail_s, min(max(mean_s, most_s), _MOST_MEANS * mean_s), now_s)

    def _beating(self, changes: Changes, now_s: float) -> Iterator[tuple[Cells, Beat]]:
        """Places whose changes begin in a beat."""
        period_s = np.zeros((GRID_ROWS, GRID_COLUMNS))
        slow = np.ones((GRID_ROWS, GRID_COLUMNS), np.bool_)
        beats: dict[tuple[int, int], Beat] = {}
        for horizon_s in _HORIZONS_S:
            newest = changes.since(now_s - horizon_s)
            counts = np.count_nonzero(newest.began, axis=0)
            places = (counts >= MIN_BEGINNINGS) & (period_s == 0) & slow
            slow &= counts < _MANY_BEGINNINGS
            if places.any():
                for place, beat in self._beats(newest, places, now_s):
                    beats[place] = beat
                    period_s[place] = beat.period_s
            if len(newest) == len(changes):
                break  # a longer one holds no more
        for cells in _places(period_s > 0, period_s):
            median_s = float(np.median(period_s[cells]))
            horizon_s = max(_HORIZONS_S[1], 2 * MIN_BEGINNINGS * median_s)
            newest = changes.since(now_s - horizon_s)
            if _is_alone(cells, newest, self._history.frame_s) and self._is_brief(cells, newest):
                own = [beats[place] for place in zip(*(n.tolist() for n in np.nonzero(cells)), strict=True)]
                yield cells, min(own, key=lambda beat: abs(beat.period_s - median_s))

    def _beats(self, changes: Changes, places: Cells, now_s: float) -> Iterator[tuple[tuple[int, int], Beat]]:
        """The beats of some places, each with its row and column."""
        began = changes.began[:, places]
        kind, firsts = _alike(began)
        counts = began.sum(axis=0)[firsts]
        colour = np.zeros(len(firsts), np.bool_)
        if changes.in_colour is not None:
            colour = 2 * changes.in_colour[:, places].sum(axis=0)[firsts] > counts
        step_s = np.where(colour, self._history.colour_s, self._history.frame_s)
        first = now_s - self._history.begins_s <= _FIRST_S
        found = find_beats(_in_rows(changes.times_s, began[:, firsts]), step_s, colour=colour, first=first)
        rows, columns = np.nonzero(places)
        beating = np.array([beat is not None for beat in found])[kind]
        for nth in np.flatnonzero(beating).tolist():
            beat = found[kind[nth]]
            if beat is not None:
                yield (int(rows[nth]), int(columns[nth])), beat

    def _is_brief(self, cells: Cells, changes: Changes) -> bool:
        """Whether most changes are as short as those of digits and lamps, and of nothing that passes."""
        times_s = changes.times_s[changes.changed(np.flatnonzero(cells))]
        rest_s = max(REST_S, 1.5 * self._history.frame_s)
        if not len(times_s):
            return False
        spans = np.split(times_s, np.flatnonzero(np.diff(times_s) > rest_s) + 1)
        return float(np.median([span[-1] - span[0] for span in spans])) <= _MAX_BRIEF_S

    def _recurring(self, changes: Changes, now_s: float) -> Iterator[tuple[Cells, Beat]]:
        """Places of which the same changes recur."""
        number, frame_s = self._history.number, self._history.frame_s
        frames = min(number, round(_RECURRING_S / max(0.001, frame_s)))
        newest = changes.numbers > number - frames
        if frames * frame_s < _MIN_RECURRING_S or np.count_nonzero(newest) < MIN_FRAMES:
            return
        amounts = np.zeros((frames, GRID_ROWS, GRID_COLUMNS), np.uint8)
        amounts[changes.numbers[newest] - number - 1] = changes.amounts[newest]
        active = np.count_nonzero(changes.amounts[newest], axis=0) >= _MIN_DUTY * frames
        for cells in _places(active, np.zeros_like(active, np.float64)):
            around = cv2.dilate(cells.astype(np.uint8), _NEAR) > 0
            if not is_small(around):
                continue
            period_s = recurs_after_s(amounts[:, cells].astype(np.float32), frame_s)
            if period_s and _is_alone(around, changes.since(now_s - _RECURRING_S), frame_s):
                yield around, Beat(period_s)


def _places(cells: Cells, period_s: NDArray[np.float64]) -> Iterator[Cells]:
    """The places of these cells: next to each other, or near and of one period, as hazard lights are."""
    _, labels = cv2.connectedComponents(cells.astype(np.uint8))
    count, groups = cv2.connectedComponents(cv2.dilate(cells.astype(np.uint8), _NEAR, iterations=2))
    for group in range(1, count):
        together = (groups == group) & cells
        own = [together & (labels == label) for label in np.unique(labels[together])]
        medians_s = [float(np.median(period_s[place])) for place in own]
        alike = max(medians_s) <= (1 + _ALIKE_PERIODS) * min(medians_s)
        yield from [together] if alike and is_small(together) else own


def _is_alone(cells: Cells, changes: Changes, frame_s: float) -> bool:
    """Whether these cells change by themselves, and not as the place that something larger passes.

    That changes the cells around in the same frame, or in the one before or after.
    """
    around = (cv2.dilate(cells.astype(np.uint8), _NEAR, iterations=2) > 0) & ~cells
    times_s = changes.times_s[changes.began_in(np.flatnonzero(cells))]
    around_s = np.append(changes.times_s[changes.changed(np.flatnonzero(around))], np.inf)
    next_s = around_s[np.searchsorted(around_s, times_s - 1.1 * frame_s)]
    return int(np.count_nonzero(next_s > times_s + 1.1 * frame_s)) >= _MIN_ALONE * len(times_s)


def _is_among(region: Region, found: Sequence[Region]) -> bool:
    return any((region.cells & other.cells).any() for other in found)


def _alike(began: Cells) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Which columns are alike: for each the number of its kind, and for each kind the first column.

    Most cells of a region change at the same times. Many are no region, and not compared.
    """
    if began.shape[1] > _MAX_COMPARED:
        every = np.arange(began.shape[1])
        return every, every
    kinds: dict[bytes, int] = {}
    packed = np.packbits(began, axis=0).T
    kind = np.array([kinds.setdefault(times.tobytes(), len(kinds)) for times in packed])
    return kind, np.unique(kind, return_index=True)[1]


def _in_rows(times_s: NDArray[np.float64], began: Cells) -> NDArray[np.float64]:
    """For each place (a column of ``began``) a row of the times at which changes began, then NaN."""
    places, nths = np.nonzero(began.T)
    counts = began.sum(axis=0)
    rows = np.full((began.shape[1], int(counts.max())), np.nan)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    rows[places, np.arange(len(places)) - first] = times_s[nths]
    return rows
