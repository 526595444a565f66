"""Peaks of the signal, found online.

The rule is ``scipy.signal.find_peaks(y, height=ratio * max(y), distance=d)``: a local maximum counts
where it reaches a share of the window's highest value and no higher one stands closer than ``d``
frames. Here the values come one at a time, and what can no longer win is let go at once.

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
"""A longer plateau keeps its payloads on a coarser raster: a frozen, bright signal must not fill memory."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A local maximum of the signal: media time (s) and value (pixels of the analysis picture)."""

    pts_s: float
    value: float


@dataclass(slots=True, eq=False)
class Maximum(Generic[P]):
    """A local maximum on its way to be a peak or not.

    Attributes:
        index: number of its value since the detector began; the middle (rounded down) of a plateau.
        position: number of its frame in the source, from the same beginning.
        pts_s: media time of that frame.
        value: the signal there.
        payload: what came with the frame; None once the maximum can no longer win.
    """

    index: int
    position: int
    pts_s: float
    value: float
    payload: P | None


@dataclass(frozen=True, slots=True)
class _Held(Generic[P]):
    index: int
    position: int
    pts_s: float
    payload: P | None


class _Run(Generic[P]):
    """Frames of equal value in a row; ``rising`` says that the value before them was lower.

    Only the payloads at and after the middle are held, as the middle only moves on.
    """

    def __init__(self, index: int, position: int, value: float, *, rising: bool) -> None:
        self.start = index
        self.start_position = position
        self.value = value
        self.rising = rising
        self._end = index
        self._stride = 1
        self._held: list[_Held[P]] = []

    def add(self, frame: _Held[P]) -> None:
        self._end = frame.index
        if not self.rising:
            return
        if (frame.index - self.start) % self._stride == 0:
            self._held.append(frame)
        middle = (self.start + frame.index) // 2
        while len(self._held) > 1 and self._held[1].index <= middle:
            del self._held[0]
        if len(self._held) > _MAX_PLATEAU_PAYLOADS:
            self._stride *= 2
            self._held = [held for held in self._held if (held.index - self.start) % self._stride == 0]

    def maximum(self) -> Maximum[P]:
        held, middle = self._held[0], (self.start + self._end) // 2
        return Maximum(middle, held.position + middle - held.index, held.pts_s, self.value, held.payload)


class PeakDetector(Generic[P]):
    """Finds the peaks of one window after the other, one value at a time.

    A payload (a picture, say) travels with each value and comes back with the peaks. It is dropped as
    soon as its frame can no longer be a peak, so the payloads held number about
    ``window / distance_frames``. Where each maximum is higher than the one before it and nearer than the
    distance, the last decides about all: those are held until the rise ends, at most one for two frames.
    ``settle`` is called once with the payload of each maximum that is still in the race when none
    to come can be near it (``distance_frames`` later) or the window ends: the time for work that costs.

    Windows follow each other without a break: a maximum at a border is judged by its neighbour beyond
    it and found in exactly one window. A plateau that goes on over the border belongs to the window in
    which it ends, even if its middle lies before that window. The distance is not kept between peaks of
    two windows. A plateau longer than 64 frames gives a payload, time and position near its middle, not the
    exact ones.

    Of equal heights closer than the distance, scipy keeps the one that ``numpy.argsort`` happens to put
    last, which differs between processors: the same call decides here, at the window's end.
    """

    def __init__(
        self,
        height_ratio: float = 0.4,
        distance_frames: int = 5,
        settle: Callable[[P], object] | None = None,
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
        self._maxima: list[Maximum[P]] = []  # all of the window: numbers only matter, payloads may be gone
        self._racing: list[Maximum[P]] = []  # those that may still win, in order
        self._kept: set[int] = set()  # indices of those that have won whatever comes
        self._unsettled = 0  # how many of the newest in the race are not settled yet

    def push(
        self, pts_s: float, value: float, payload: P | None = None, *, step: int = 1
    ) -> Maximum[P] | None:
        """Take the next frame; returns the local maximum that this value has ended, if any.

        ``step`` is how many frames of the source later it is than the one before. Raises ValueError for a
        value that is not a finite number.
        """
        if not math.isfinite(value):
            raise ValueError(f"the signal is {value} at {pts_s} s: it must be a finite number")
        ended = self.peek(value)
        run = self._run
        self._position += step
        if run is None or run.value != value:
            rising = run is not None and run.value < value
            run = self._run = _Run(self._index, self._position, value, rising=rising)
        run.add(_Held(self._index, self._position, pts_s, payload))
        self._index += 1
        if value > self._highest:
            self._highest = value
            self._drop({m for m in self._racing if m.value < self._height_ratio * value})
        self._settle_until(run.start_position if run.rising else self._position + 1)
        return ended

    def peek(self, next_value: float | None) -> Maximum[P] | None:
        """Tell the value that follows, before its frame is pushed (or None: nothing follows).

        Returns the local maximum that it ends, once; that maximum belongs to the present window.
        """
        run = self._run
        if run is None or next_value is None or not run.rising or next_value >= run.value:
            return None
        run.rising = False  # spent: found once
        maximum = run.maximum()
        self._maxima.append(replace(maximum, payload=None))
        if maximum.value >= self._height_ratio * self._highest:
            self._racing.append(maximum)
            self._unsettled += 1
        return maximum

    def close(self, next_value: float | None = None) -> list[Maximum[P]]:
        """End the window and return its peaks in time order, settled.

        Args:
            next_value: the first value of the next window, which is pushed afterwards; None where
                nothing follows: then the next push begins a new series.
        """
        self.peek(next_value)
        winners = self._select()
        for maximum in self._racing[len(self._racing) - self._unsettled :]:
            if maximum.index in winners:
                self._call_settle(maximum)
        found = [maximum for maximum in self._racing if maximum.index in winners]
        if next_value is None:
            self._run = None
        self._begin_window()
        return found

    def _select(self) -> set[int]:
        """Choose as scipy does, over all maxima of the window, so that even ties fall alike."""
        least = self._height_ratio * self._highest
        maxima = [maximum for maximum in self._maxima if maximum.value >= least]
        winners: set[int] = set()
        lost: set[int] = set()
        for i in np.argsort(np.array([m.value for m in maxima], dtype=np.float64))[::-1].tolist():
            index = maxima[i].index
            if index in lost:
                continue
            winners.add(index)
            for step in (-1, 1):
                k = i + step
                while 0 <= k < len(maxima) and abs(maxima[k].position - maxima[i].position) < self._distance:
                    lost.add(maxima[k].index)
                    k += step
        return winners

    def _settle_until(self, horizon: int) -> None:
        """Judge the maxima that none to come can reach: those come at position ``horizon`` or after it."""
        while self._unsettled:
            maximum = self._racing[-self._unsettled]
            if horizon - maximum.position < self._distance:
                return
            self._unsettled -= 1
            self._call_settle(maximum)
            self._judge(maximum)

    def _judge(self, maximum: Maximum[P]) -> None:
        """Keep a maximum for good if none of its rivals reaches it; losers then free their own rivals."""
        to_judge = [maximum]
        while to_judge:
            candidate = to_judge.pop()
            rivals = self._rivals(candidate)
            if any(rival.value >= candidate.value for rival in rivals):
                continue
            self._kept.add(candidate.index)
            freed = {other for rival in rivals for other in self._rivals(rival)}
            self._drop(rivals)
            settled = self._racing[: len(self._racing) - self._unsettled]
            to_judge += [m for m in settled if m in freed and m.index not in self._kept]

    def _rivals(self, maximum: Maximum[P]) -> set[Maximum[P]]:
        near = (m for m in self._racing if abs(m.position - maximum.position) < self._distance)
        return {m for m in near if m is not maximum}

    def _drop(self, lost: set[Maximum[P]]) -> None:
        settled = len(self._racing) - self._unsettled
        staying: list[Maximum[P]] = []
        for i, maximum in enumerate(self._racing):
            if maximum not in lost:
                staying.append(maximum)
                continue
            maximum.payload = None
            self._unsettled -= i >= settled
        self._racing = staying

    def _call_settle(self, maximum: Maximum[P]) -> None:
        if self._settle is not None and maximum.payload is not None:
            self._settle(maximum.payload)
