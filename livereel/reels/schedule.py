"""When a reel is made: again and again, or daily at a local time. Nothing here waits or reads a clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from base.local_time import interval_text

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
# A zone may have skipped a whole day, as Samoa did at the end of 2011, and the date there may be another.
_REACH = 3


class Schedule(Protocol):
    """A set of times without beginning or end.

    Attributes:
        each_once: whether each time has a reel of its own, which is made later where it was missed; else a
            reel that is made later covers the times before it, too.
    """

    @property
    def each_once(self) -> bool:
        """Return whether each time has a reel of its own."""
        ...

    def next_after(self, utc: datetime) -> datetime:
        """Return the first time after an aware time, in UTC."""
        ...

    def last_until(self, utc: datetime) -> datetime:
        """Return the last time that is not after an aware time, in UTC."""
        ...

    @property
    def text(self) -> str:
        """What follows ``made``: ``every minute``, ``daily at 20:00 (Europe/Berlin)``."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """``every_s`` seconds after each other, ``anchor`` among them."""

    every_s: float
    anchor: datetime

    @property
    def each_once(self) -> bool:
        """Return whether each time has a reel of its own."""
        return False

    def next_after(self, utc: datetime) -> datetime:
        """Return the first time after ``utc``."""
        return self.last_until(utc) + timedelta(seconds=self.every_s)

    def last_until(self, utc: datetime) -> datetime:
        """Return the last time that is not after ``utc``."""
        step = timedelta(seconds=self.every_s)
        return (self.anchor + (utc - self.anchor) // step * step).astimezone(UTC)

    @property
    def text(self) -> str:
        """Return it in words."""
        return f"every {interval_text(self.every_s)}"


@dataclass(frozen=True, slots=True)
class Daily:
    """Once on each day of a zone, when its clocks show ``at``.

    Where they show it twice, as clocks are set back, the first time counts. Where they skip it, as clocks are
    set forward, the reel is made as long after the change as it would have been without one: 02:30 becomes
    03:30. Both are the rule of iCalendar (RFC 5545, 3.3.5).

    Attributes:
        at: a naive time of day.
        zone: None is the machine's own.
    """

    at: time
    zone: ZoneInfo | None = None

    @property
    def each_once(self) -> bool:
        """Return whether each time has a reel of its own."""
        return True

    def next_after(self, utc: datetime) -> datetime:
        """Return the first time after ``utc``."""
        return min(at for at in self._around(utc) if at > utc)

    def last_until(self, utc: datetime) -> datetime:
        """Return the last time that is not after ``utc``."""
        return max(at for at in self._around(utc) if at <= utc)

    def _around(self, utc: datetime) -> list[datetime]:
        today = utc.astimezone(self.zone).date()
        return [self._on(today + days * _DAY) for days in range(-_REACH, _REACH + 1)]

    def _on(self, day: date) -> datetime:
        """Return the time of one day; a naive time is one of the machine's zone."""
        # Where the time is skipped, ``astimezone`` is an hour off for a naive time; ``timestamp`` is right.
        return datetime.fromtimestamp(datetime.combine(day, self.at, self.zone).timestamp(), UTC)

    @property
    def text(self) -> str:
        """Return it in words."""
        return f"daily at {time_of_day_text(self.at)} ({self.zone.key if self.zone else 'local time'})"


def previous(schedule: Schedule, utc: datetime) -> datetime:
    """Return the schedule's last time before ``utc``."""
    return schedule.last_until(utc - _TICK)


def time_of_day(text: str) -> time:
    """Return the time of ``20:00`` or ``20:00:30``. Raises ValueError."""
    if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text, re.ASCII) is None:
        raise ValueError(text)
    hour, minute, second = map(int, f"{text}:00".split(":")[:3])
    return time(hour, minute, second)


def time_of_day_text(at: time) -> str:
    """``20:00``; with seconds where there are some."""
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones."""
    return frozenset(available_timezones())
