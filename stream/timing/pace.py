"""The usual interval between a camera's frames. Pure."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

_INTERVALS = 9
# Pictures missing for longer than this, and for ten intervals, are missing.
_PAUSE_S = 3.0
_PAUSE_INTERVALS = 10
# The first ones may still have been on their way together.
_ENOUGH = 2


class Pace:
    """Learns a camera's pace from the times of its pictures.

    Attributes:
        interval_s: from picture to picture; None while too few have come.
    """

    def __init__(self, fps: float | None = None) -> None:
        """Begin with a source's nominal rate; only a slow one is believed before pictures have shown it."""
        self.interval_s = 1 / fps if fps and fps < 1 else None
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)

    def see(self, interval_s: float) -> None:
        """Note the time from one picture to the next."""
        self._intervals.append(interval_s)
        if len(self._intervals) >= _ENOUGH:
            self.interval_s = median(self._intervals)

    def forget(self) -> None:
        """Learn anew: the camera has paused, and may go on at another pace."""
        self.interval_s = None
        self._intervals.clear()

    @property
    def pause_s(self) -> float:
        """After how long without a picture the camera has paused; infinite while its pace is unknown."""
        return math.inf if self.interval_s is None else max(_PAUSE_S, _PAUSE_INTERVALS * self.interval_s)
