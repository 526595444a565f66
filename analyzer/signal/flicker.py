"""Small fixed regions that change regularly: on-screen clocks, blinking lamps, counters.

They are learned from where the picture changed, frame by frame, and what changes in them as it always does
is taken out of the motion. Two kinds are told from everything else:

- a *beat*: the changes of a place begin at whole multiples of one period, to within a frame. So few places
  do so by chance that a dripping tap, whose drops come when they come, is not taken for one;
- what *comes back*: how much of a place changes is the same again one or two seconds later, frame by frame.
  Tenths and hundredths do so, and lamps that blink too fast for the frames; what walks or drives does not.

Nothing that passes there is lost. It is larger than the region, and what changes outside counts as ever; and
the region itself counts as soon as it changes for longer than it usually does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS, Motion

Cells = NDArray[np.bool_]
"""Which cells of the coarse grid, (GRID_ROWS, GRID_COLUMNS)."""

# Regions are looked for this often at first, then less often, and when a window ends.
_EARLY_LOOK_S, _EARLY_S, _LOOK_S = 5.0, 30.0, 10.0
_HORIZONS_S = (10.0, 20.0, 600.0)  # in so much of what was last seen: a clock of minutes takes some
_MAX_FRAMES = 256  # of those in which anything changed: 20 s where something always moves
_MAX_CELLS = 300  # changed in one frame: more is no small region, whatever it is

_REST_S = 0.25  # a change is visible for 0.2 s: what follows a rest of more begins anew
_PERIODS_S = (0.3, 90.0)
_MIN_BEGINNINGS = 4
_MIN_REGULAR = 0.75  # of the beginnings: somebody may pass
_MIN_KEPT = 0.65  # of the beats at which a change was seen: 8 and 9 look much alike
_MIN_LATE_REGULAR, _LATE = 3, 4  # of the newest beginnings: a beat that is over is none
# That beginnings which come when they come are so regular, somewhere in the picture: of beats faster than a
# period, and of slower ones, of which a window shows few.
_FAST_CHANCE, _SLOW_PERIOD_S, _SLOW_CHANCE = 0.003, 1.6, 0.025
_MAX_PLACES = 64  # looked at closely
_CLOCK_PLACES = 16  # that a clock has: of more, each must be more regular
_MIN_ALONE = 0.6  # of the beginnings: nothing around changes with them

_RECURRING_S, _MIN_RECURRING_S = 10.0, 8.5  # looked at, and at least
_MIN_DUTY, _MIN_RECURRING_FRAMES = 0.12, 8  # a cell's share of frames with a change, and a place's number
_LAGS_S = (0.9, 2.05)  # 25 frames a second of which each second is measured come back in 2 s
# Correlation with one period before of how far the changes differ from frame to frame. What always moves, as
# traffic, stays below 0.25; of what changes now and then more comes back by chance.
_LIKENESS, _SPARSE_LIKENESS, _SPARSE_DUTY = 0.5, 0.8, 0.5

_MAX_REGION_CELLS, _MAX_REGION_ROWS = 90, 10
_MAX_ALL_CELLS = 180  # of the picture's 1200: a picture that beats as a whole is no clock
_TRUST_S, _TRUST_PERIODS = 60.0, 5.0  # so long a region is believed in without being seen to beat
_TRAIL_S, _SLACK_S = 2.0, 0.25  # more active than usual by so much in so long: something else is there
_BAND_COLUMNS = 14  # minutes, hours and date change with the seconds, in the same line of text
_MAX_BAND_DUTY, _BEAT_S = 0.6, 0.3

_NEAR = np.ones((3, 3), np.uint8)
_NOWHERE: Cells = np.zeros((GRID_ROWS, GRID_COLUMNS), np.bool_)
_TOGETHER = 64  # frames in which beginnings are looked for at once: one after the other costs more


@dataclass(frozen=True, slots=True)
class Flicker:
    """A small fixed region that changes in a regular beat.

    Attributes:
        x_px, y_px, width_px, height_px: where, in pixels of the source's upright picture.
        period_s: how far its changes are apart.
    """

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    period_s: float

    def is_near(self, other: Flicker) -> bool:
        """Whether both are one place, as the digits of a clock are: they overlap, or nearly do."""
        across = max(self.x_px - other.x_px - other.width_px, other.x_px - self.x_px - self.width_px)
        down = max(self.y_px - other.y_px - other.height_px, other.y_px - self.y_px - self.height_px)
        return across < max(self.width_px, other.width_px) and down < max(self.height_px, other.height_px)

    def __str__(self) -> str:
        place = f"{self.x_px},{self.y_px} ({self.width_px}x{self.height_px} px)"
        return (
            f"a clock or a lamp at {place} changes every {self.period_s:.1f} s and does not count as motion"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    """A region that is learned.

    Attributes:
        cells: what is hidden while it beats: where it changes, and the cells around.
        period_s: of its beat.
        duty: the share of time in which it changes.
        seen_s: media time at which it was last seen to be regular.
    """

    cells: Cells
    period_s: float
    duty: float
    seen_s: float

    def flicker(self, size_px: tuple[int, int]) -> Flicker:
        """Return the place in a source's picture of this width and height."""
        columns, rows = np.flatnonzero(self.cells.any(axis=0)), np.flatnonzero(self.cells.any(axis=1))
        x, right = (round(edge * size_px[0] / GRID_COLUMNS) for edge in (columns[0], columns[-1] + 1))
        y, bottom = (round(edge * size_px[1] / GRID_ROWS) for edge in (rows[0], rows[-1] + 1))
        return Flicker(x, y, right - x, bottom - y, self.period_s)


@dataclass(slots=True)
class _Seen:
    """A frame in which something changed.

    Attributes:
        pts_s: media time of it.
        number: of the frame.
        rest_s: what follows a rest of more than this begins anew.
        changes: what changed, 0 to 255.
        began: where that began, there or beside; found later, for many frames at once.
    """

    pts_s: float
    number: int
    rest_s: float
    changes: NDArray[np.uint8]
    began: Cells = field(default_factory=lambda: _NOWHERE)


class FlickerFilter:
    """Learns the regions of one camera from its frames, and takes them out of the motion.

    Attributes:
        found: the regions found so far, each place once.
        changed_s: media time at which a region was last learned or forgotten.
    """

    def __init__(self, source_width_px: int, source_height_px: int) -> None:
        self._size_px = (source_width_px, source_height_px)
        self._history: deque[_Seen] = deque(maxlen=_MAX_FRAMES)
        self._pending: list[_Seen] = []  # the newest of them, where ``began`` is not known yet
        self._active_s = np.full((GRID_ROWS, GRID_COLUMNS), -np.inf)  # when each cell or one beside changed
        self._number = 0
        self._frame_s = 0.0
        self._last_s: float | None = None
        self._looked_s = 0.0
        self._regions: tuple[_Region, ...] = ()
        self._hider = _Hider()
        self.found: list[Flicker] = []
        self.changed_s = -np.inf

    def push(self, motion: Motion) -> Motion:
        """Take the next frame's motion; returns it without what beats."""
        self._note(motion)
        if motion.pts_s - self._looked_s >= (_EARLY_LOOK_S if motion.pts_s <= _EARLY_S else _LOOK_S):
            self.look(motion.pts_s)
        return self._hider.hide(motion)

    def revise(self, motions: Iterable[Motion]) -> list[Motion]:
        """Return motions, as they were pushed, without what beats as far as that is known now."""
        hider = _Hider()
        hider.learn(self._regions)
        return [hider.hide(motion) for motion in motions]

    def _note(self, motion: Motion) -> None:
        if self._last_s is not None:
            step_s = min(1.0, motion.pts_s - self._last_s)
            self._frame_s += (step_s - self._frame_s) * (0.05 if self._frame_s else 1.0)
        self._last_s = motion.pts_s
        self._number += 1
        if motion.changes is None or motion.cut or cv2.countNonZero(motion.changes) > _MAX_CELLS:
            return
        rest_s = max(_REST_S, 1.5 * self._frame_s)
        self._pending.append(_Seen(motion.pts_s, self._number, rest_s, motion.changes))
        if len(self._pending) >= _TOGETHER:
            self._find_beginnings()

    def _find_beginnings(self) -> None:
        """Find in which cells changes began in the frames that are pending; they join the history."""
        if not self._pending:
            return
        here = _dilated(np.stack([seen.changes for seen in self._pending]))
        times_s, rests_s = (
            np.array(column)[:, None, None]
            for column in zip(*((seen.pts_s, seen.rest_s) for seen in self._pending), strict=True)
        )
        active_s = np.empty((len(here) + 1, GRID_ROWS, GRID_COLUMNS))  # before each frame, and after all
        active_s[0] = self._active_s
        active_s[1:] = np.where(here, times_s, -np.inf)
        np.maximum.accumulate(active_s, out=active_s)
        began = here & (times_s - active_s[:-1] > rests_s)
        for seen, cells in zip(self._pending, began, strict=True):
            seen.began = cells
        self._active_s = active_s[-1].copy()
        self._history += self._pending
        self._pending.clear()

    def look(self, now_s: float) -> None:
        """Look for regions in what was seen so far, and forget those that are regular no more."""
        self._looked_s = now_s
        self._find_beginnings()
        while self._history and now_s - self._history[0].pts_s > _HORIZONS_S[-1]:
            self._history.popleft()
        if len(self._history) < _MIN_BEGINNINGS:
            found: list[_Region] = []
        else:
            found = list(self._regular(now_s))
        kept = [region for region in self._regions if self._holds(region, found, now_s)]
        regions = _bounded([*found, *kept])
        if not np.array_equal(_places(regions), _places(self._regions)):
            self.changed_s = now_s
        self._regions = regions
        self._hider.learn(regions)
        for region in regions:
            flicker = region.flicker(self._size_px)
            if not any(flicker.is_near(known) for known in self.found):
                self.found.append(flicker)

    def _holds(self, region: _Region, found: Sequence[_Region], now_s: float) -> bool:
        """Whether to go on believing in a region that was not found again."""
        if any((region.cells & other.cells).any() for other in found):
            return False  # it was
        trust_s = max(_TRUST_S, _TRUST_PERIODS * region.period_s)
        if now_s - region.seen_s > trust_s:
            return False
        since_s = max(region.seen_s, now_s - _HORIZONS_S[0])
        began = sum(bool((seen.began & region.cells).any()) for seen in self._history if seen.pts_s > since_s)
        return began < _MIN_BEGINNINGS - 1  # few: it is hidden, or off; more: it changes in another way

    def _regular(self, now_s: float) -> Iterator[_Region]:
        taken = np.zeros((GRID_ROWS, GRID_COLUMNS), np.bool_)
        for cells, period_s in [*self._beats(now_s), *self._recurring(now_s)]:
            if (cells & taken).any():
                cells = cells & ~taken  # noqa: PLW2901  # a clock's seconds beside its hundredths
            if not cells.any() or not _is_small(cells):
                continue
            taken |= cells
            yield _Region(cells, period_s, self._duty(cells, now_s), now_s)

    def _duty(self, cells: Cells, now_s: float) -> float:
        """The share of the last frames in which something of these cells changed."""
        history = [seen for seen in self._history if now_s - seen.pts_s <= _HORIZONS_S[1]]
        if not history:
            return 0.0
        frames = self._number - history[0].number + 1
        return sum(bool(seen.changes[cells].any()) for seen in history) / frames

    def _beats(self, now_s: float) -> Iterator[tuple[Cells, float]]:
        """Places whose changes begin in a beat, each with its period."""
        times_s = np.array([seen.pts_s for seen in self._history])
        began = np.stack([seen.began for seen in self._history])
        regular = np.zeros((GRID_ROWS, GRID_COLUMNS))
        for horizon_s in _HORIZONS_S:
            first = int(np.searchsorted(times_s, now_s - horizon_s))
            counts = np.count_nonzero(began[first:], axis=0)
            places = (counts >= _MIN_BEGINNINGS) & (regular == 0)
            if places.any():
                starts = _in_rows(times_s[first:], began[first:, places])
                regular[places] = _periods_s(starts, 0.6 * self._frame_s + 0.03)
            if first == 0:
                break  # a longer one holds no more
        count, labels = cv2.connectedComponents((regular > 0).astype(np.uint8))
        for label in range(1, count):
            cells = labels == label
            period_s = float(np.median(regular[cells]))
            if self._is_alone(cells, max(_HORIZONS_S[1], 2 * _MIN_BEGINNINGS * period_s), now_s):
                yield cells, period_s

    def _is_alone(self, cells: Cells, horizon_s: float, now_s: float) -> bool:
        """Whether these cells change by themselves, and not as the place that something larger passes."""
        around = (cv2.dilate(cells.astype(np.uint8), _NEAR, iterations=2) > 0) & ~cells
        times = [
            not seen.changes[around].any()
            for seen in self._history
            if now_s - seen.pts_s <= horizon_s and (seen.began & cells).any()
        ]
        return sum(times) >= _MIN_ALONE * len(times)

    def _recurring(self, now_s: float) -> Iterator[tuple[Cells, float]]:
        """Places of which the same changes come back, each with the period."""
        frames = min(self._number, round(_RECURRING_S / max(0.001, self._frame_s)))
        history = [seen for seen in self._history if seen.number > self._number - frames]
        if frames * self._frame_s < _MIN_RECURRING_S or len(history) < _MIN_RECURRING_FRAMES:
            return
        changes = np.zeros((frames, GRID_ROWS, GRID_COLUMNS), np.uint8)
        changes[[seen.number - self._number - 1 for seen in history]] = [seen.changes for seen in history]
        active = (changes > 0).sum(axis=0) >= _MIN_DUTY * frames
        count, labels = cv2.connectedComponents(active.astype(np.uint8))
        for label in range(1, count):
            cells = labels == label
            around = cv2.dilate(cells.astype(np.uint8), _NEAR) > 0
            if not _is_small(around):
                continue
            period_s = self._comes_back_s(changes[:, cells].astype(np.float32))
            if period_s and self._is_alone(around, _RECURRING_S, now_s):
                yield around, period_s

    def _comes_back_s(self, amounts: NDArray[np.float32]) -> float:
        """After how long changes, a row for each frame, come back; 0 where they do not."""
        times = np.count_nonzero(amounts.any(axis=1))
        if times < _MIN_RECURRING_FRAMES:
            return 0.0
        least = _LIKENESS if times >= _SPARSE_DUTY * len(amounts) else _SPARSE_LIKENESS
        steps = np.diff(amounts, axis=0)  # what changes slowly is much the same a little later
        first, last = (round(lag_s / self._frame_s) for lag_s in _LAGS_S)
        lags = range(max(1, first), min(last, len(steps) // 2) + 1)
        alike = [_likeness(steps, lag) for lag in lags]
        best = max(alike, default=0.0)
        if best < least:
            return 0.0
        # the first of its multiples
        return self._frame_s * next(lag for lag, like in zip(lags, alike, strict=True) if like >= 0.9 * best)


def _likeness(rows: NDArray[np.float32], lag: int) -> float:
    """How alike rows are to those ``lag`` rows before: 1 is the same, 0 unlike."""
    flat, shift = rows.ravel(), lag * rows.shape[1]
    power = max(1e-6, float(flat @ flat))
    return float(flat[shift:] @ flat[: len(flat) - shift]) / power / (1.0 - lag / len(rows))


def _dilated(changes: NDArray[np.uint8]) -> Cells:
    """Which cells changed, or one beside them did, frame by frame."""
    wide = changes.copy()
    wide[:, :, 1:] |= changes[:, :, :-1]
    wide[:, :, :-1] |= changes[:, :, 1:]
    high = wide.copy()
    high[:, 1:] |= wide[:, :-1]
    high[:, :-1] |= wide[:, 1:]
    return high > 0


def _is_small(cells: Cells) -> bool:
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    return height <= _MAX_REGION_ROWS and height * width <= _MAX_REGION_CELLS


def _bounded(regions: Iterable[_Region]) -> tuple[_Region, ...]:
    """As many of the regions as are small together, the first first."""
    chosen: list[_Region] = []
    for region in regions:
        if sum(np.count_nonzero(each.cells) for each in (*chosen, region)) <= _MAX_ALL_CELLS:
            chosen.append(region)
    return tuple(chosen)


def _places(regions: Iterable[_Region]) -> Cells:
    cells = np.zeros((GRID_ROWS, GRID_COLUMNS), np.bool_)
    for region in regions:
        cells |= region.cells
    return cells


def _in_rows(times_s: NDArray[np.float64], began: Cells) -> NDArray[np.float64]:
    """For each place (a column of ``began``) a row of the times at which changes began, then NaN."""
    places, nths = np.nonzero(began.T)
    counts = began.sum(axis=0)
    rows = np.full((began.shape[1], int(counts.max())), np.nan)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    rows[places, np.arange(len(places)) - first] = times_s[nths]
    return rows


def _periods_s(starts: NDArray[np.float64], tolerance_s: float) -> NDArray[np.float64]:
    """The period in which the times of each row come, 0 where there is none.

    A lamp that is on for longer than off has two changes in each period: then each second time is looked at.
    Of many rows only the most even are: a street has hundreds that are not.
    """
    periods_s = np.zeros(len(starts))
    apart = np.diff(starts, axis=1)
    uneven = np.nanmean(apart**2, axis=1) / np.nanmean(apart, axis=1) ** 2
    even = np.argsort(uneven)[:_MAX_PLACES]
    rows, chance = starts[even], min(1.0, _CLOCK_PLACES / len(starts))
    every = _beat_s(rows, tolerance_s, chance)
    first, second = (_beat_s(rows[:, k::2], tolerance_s, chance) for k in (0, 1))
    both = np.where(np.abs(first - second) <= tolerance_s, np.minimum(first, second), 0.0)
    periods_s[even] = np.where(every > 0, every, both)
    return periods_s


def _beat_s(starts: NDArray[np.float64], tolerance_s: float, chance_share: float) -> NDArray[np.float64]:
    """The period of whose multiples all times of a row lie, to within ``tolerance_s``; 0 where there is none.

    ``chance_share`` of the usual chance is allowed. From the shorter distances a period is guessed, from that
    the number of each beat, and from those the period again, by least squares.
    """
    known = ~np.isnan(starts)
    counts = known.sum(axis=1)
    if starts.shape[1] < 2:
        return np.zeros(len(starts))
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.sort(np.diff(starts, axis=1), axis=1)  # NaN last
        short = apart[np.arange(len(apart)), np.maximum(0, (counts - 2) // 4)][:, None]
        alike = np.abs(apart - short) <= 2 * tolerance_s
        guess = np.where(alike, apart, 0.0).sum(axis=1) / alike.sum(axis=1)
        turns = np.where(known, starts, 0.0) / guess[:, None]
        phase = np.angle(np.where(known, np.exp(2j * np.pi * turns), 0.0).sum(axis=1)) / (2 * np.pi)
        number = np.rint(turns - phase[:, None])
        near = known & (np.abs(turns - phase[:, None] - number) * guess[:, None] <= 2 * tolerance_s)
        period, error = _fit(np.where(known, starts, 0.0), number, near)
        on_beat = near & (error <= tolerance_s)
        hits = on_beat.sum(axis=1)
        beats = np.where(near, number, -np.inf).max(axis=1) - np.where(near, number, np.inf).min(axis=1) + 1
        chance = (2 * tolerance_s / period) ** (hits - 2) * np.maximum(1, counts) ** (counts - hits)
        good = (hits >= np.maximum(_MIN_BEGINNINGS, _MIN_REGULAR * counts)) & (hits >= _MIN_KEPT * beats)
        good &= (period >= _PERIODS_S[0]) & (period <= _PERIODS_S[1])
        most = np.where(period < _SLOW_PERIOD_S, _FAST_CHANCE, _SLOW_CHANCE)
        good &= chance <= most * chance_share
        late = np.arange(starts.shape[1]) >= counts[:, None] - _LATE
        good &= (on_beat & late).sum(axis=1) >= _MIN_LATE_REGULAR
    return np.where(good, period, 0.0)


def _fit(
    times_s: NDArray[np.float64], number: NDArray[np.float64], used: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least squares, row by row: the period, and by how much each time is off its beat."""
    count = used.sum(axis=1, keepdims=True)
    mean_n = np.where(used, number, 0.0).sum(axis=1, keepdims=True) / count
    mean_t = np.where(used, times_s, 0.0).sum(axis=1, keepdims=True) / count
    off_n, off_t = np.where(used, number - mean_n, 0.0), np.where(used, times_s - mean_t, 0.0)
    period = (off_n * off_t).sum(axis=1, keepdims=True) / (off_n**2).sum(axis=1, keepdims=True)
    return period[:, 0], np.abs(times_s - mean_t - period * (number - mean_n))


@dataclass(slots=True)
class _Trail:
    """What a region did of late: frames in which it changed (time, length), and when that began."""

    frames: deque[tuple[float, float]] = field(default_factory=deque)
    began_s: float = -np.inf
    band: Cells | None = None  # what may change with it in this beat


class _Hider:
    """Takes the changes of some regions out of motions, one frame after the other."""

    def __init__(self) -> None:
        self._regions: list[tuple[_Region, _Trail]] = []
        self._active_s = np.full((GRID_ROWS, GRID_COLUMNS), -np.inf)
        self._last_s: float | None = None

    def learn(self, regions: Iterable[_Region]) -> None:
        """Hide these from now on, and no others; one at the place of another has its trail."""
        before = self._regions
        self._regions = []
        for region in regions:
            known = (trail for other, trail in before if (other.cells & region.cells).any())
            self._regions.append((region, next(known, _Trail())))

    def hide(self, motion: Motion) -> Motion:
        step_s = 0.0 if self._last_s is None else min(1.0, motion.pts_s - self._last_s)
        self._last_s = motion.pts_s
        if motion.changes is None or motion.cut or motion.back:
            return motion
        hidden: Cells | None = None
        for region, trail in self._regions:
            cells = self._beating(region, trail, motion.pts_s, step_s, motion.changes)
            if cells is not None:
                hidden = cells if hidden is None else hidden | cells
        np.putmask(self._active_s, motion.changes > 0, motion.pts_s)
        return motion if hidden is None else _without(motion, motion.changes, hidden)

    def _beating(
        self, region: _Region, trail: _Trail, pts_s: float, step_s: float, changes: NDArray[np.uint8]
    ) -> Cells | None:
        """What to hide of a frame for a region; None where it does not beat, or not as it usually does."""
        if not changes[region.cells].any():
            return None
        while trail.frames and pts_s - trail.frames[0][0] > _TRAIL_S:
            trail.frames.popleft()
        trail.frames.append((pts_s, step_s))
        if pts_s - float(self._active_s[region.cells].max()) > max(_REST_S, 1.5 * step_s):
            trail.began_s = pts_s
            trail.band = self._band(region, pts_s)
        if sum(length_s for _, length_s in trail.frames) > region.duty * _TRAIL_S + _SLACK_S + step_s:
            return None
        if trail.band is not None and pts_s - trail.began_s <= _BEAT_S:
            return region.cells | trail.band
        return region.cells

    def _band(self, region: _Region, pts_s: float) -> Cells | None:
        """The line of text around a clock's seconds, but for where something was going on already."""
        if region.duty > _MAX_BAND_DUTY:
            return None
        rows, columns = np.flatnonzero(region.cells.any(axis=1)), np.flatnonzero(region.cells.any(axis=0))
        band = np.zeros_like(region.cells)
        first = max(0, columns[0] - _BAND_COLUMNS)
        band[rows[0] : rows[-1] + 1, first : columns[-1] + 1 + _BAND_COLUMNS] = True
        return band & (pts_s - self._active_s > _REST_S + _BEAT_S)


def _without(motion: Motion, changes: NDArray[np.uint8], hidden: Cells) -> Motion:
    left = np.where(hidden, np.uint8(0), changes)
    share = float(left.sum()) / float(changes.sum())
    value = motion.value * share
    return replace(
        motion,
        value=value,
        changes=left if share > 0 else None,
        grid=left if value > motion.threshold else None,
    )
