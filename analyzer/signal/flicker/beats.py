"""The period and phases of the times at which changes begin, many places at once. Pure.

A place has one phase where each change is followed by the next a period later, as of a clock's seconds, and
two where a lamp goes on and off. A beat is accepted where times that drift would hardly be as regular: those
of a tap, whose intervals differ by ``_JITTER`` of their mean or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.signal.flicker.region import Beat

MIN_BEGINNINGS = 4

Times = NDArray[np.float64]
Flags = NDArray[np.bool_]

_PERIODS_S = (0.3, 90.0)
_MIN_REGULAR = 0.75  # of the beginnings: a person may pass
_MIN_KEPT = 0.65  # of the beats at which a change was seen: 8 and 9 look much alike
_MIN_LATE_REGULAR, _LATE = 3, 4  # of the newest beginnings: a beat that is over is none
_MORE_KEPT = 0.15  # two phases are taken before one where they explain so many more of their beats

_JITTER, _COLOUR_JITTER = 0.15, 0.3  # of the period; what drips is seldom just as bright as its ground
_CHANCE, _FIRST_CHANCE = 0.002, 0.05  # of being as regular by chance; at first without an exception
_ECHO_S = 0.5  # a lamp's going off is seen so long after its going on, now and then
_MAX_UNEVENNESS = 1.45  # mean square by squared mean of intervals; of times at random 1.5 to 2
_MAX_SCANNED_S = 30.0
_QUANTILES = (0.25, 0.5, 0.75)  # of the intervals: one of these is the period
_MAX_PLACES = 64  # looked at closely
_CLOCK_PLACES = 16  # that a clock has: of more, each must be more regular


@dataclass(frozen=True, slots=True)
class _Fit:
    """A grid of times fitted to each row: its period, a time on it, and which of the times are on it."""

    period_s: Times
    phase_s: Times
    on: Flags
    number: Times
    error_s: Times

    @property
    def beats(self) -> Times:
        """How many there were from the first that was seen to the last."""
        last = np.where(self.on, self.number, -np.inf).max(axis=1)
        return np.asarray(np.maximum(0.0, last - np.where(self.on, self.number, np.inf).min(axis=1) + 1))


def find_beats(times_s: Times, step_s: Times, *, colour: Flags, first: bool) -> list[Beat | None]:
    """Return the beat of each place, None where it has none.

    Args:
        times_s: a row for each place, the media times at which changes began in it, then NaN.
        step_s: for each place, how far apart the times are at which a change can be seen.
        colour: the places that change in colour alone.
        first: whether this is the first that is seen of the camera: fewer beats are enough then, if there is
            no exception, so that a camera's first window is already without them.
    """
    found: list[Beat | None] = [None] * len(times_s)
    share = min(1.0, _CLOCK_PLACES / len(times_s))
    with np.errstate(invalid="ignore", divide="ignore"):
        uneven = _unevenness(times_s)
        rows = np.argsort(uneven)[:_MAX_PLACES]
        rows = rows[uneven[rows] <= _MAX_UNEVENNESS]
        for some, jitter in ((rows[~colour[rows]], _JITTER), (rows[colour[rows]], _COLOUR_JITTER)):
            if len(some):
                search = _Search(times_s[some], step_s[some], jitter, share, first=first)
                for row, *judged in zip(some.tolist(), search.one_phase(), search.two_phases(), strict=True):
                    found[row] = _most_kept(judged)
    return found


def _most_kept(judged: Sequence[tuple[Beat | None, float]]) -> Beat | None:
    """Return the beat of which changes were seen at clearly the largest share, else the first."""
    best, most = None, -_MORE_KEPT
    for beat, kept in judged:
        if beat is not None and kept > most + _MORE_KEPT:
            best, most = beat, kept
    return best


def _unevenness(times_s: Times) -> Times:
    """How unlike the intervals of each row are, by the more even of single ones and pairs."""
    uneven = []
    for lag in (1, 2):
        intervals = times_s[:, lag:] - times_s[:, :-lag]
        uneven.append(np.nanmean(intervals**2, axis=1) / np.nanmean(intervals, axis=1) ** 2)
    return np.asarray(np.fmin(*uneven))


class _Search:
    """The search for beats in rows of times."""

    def __init__(self, times_s: Times, step_s: Times, jitter: float, share: float, *, first: bool) -> None:
        self._known = ~np.isnan(times_s)
        self._times_s = np.where(self._known, times_s, 0.0)
        self._intervals_s = [times_s[:, lag:] - times_s[:, :-lag] for lag in (1, 2)]
        self._counts = self._known.sum(axis=1)
        self._span_s = np.nanmax(times_s, axis=1) - times_s[:, 0]
        self._step_s = step_s
        self._tolerance_s = 0.6 * step_s + 0.03
        self._colour = jitter is _COLOUR_JITTER
        self._jitter = jitter
        self._share = share
        self._first = first

    def one_phase(self) -> list[tuple[Beat | None, float]]:
        """Return each row's beat of one phase and the share of its beats at which a change was seen."""
        guess = self._guess(1)
        if self._colour:
            guess = np.where(self._span_s <= _MAX_SCANNED_S, self._strongest(), guess)
        fit = self._fit(self._known, guess)
        return self._judged([fit])

    def two_phases(self) -> list[tuple[Beat | None, float]]:
        """Return each row's beat of two phases, likewise."""
        guess = self._guess(2)
        middle = self._times_s[np.arange(len(guess)), self._counts // 2]
        off = self._times_s - middle[:, None]
        off -= np.rint(off / guess[:, None]) * guess[:, None]
        one = self._fit(self._known & (np.abs(off) <= 3 * self._tolerance_s[:, None]), guess)
        other = self._fit(self._known & ~one.on, one.period_s, exactly=True)
        return self._judged([one, other])

    def _guess(self, lag: int) -> Times:
        """The mean of the intervals that most are alike to; ``lag`` 2 takes two together."""
        intervals = np.sort(self._intervals_s[lag - 1], axis=1)  # NaN last
        best, most = np.full(len(intervals), np.nan), np.zeros(len(intervals))
        for quantile in _QUANTILES:
            nth = np.maximum(0, (quantile * (self._counts - lag - 1)).astype(int))
            alike = (
                np.abs(intervals - intervals[np.arange(len(intervals)), nth][:, None])
                <= 2 * self._tolerance_s[:, None]
            )
            count = alike.sum(axis=1)
            mean = np.where(alike, intervals, 0.0).sum(axis=1) / count
            best, most = np.where(count > most, mean, best), np.maximum(most, count)
        return best

    def _strongest(self) -> Times:
        """The period of which most of the times are near multiples, whatever the single intervals are.

        Colour is compared so seldom that intervals of one period differ, and two changes are seen as one.
        """
        longest_s = min(float(self._span_s.max()), _MAX_SCANNED_S)
        most_a_s = 0.49 / float(self._step_s.max())  # others look like slower ones
        turns_a_s = np.arange(3 / longest_s, most_a_s, 1 / (8 * longest_s))
        angles = 2j * np.pi * self._times_s[:, None] * turns_a_s[:, None]
        strength = np.abs(np.where(self._known[:, None], np.exp(angles), 0.0).sum(axis=2))
        return np.asarray(1 / turns_a_s[np.argmax(strength, axis=1)])

    def _fit(self, used: Flags, guess_s: Times, *, exactly: bool = False) -> _Fit:
        """Fit a grid to the times that are used, by least squares; with just the guessed period, if so."""
        guess, tolerance = guess_s[:, None], self._tolerance_s[:, None]
        turns = self._times_s / guess
        phase = np.angle(np.where(used, np.exp(2j * np.pi * turns), 0.0).sum(axis=1)) / (2 * np.pi)
        number = np.rint(turns - phase[:, None])
        near = used & (np.abs(turns - phase[:, None] - number) * guess <= 2 * tolerance)
        count = near.sum(axis=1)
        mean_n = np.where(near, number, 0.0).sum(axis=1) / count
        mean_s = np.where(near, self._times_s, 0.0).sum(axis=1) / count
        off_n = np.where(near, number - mean_n[:, None], 0.0)
        off_s = np.where(near, self._times_s - mean_s[:, None], 0.0)
        period = guess_s if exactly else (off_n * off_s).sum(axis=1) / (off_n**2).sum(axis=1)
        error = np.abs(self._times_s - mean_s[:, None] - period[:, None] * (number - mean_n[:, None]))
        last = np.where(near, number, -np.inf).max(axis=1)
        return _Fit(period, mean_s + period * (last - mean_n), near & (error <= tolerance), number, error)

    def _judged(self, fits: list[_Fit]) -> list[tuple[Beat | None, float]]:
        """Accept the grids that all times but few are on, if that is hardly by chance."""
        on = np.logical_or.reduce([fit.on for fit in fits])
        error = np.minimum.reduce([np.where(fit.on, fit.error_s, np.inf) for fit in fits])
        hits, period = on.sum(axis=1), fits[0].period_s
        beats = np.maximum.reduce([fit.beats for fit in fits])
        kept = hits / sum(fit.beats for fit in fits)
        counts = self._counts - self._echoes(on, period)
        chance = self._chance(np.where(on, error, 0.0), hits, counts, period, len(fits))
        good = (hits >= np.maximum(MIN_BEGINNINGS, _MIN_REGULAR * counts)) & (kept >= _MIN_KEPT)
        good &= (period >= _PERIODS_S[0]) & (period <= _PERIODS_S[1]) & (beats > len(fits))
        good &= np.logical_and.reduce([fit.on.any(axis=1) for fit in fits])
        late = np.arange(on.shape[1]) >= self._counts[:, None] - _LATE
        good &= (on & late).sum(axis=1) >= _MIN_LATE_REGULAR - (self._counts - counts > 0)
        at_first = (hits == counts) & self._first & (len(fits) == 1)
        most = np.where(at_first, _FIRST_CHANCE, _CHANCE)
        good &= chance <= most * self._share
        phases = np.stack([fit.phase_s for fit in fits], axis=1)
        return [
            (Beat(float(period[row]), tuple(phases[row].tolist()), float(self._tolerance_s[row])), kept[row])
            if good[row]
            else (None, 0.0)
            for row in range(len(good))
        ]

    def _echoes(self, on: Flags, period_s: Times) -> NDArray[np.int_]:
        """How many times that are not on the grid follow one so soon that both are one event."""
        after = on[:, :-1] & (np.diff(self._times_s, axis=1) <= np.minimum(_ECHO_S, period_s / 2)[:, None])
        return np.asarray(np.count_nonzero(after & self._known[:, 1:] & ~on[:, 1:], axis=1))

    def _chance(
        self,
        error_s: Times,
        hits: NDArray[np.int_],
        counts: NDArray[np.int_],
        period_s: Times,
        phases: int,
    ) -> Times:
        """How likely it is that times with jitter are as regular, times the ways to choose the exceptions.

        Each interval is taken for uniform, up to the jitter from its mean: so is the chance that the next
        time is as near to the grid as all are.
        """
        uniform = np.sqrt(3 * (error_s**2).sum(axis=1) / hits)
        reach = np.maximum(self._step_s / 2, uniform) + 0.01
        ratio = phases * reach / (self._jitter * period_s)
        each = np.minimum(ratio, ratio / (ratio + 0.5))
        free = phases + 1  # the period and the phases
        ways = np.maximum(1.0, counts) ** (counts - hits)
        return np.asarray(each ** (hits - free) * ways)
