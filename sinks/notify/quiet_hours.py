"""The time of day in which nothing is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

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
