"""Peaks of the signal, found online.

The rule is ``scipy.signal.find_peaks(y, height=ratio * max(y), distance=d)``: a local maximum counts
where it reaches a share of the window's highest value and no higher one stands closer than ``d``
frames. Here the values come one at a time, and a frame that can no longer be a peak is dropped at once.

The distance counts frames of the source. Where only some of them are measured, each value comes with the
number of source frames since the one before: of every n-th frame, ``d`` is ``ceil(distance_frames / n)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

P = TypeVar("P")

_MAX_PLATEAU_PAYLOADS = 32
"""Of a longer plateau only every 2nd, 4th, ... payload is kept, so that a frozen signal fills no memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate(Generic[P]):
    """A frame that may become a keyframe.

    Attributes:
        pts_s: media time of the frame.
        value: the signal there.
        payload: what is kept of the frame, such as its picture; None where nothing is.
        sound: how much the peak of sound that it shows stands out, 0 to 1; 0 where it shows none.
    """

    pts_s: float
    value: float
    payload: P | None = None
    sound: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Sample(Generic[P]):
    """A candidate with its numbers in the series.

    Attributes:
        index: number of its value since the detector began; for a plateau, of its middle (rounded down).
        position: number of its frame in the source, counted from the same beginning.
        candidate: the frame; for a long plateau, one near the middle.
    """

    index: int
    position: int
    candidate: Candidate[P]

    @property
    def value(self) -> float:
        """The signal there."""
        return self.candidate.value


class _Run(Generic[P]):
    """Consecutive frames of equal value; ``rising`` says that the value before them was lower.

    Only samples at and after the middle are kept: as the run grows, its middle only moves later.
    """

    def __init__(self, index: int, position: int, value: float, *, rising: bool) -> None:
        self.start = index
        self.start_position = position
        self.value = value
        self.rising = rising
        self._end = index
        self._stride = 1
        self._held: list[Sample[P]] = []

    def add(self, sample: Sample[P]) -> None:
        self._end = sample.index
        if not self.rising:
            return
        if (sample.index - self.start) % self._stride == 0:
            self._held.append(sample)
        middle = (self.start + sample.index) // 2
        while len(self._held) > 1 and self._held[1].index <= middle:
            del self._held[0]
        if len(self._held) > _MAX_PLATEAU_PAYLOADS:
            self._stride *= 2
            self._held = [held for held in self._held if (held.index - self.start) % self._stride == 0]

    def maximum(self) -> Sample[P]:
        held, middle = self._held[0], (self.start + self._end) // 2
        return Sample(middle, held.position + middle - held.index, held.candidate)


class PeakDetector(Generic[P]):
    """Finds the peaks of consecutive windows, one value at a time.

    Each value may have a payload, such as a picture, which is returned with the peaks. It is dropped as
    soon as its frame can no longer be a peak, so about ``window / distance_frames`` payloads are kept.
    Where each maximum is higher than the one before it and closer than the distance, the last one decides
    about all of them: they are kept until the rise ends, at most one for two frames. ``settle`` is called
    once with each maximum that has not been eliminated when no later one can be near it
    (``distance_frames`` later) or the window ends: the time for expensive work on its payload.

    Windows follow one another without a gap: a maximum at a border is compared with its neighbour in the
    next window, and is found in exactly one window. A plateau over the border belongs to the window in
    which it ends, even if its middle lies before that window. Peaks of two windows may be closer than the
    distance. A plateau longer than 64 frames gives a payload, time and position near its middle, not the
    exact ones.

    Of equal heights closer than the distance, scipy keeps the one that ``numpy.argsort`` happens to put
    last, which differs between processors: the same call decides here, at the window's end.
    """

    def __init__(
        self,
        height_ratio: float = 0.4,
        distance_frames: int = 5,
        settle: Callable[[Candidate[P]], object] | None = None,
    ) -> None:
        if not 0.0 <= height_ratio <= 1.0:
            raise ValueError(f"height_ratio is {height_ratio}: it must be from 0 to 1")
        if distance_frames < 1:
            raise ValueError(f"distance_frames is {distance_frames}: it must be at least 1")
        self._height_ratio = height_ratio
        self._distance = distance_frames
        self._settle = settle
        self._index = 0
        self._position = -1
        self._run: _Run[P] | None = None
        self._begin_window()

    def _begin_window(self) -> None:
        self._highest = -math.inf
        self._maxima: list[Sample[P]] = []  # all of the window, without payloads
        self._open: list[Sample[P]] = []  # those that are not eliminated, in time order
        self._final: set[int] = set()  # indices of those that are peaks whatever follows
        self._unsettled = 0  # how many of the newest open ones are not settled yet

    def push(
        self, pts_s: float, value: float, payload: P | None = None, *, step: int = 1
    ) -> Sample[P] | None:
        """Add the next frame; returns the local maximum that this value has ended, if any.

        ``step`` is the number of source frames since the one before. Raises ValueError for a value that is
        not a finite number.
        """
        if not math.isfinite(value):
            raise ValueError(f"the signal is {value} at {pts_s} s: it must be a finite number")
        ended = self.peek(value)
        run = self._run
        self._position += step
        if run is None or run.value != value:
            rising = run is not None and run.value < value
            run = self._run = _Run(self._index, self._position, value, rising=rising)
        run.add(Sample(self._index, self._position, Candidate(pts_s, value, payload)))
        self._index += 1
        if value > self._highest:
            self._highest = value
            self._drop({m for m in self._open if m.value < self._height_ratio * value})
        self._settle_until(run.start_position if run.rising else self._position + 1)
        return ended

    def peek(self, next_value: float | None) -> Sample[P] | None:
        """Compare with the value that follows, before its frame is pushed (None: nothing follows).

        Returns the local maximum that it ends, once; that maximum belongs to the present window.
        """
        run = self._run
        if run is None or next_value is None or not run.rising or next_value >= run.value:
            return None
        run.rising = False  # so that it is found only once
        maximum = run.maximum()
        self._maxima.append(replace(maximum, candidate=replace(maximum.candidate, payload=None)))
        if maximum.value >= self._height_ratio * self._highest:
            self._open.append(maximum)
            self._unsettled += 1
        return maximum

    def close(self, next_value: float | None = None) -> list[Sample[P]]:
        """End the window and return its peaks in time order, settled.

        Args:
            next_value: the first value of the next window, which is pushed afterwards; None where
                nothing follows: then the next push begins a new series.
        """
        self.peek(next_value)
        peaks = self._select()
        for maximum in self._open[len(self._open) - self._unsettled :]:
            if maximum.index in peaks:
                self._call_settle(maximum)
        found = [maximum for maximum in self._open if maximum.index in peaks]
        if next_value is None:
            self._run = None
        self._begin_window()
        return found

    def _select(self) -> set[int]:
        """Return the indices that scipy chooses of all maxima of the window, ties included."""
        least = self._height_ratio * self._highest
        maxima = [maximum for maximum in self._maxima if maximum.value >= least]
        chosen: set[int] = set()
        eliminated: set[int] = set()
        for i in np.argsort(np.array([m.value for m in maxima], dtype=np.float64))[::-1].tolist():
            index = maxima[i].index
            if index in eliminated:
                continue
            chosen.add(index)
            for step in (-1, 1):
                k = i + step
                while 0 <= k < len(maxima) and abs(maxima[k].position - maxima[i].position) < self._distance:
                    eliminated.add(maxima[k].index)
                    k += step
        return chosen

    def _settle_until(self, horizon: int) -> None:
        """Settle the maxima that are too far from any later one, which is at ``horizon`` at the earliest."""
        while self._unsettled:
            maximum = self._open[-self._unsettled]
            if horizon - maximum.position < self._distance:
                return
            self._unsettled -= 1
            self._call_settle(maximum)
            self._eliminate_around(maximum)

    def _eliminate_around(self, maximum: Sample[P]) -> None:
        """Drop the neighbours of a maximum that exceeds all of them, then do so for their neighbours."""
        to_compare = [maximum]
        while to_compare:
            compared = to_compare.pop()
            neighbours = self._neighbours(compared)
            if any(neighbour.value >= compared.value for neighbour in neighbours):
                continue
            self._final.add(compared.index)
            affected = {other for neighbour in neighbours for other in self._neighbours(neighbour)}
            self._drop(neighbours)
            settled = self._open[: len(self._open) - self._unsettled]
            to_compare += [m for m in settled if m in affected and m.index not in self._final]

    def _neighbours(self, maximum: Sample[P]) -> set[Sample[P]]:
        """Return the open maxima closer than the distance."""
        near = (m for m in self._open if abs(m.position - maximum.position) < self._distance)
        return {m for m in near if m is not maximum}

    def _drop(self, eliminated: set[Sample[P]]) -> None:
        settled = len(self._open) - self._unsettled
        self._unsettled -= sum(maximum in eliminated for maximum in self._open[settled:])
        self._open = [maximum for maximum in self._open if maximum not in eliminated]

    def _call_settle(self, maximum: Sample[P]) -> None:
        if self._settle is not None and maximum.candidate.payload is not None:
            self._settle(maximum.candidate)
