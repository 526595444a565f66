"""Times as people read them: wall time in the user's zone, and lengths such as 0:16 and 1:02:03.

What programs read (JSON, MQTT, the ledger) stays UTC: see ``base.clock``. The zone is that of the machine, or
of the environment variable TZ.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta

from base.clock import parse_utc

_QUARTER_S = 900  # zones change their offset on quarters of an hour


def show_utc() -> None:
    """Show times in UTC from now on, in this process and in those that it starts."""
    os.environ["TZ"] = "UTC"
    time.tzset()


def local(at: str | datetime) -> datetime:
    """Return a time (ISO 8601 text or an aware time) in the user's zone. Raises ValueError."""
    return (parse_utc(at) if isinstance(at, str) else at).astimezone()


def zone(at: str | datetime) -> str:
    """Return the zone's name at that time: ``CET``, or ``UTC+05:45`` where the zone has only a number."""
    name = local(at).tzname() or ""
    return f"UTC{local(at).isoformat()[-6:]}" if name[:1] in {"+", "-"} else name


def time_text(at: str | datetime) -> str:
    """``15:02:10``."""
    return f"{local(at):%H:%M:%S}"


def date_time_text(at: str | datetime) -> str:
    """``2026-03-12 15:02:10 CET``."""
    return f"{local(at):%Y-%m-%d %H:%M:%S} {zone(at)}"


def end_text(end: str | datetime, *, start: str | datetime) -> str:
    """Return the end of a span that began at ``start``: with its date and zone only where they differ."""
    date = "" if local(end).date() == local(start).date() else f"{local(end):%Y-%m-%d} "
    changed = "" if zone(end) == zone(start) else f" {zone(end)}"
    return f"{date}{time_text(end)}{changed}"


def span_text(start: str | datetime, end: str | datetime) -> str:
    """``2026-03-12 15:00:00 to 16:00:00 CET``; each end has what differs: its date, its zone."""
    if zone(start) != zone(end):
        return f"{date_time_text(start)} to {end_text(end, start=start)}"
    return f"{local(start):%Y-%m-%d %H:%M:%S} to {end_text(end, start=start)} {zone(end)}"


def length_text(seconds: float, *, tenths: bool = False) -> str:
    """``0:16`` for 15.92 s, ``1:02:03``, with tenths ``0:15.9``; a half is rounded up, less than 0 is 0."""
    ticks = max(0, int(seconds * 10 + 0.5) if tenths else int(seconds + 0.5) * 10)
    whole, tenth = divmod(ticks, 10)
    hours = f"{whole // 3600}:{whole // 60 % 60:02}" if whole >= 3600 else f"{whole // 60}"
    return f"{hours}:{whole % 60:02}" + (f".{tenth}" if tenths else "")


def interval_text(seconds: float) -> str:
    """What follows ``every``: ``15 s``, ``minute``, ``15 minutes``, ``90 s``, ``2 hours``, ``day``."""
    for unit_s, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit_s and seconds % unit_s == 0:
            count = round(seconds / unit_s)
            return unit if count == 1 else f"{count} {unit}s"
    return f"{seconds:g} s"


def utc_offsets_s(start: datetime, end: datetime) -> list[tuple[float, float]]:
    """Return the zone's offset from UTC at ``start`` and at each change until ``end``.

    Each is the time in seconds since 1970 from which on it holds, and the offset in seconds.
    """
    found = [(start.timestamp(), _offset_s(start))]
    at = datetime.fromtimestamp(start.timestamp() // _QUARTER_S * _QUARTER_S, start.tzinfo)
    while (at := at + timedelta(seconds=_QUARTER_S)) <= end:
        if _offset_s(at) != found[-1][1]:
            found.append((at.timestamp(), _offset_s(at)))
    return found


def _offset_s(at: datetime) -> float:
    offset = local(at).utcoffset()
    return offset.total_seconds() if offset else 0.0
