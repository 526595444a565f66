"""When the next notification may be sent: quiet hours, a least interval, and pauses after failures."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from sinks.notify.quiet_hours import QuietHours

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 600.0


class Pace:
    """Intervals and pauses are of the monotonic clock ``now_s``, quiet hours of the wall clock.

    The wall clock may be set at any time: who waits asks again before long.
    """

    def __init__(
        self,
        min_interval_s: float,
        quiet_hours: QuietHours | None,
        *,
        first_pause_s: float = FIRST_PAUSE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._min_interval_s = min_interval_s
        self._quiet_hours = quiet_hours
        self._first_pause_s = first_pause_s
        self._now_s = now_s
        self._failures = 0
        self._not_before_s = now_s()

    @property
    def failures(self) -> int:
        """How many tries in a row have failed."""
        return self._failures

    def wait_s(self, now: datetime) -> float:
        """Return for how long nothing may be sent yet after ``now``, an aware time; 0 if it may."""
        quiet_until = self._quiet_hours.end_after(now) if self._quiet_hours else None
        quiet_s = (quiet_until - now).total_seconds() if quiet_until else 0.0
        return max(0.0, quiet_s, self._not_before_s - self._now_s())

    def sent(self) -> None:
        """Note that a notification has been sent."""
        self._failures = 0
        self._not_before_s = self._now_s() + self._min_interval_s

    def failed(self) -> float:
        """Note a failure; returns the pause before the next try, in seconds, doubled with each failure."""
        pause_s = min(self._first_pause_s * 2.0**self._failures, LONGEST_PAUSE_S)
        self._failures += 1
        self._not_before_s = self._now_s() + pause_s
        return pause_s
