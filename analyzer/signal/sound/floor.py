"""The noise floor: the level of what goes on steadily, and how much it varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.signal.sound.blocks import SILENT_DB

QUIETEST_DB = -62.0
"""No floor is lower: what is quieter is the noise of microphones and converters."""

MAX_RISE_DB = 24.0
"""More than this above the floor is loud, however much the sound varies."""

_SHORT, _LONG = 50, 300  # blocks: what lasts for most of 5 s is the floor; its variation is that of 30 s
_LOW_SHARE = 0.3  # of the short time, the level that so much is below
_DEVIATIONS = 5.0  # so many standard deviations are rare enough: once in hours
_SD_PER_MEDIAN = 1.4826  # of a normal distribution, over the median absolute deviation
_EVERY = 10  # blocks between two estimates of the variation
_LEAST = 20  # levels from which the variation can be estimated


def quantile(values: NDArray[Any], share: float) -> NDArray[Any]:
    """Return what this share of the values is below, by columns; faster than ``numpy.quantile``."""
    ordered = np.sort(values, axis=0)
    place = share * (len(ordered) - 1)
    before = int(place)
    after = min(before + 1, len(ordered) - 1)
    return np.asarray(ordered[before] + (place - before) * (ordered[after] - ordered[before]))


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor at one block.

    Attributes:
        level_db: the usual level.
        threshold_db: the level above which a noise is loud.
    """

    level_db: float
    threshold_db: float


class NoiseFloor:
    """Follows the floor, block by block, in bounded memory.

    What is steady becomes the floor within four seconds, whatever its level: a fan, rain, distant traffic.
    What varies without end, as a crowd or one who keeps talking does, raises the threshold by its own
    variation; single noises do not, as they change neither the low levels nor the median.
    """

    def __init__(self, min_rise_db: float) -> None:
        self._min_rise_db = min_rise_db
        self._short = np.full(_SHORT, SILENT_DB)
        self._rises = np.zeros(_LONG)  # levels above the low level
        self._count = 0
        self._usual_rise_db, self._spread_db = 0.0, 0.0

    def push(self, level_db: float) -> Floor:
        """Add a block's level; returns the floor there."""
        self._short[self._count % _SHORT] = level_db
        known = min(self._count + 1, _SHORT)
        nth = int(_LOW_SHARE * known)
        low_db = max(QUIETEST_DB, float(np.partition(self._short[:known], nth)[nth]))
        self._rises[self._count % _LONG] = max(0.0, level_db - low_db)
        self._count += 1
        if self._count % _EVERY == 0 and self._count >= _LEAST:
            self._estimate()
        floor_db = low_db + self._usual_rise_db
        rise_db = max(self._min_rise_db, min(_DEVIATIONS * self._spread_db, MAX_RISE_DB))
        return Floor(floor_db, floor_db + rise_db)

    def _estimate(self) -> None:
        rises = self._rises[: min(self._count, _LONG)]
        median = float(quantile(rises, 0.5))
        self._usual_rise_db = median
        self._spread_db = _SD_PER_MEDIAN * float(quantile(np.abs(rises - median), 0.5))
