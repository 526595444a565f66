"""Changes of the sound itself, such as from music to speech or from speech to a siren, at equal level."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.signal.sound.blocks import BANDS, BLOCK_S, Block
from analyzer.signal.sound.floor import QUIETEST_DB, quantile

_AFTER, _BEFORE = 30, 60  # blocks that are compared: 3 s after a place with the 6 s before it
_EVERY = 5  # blocks between two comparisons
_MIN_DB = 6.5  # no smaller difference of the spectrum counts
_DEVIATIONS = 3.5
_HISTORY = 60  # comparisons, half a minute
_LEAST = 12
_REST_S = 10.0  # between two changes: before that, the same one may be seen again
_VOICED = 0.7  # of the blocks, the level that so many are below: pauses do not count
_MAX_FALL_DB = 6.0  # the end of a loud sound is no change
_RANGE_DB = 35.0  # bands so far below the strongest one are not audible next to it


@dataclass(frozen=True, slots=True)
class Change:
    """Where the sound changes.

    Attributes:
        at_s: media time.
        level_db: of the sound after it.
        difference_db: how much the shape of the spectrum differs, RMS over the bands.
    """

    at_s: float
    level_db: float
    difference_db: float


class Novelty:
    """Compares the spectrum of the last three seconds with that before, leaving out pauses."""

    def __init__(self) -> None:
        self._bands = np.zeros((_AFTER + _BEFORE, BANDS), np.float32)
        self._levels = np.zeros(_AFTER + _BEFORE)
        self._count = 0
        self._next_index = -1
        self._history: deque[float] = deque(maxlen=_HISTORY)
        self._found_s = -_REST_S
        self._best: Change | None = None  # the highest since the difference has exceeded its threshold

    def push(self, block: Block) -> Change | None:
        """Add a block; returns a change once it is certain where it was, three to six seconds later."""
        if block.index != self._next_index:
            self._count, self._best = 0, None
        self._next_index = block.index + 1
        self._bands[:-1], self._levels[:-1] = self._bands[1:], self._levels[1:]
        self._bands[-1], self._levels[-1] = block.bands, block.level_db
        self._count += 1
        if self._count < _AFTER + _BEFORE or self._count % _EVERY:
            return None
        return self._compare((block.index + 1 - _AFTER) * BLOCK_S)

    def _compare(self, at_s: float) -> Change | None:
        before_db = float(quantile(self._levels[:_BEFORE], 0.5))
        level_db = float(quantile(self._levels[_BEFORE:], 0.5))
        difference_db = _difference_db(self._bands)
        audible = min(before_db, level_db) > QUIETEST_DB and level_db >= before_db - _MAX_FALL_DB
        exceeds = difference_db > self._threshold_db() and at_s - self._found_s >= _REST_S
        found, best = None, self._best
        if exceeds and audible and (best is None or difference_db > best.difference_db):
            self._best = Change(at_s, level_db, difference_db)
        elif best is not None and (not exceeds or at_s - best.at_s >= _AFTER * BLOCK_S):
            found, self._best, self._found_s = best, None, best.at_s
        self._history.append(difference_db)
        return found

    def _threshold_db(self) -> float:
        if len(self._history) < _LEAST:
            return _MIN_DB
        history = np.array(self._history)
        median = float(quantile(history, 0.5))
        deviation = 1.4826 * float(quantile(np.abs(history - median), 0.5))
        return max(_MIN_DB, median + _DEVIATIONS * deviation)


def _difference_db(bands: NDArray[np.float32]) -> float:
    """Return how much the shapes of the two spectra differ, whatever their levels."""
    before, after = (_shape(quantile(part, _VOICED)) for part in (bands[:_BEFORE], bands[_BEFORE:]))
    return float(np.sqrt(np.mean((after - before) ** 2)))


def _shape(spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the audible part of a spectrum, with a mean of 0."""
    audible = np.maximum(spectrum, max(spectrum.max() - _RANGE_DB, QUIETEST_DB))
    return np.asarray(audible - audible.mean())
