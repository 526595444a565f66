"""Times for a stream that has none: smoothed arrival times. Pure."""

from __future__ import annotations

from collections import deque

# So much is held at the start to tell what was buffered on the way from what comes in its own time.
HOLD_S = 0.5
# What comes so soon after the first packet had been waiting with it.
_BURST_S = 0.1
# A picture that is later than this, and by more than a period, tells of a stall or a pause.
_LATE_S = 0.5
# Which share of its lateness a picture's time takes over.
_GAIN = 0.1
# A picture's time is ahead of its arrival by no more than this, or half a period.
_AHEAD_S = 0.1
# The period is the mean of the middle half of so many distances: stalls and bursts are at their ends.
_GAPS = 8
# No two pictures have the same time.
_LEAST_S = 1e-3


class ArrivalTimes:
    """Gives each picture a time by its arrival: strictly growing, evenly spaced where arrival jitters.

    What had been buffered before the start is placed before it, at the period of what follows. After a
    stall that is made up for by a burst the spacing goes on evenly; after a pause time goes on by the clock.
    To tell the two apart a late picture is held until the next one comes.

    Attributes:
        period_s: from picture to picture, as it is now; 0 while that is unknown.
    """

    def __init__(self) -> None:
        self.period_s = 0.0
        self._held: list[float] = []  # when they came
        self._zero_s = 0.0
        self._came_s = 0.0
        self._last_s: float | None = None
        self._gaps: deque[float] = deque(maxlen=_GAPS)

    def push(self, came_s: float, *, begun_s: float) -> list[float]:
        """Take a picture's arrival (s, monotonic); returns times for the oldest that have none yet.

        ``begun_s`` is when the connection was begun.
        """
        self._held.append(came_s)
        if self._last_s is None:
            return self._begin(begun_s) if came_s - self._held[0] >= HOLD_S else []
        return self._release()

    def flush(self, *, begun_s: float) -> list[float]:
        """Return times for all that have none yet: nothing follows."""
        times = self._begin(begun_s) if self._last_s is None and self._held else []
        held, self._held = self._held, []
        return times + [self._settle(came_s, pause=self._is_late(came_s)) for came_s in held]

    def _begin(self, begun_s: float) -> list[float]:
        """Place what was buffered at the start, and find the period."""
        held = self._held
        buffered = sum(came_s < held[0] + _BURST_S for came_s in held)
        newest_s = held[buffered - 1]
        timely = len(held) - buffered
        if timely:
            self.period_s = (held[-1] - newest_s) / timely
        else:
            self.period_s = (newest_s - begun_s) / buffered
        self._zero_s = newest_s - (buffered - 1) * self.period_s
        self._last_s, self._came_s = newest_s, newest_s
        self._held = held[buffered:]
        return [nth * self.period_s for nth in range(buffered)] + self._release()

    def _release(self) -> list[float]:
        """Settle what can be settled, oldest first."""
        times = []
        while self._held:
            came_s, *later = self._held
            late = self._is_late(came_s)
            if late and not later:
                break
            # What the next one follows at once was held up on its way; else the camera has paused.
            times.append(self._settle(came_s, pause=late and later[0] - came_s >= self.period_s / 2))
            self._held = later
        return times

    def _lateness_s(self, came_s: float) -> float:
        return came_s - (self._last_s or 0.0) - self.period_s

    def _is_late(self, came_s: float) -> bool:
        return self._lateness_s(came_s) > max(_LATE_S, self.period_s)

    def _settle(self, came_s: float, *, pause: bool) -> float:
        last_s, late_s, gap_s = self._last_s or 0.0, self._lateness_s(came_s), came_s - self._came_s
        if pause:
            at_s = came_s
        elif self._is_late(came_s):
            at_s = last_s + self.period_s
        else:
            at_s = last_s + self.period_s + _GAIN * late_s
            at_s = min(at_s, came_s + max(_AHEAD_S, self.period_s / 2))
        if pause or not self._is_late(came_s):
            self._learn(gap_s)
        self._last_s, self._came_s = max(at_s, last_s + _LEAST_S), came_s
        return self._last_s - self._zero_s

    def _learn(self, gap_s: float) -> None:
        self._gaps.append(gap_s)
        if len(self._gaps) == _GAPS:
            middle = sorted(self._gaps)[_GAPS // 4 : -_GAPS // 4]
            self.period_s = sum(middle) / len(middle)
