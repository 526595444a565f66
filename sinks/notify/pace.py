"""When the next notification may be sent: quiet hours and a least interval."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import monotonic

_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_EXPECTED = "expected two times of a day, such as 22:00-06:00"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of each day in local time, which may contain midnight; ``end`` does not belong to it."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Read ``22:00-06:00``; raises ValueError that says what is expected."""
        match = _HOURS.fullmatch(text)
        hours = [int(part) for part in match.groups()] if match else [0, 0, 0, 0]
        try:
            start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
        except ValueError:
            raise ValueError(_EXPECTED) from None
        if start == end:
            raise ValueError(_EXPECTED)
        return cls(start, end)

    def end_after(self, at: datetime) -> datetime | None:
        """Return when the quiet hours that contain ``at`` (an aware time) end; None outside of them.

        Local time is that of the machine. On a day on which clocks change, the span is as long as the
        clock says: its end is the first moment at which clocks show it.
        """
        local = at.astimezone()
        clock = local.time()
        if self.start < self.end:
            is_within, days = self.start <= clock < self.end, 0
        else:
            is_within, days = clock >= self.start or clock < self.end, int(clock >= self.start)
        if not is_within:
            return None
        day = local.date() + timedelta(days=days)
        end = datetime.combine(day, self.end).astimezone()
        return max(end, at)


class Pace:
    """Intervals are of the monotonic clock ``now_s``, quiet hours of the wall clock.

    The wall clock may be set at any time: who waits asks again before long.
    """

    def __init__(
        self,
        min_interval_s: float,
        quiet_hours: QuietHours | None,
        *,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._min_interval_s = min_interval_s
        self._quiet_hours = quiet_hours
        self._now_s = now_s
        self._not_before_s = now_s()

    def wait_s(self, now: datetime) -> float:
        """Return for how long nothing may be sent yet after ``now``, an aware time; 0 if it may."""
        quiet_until = self._quiet_hours.end_after(now) if self._quiet_hours else None
        quiet_s = (quiet_until - now).total_seconds() if quiet_until else 0.0
        return max(0.0, quiet_s, self._not_before_s - self._now_s())

    def sent(self) -> None:
        """Begin a new interval: a notification has been sent."""
        self._not_before_s = self._now_s() + self._min_interval_s
