"""Times for a stream that has none: smoothed arrival times. Pure."""

from __future__ import annotations

from collections import deque

# Arrivals held at the start, to separate packets that were buffered on the way from timely ones.
HOLD_S = 0.5
# Packets that come this soon after the first one were buffered with it.
_BURST_S = 0.1
# A frame that is later than this, and by more than a period, follows a stall or a pause.
_LATE_S = 0.5
# The share of its lateness that is added to a frame's time.
_GAIN = 0.1
# A frame's time is ahead of its arrival by at most this, or half a period.
_AHEAD_S = 0.1
# The period is the mean of the middle half of this many intervals, sorted: stalls and bursts are at the ends.
_GAPS = 8
# Least distance of two frames.
_LEAST_S = 1e-3


class ArrivalTimes:
    """Gives each frame a time by its arrival: strictly growing, evenly spaced where arrival jitters.

    Frames that were buffered before the start are placed before it, at the period of the following ones.
    After a stall, which a burst follows, the spacing stays even; after a pause of the camera time follows the
    clock. To distinguish the two, a late frame is held until the next one comes.

    Attributes:
        period_s: current interval between frames; 0 while it is unknown.
    """

    def __init__(self) -> None:
        self.period_s = 0.0
        self._held: list[float] = []  # arrivals of the frames without a time
        self._zero_s = 0.0
        self._came_s = 0.0
        self._last_s: float | None = None
        self._gaps: deque[float] = deque(maxlen=_GAPS)

    def push(self, came_s: float, *, begun_s: float) -> list[float]:
        """Take the arrival (s, monotonic) of a frame; return times of the oldest frames without one.

        ``begun_s`` is the time at which the connection was begun.
        """
        self._held.append(came_s)
        if self._last_s is None:
            return self._begin(begun_s) if came_s - self._held[0] >= HOLD_S else []
        return self._release()

    def flush(self, *, begun_s: float) -> list[float]:
        """Return times of all frames without one: no frame follows."""
        times = self._begin(begun_s) if self._last_s is None and self._held else []
        held, self._held = self._held, []
        return times + [self._settle(came_s, pause=self._is_late(came_s)) for came_s in held]

    def _begin(self, begun_s: float) -> list[float]:
        """Place the frames that were buffered at the start, and find the period."""
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
        """Give times to frames, oldest first, as far as they are certain."""
        times = []
        while self._held:
            came_s, *later = self._held
            late = self._is_late(came_s)
            if late and not later:
                break
            # A frame that the next one follows at once was delayed on its way; otherwise the camera has
            # paused.
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
