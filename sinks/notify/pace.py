"""When the next notification may be sent: quiet hours, a least interval, and pauses after failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sinks.notify.quiet_hours import QuietHours

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 600.0


class Pace:
    """Times are aware wall time, as quiet hours are; a clock that is set back costs one longest wait."""

    def __init__(
        self,
        min_interval_s: float,
        quiet_hours: QuietHours | None,
        *,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._min_interval_s = min_interval_s
        self._quiet_hours = quiet_hours
        self._first_pause_s = first_pause_s
        self._failures = 0
        self._not_before = datetime.min.replace(tzinfo=UTC)

    @property
    def failures(self) -> int:
        """How many tries in a row have failed."""
        return self._failures

    def wait_s(self, now: datetime) -> float:
        """Return for how long nothing may be sent yet; 0 if it may."""
        quiet_until = self._quiet_hours.end_after(now) if self._quiet_hours else None
        until = max(self._not_before, quiet_until or self._not_before)
        return max(0.0, (until - now).total_seconds())

    def sent(self, now: datetime) -> None:
        """Note that a notification has been sent."""
        self._failures = 0
        self._not_before = now + timedelta(seconds=self._min_interval_s)

    def failed(self, now: datetime) -> float:
        """Note a failure; returns the pause before the next try, in seconds, doubled with each failure."""
        pause_s = min(self._first_pause_s * 2.0**self._failures, LONGEST_PAUSE_S)
        self._failures += 1
        self._not_before = now + timedelta(seconds=pause_s)
        return pause_s
