"""The usual interval between a camera's frames. Pure."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

_INTERVALS = 9
# A camera has paused after this time without a frame, and after this many of its intervals.
_PAUSE_S = 3.0
_PAUSE_INTERVALS = 10
# Intervals that are needed: the first frames may have been buffered together.
_ENOUGH = 2


class Pace:
    """Learns a camera's usual interval from the times of its frames.

    Attributes:
        interval_s: between frames; None while too few have come.
    """

    def __init__(self, fps: float | None = None) -> None:
        """Begin with a source's nominal rate, if it is slow; a fast one must be observed first."""
        self.interval_s = 1 / fps if fps and fps < 1 else None
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)

    def note_interval(self, interval_s: float) -> None:
        """Note the time from one frame to the next."""
        self._intervals.append(interval_s)
        if len(self._intervals) >= _ENOUGH:
            self.interval_s = median(self._intervals)

    def reset(self) -> None:
        """Learn again, as the camera has paused and may continue at another rate."""
        self.interval_s = None
        self._intervals.clear()

    @property
    def pause_s(self) -> float:
        """Time without a frame after which the camera has paused; infinite while its interval is unknown."""
        return math.inf if self.interval_s is None else max(_PAUSE_S, _PAUSE_INTERVALS * self.interval_s)
