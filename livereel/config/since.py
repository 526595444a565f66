"""A time in the past, as a person types it after ``--since``."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from base.clock import utc_text
from base.local_time import date_time_text
from livereel.config.schema import UsageError

EXAMPLES = "2h, 10 minutes ago, 1h30m, yesterday, 8am, 20:00, 2026-01-31 14:00 or seconds since 1970"

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNIT = r"s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?"
_PART = rf"(\d+(?:\.\d+)?)\s*({_UNIT})(?![a-z])"
_AGO = re.compile(rf"(?:{_PART}[\s,]*)+(?:ago)?")
_EPOCH = re.compile(r"\d{9,11}(?:\.\d+)?")
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_DAY = re.compile(rf"({'|'.join(_DAYS)})(?:\s+(?:at\s+)?(.+))?")
_TIME = re.compile(r"(\d{1,2})(?::(\d\d)(?::(\d\d))?)?\s*(am|pm)?")


def parse_since(text: str | None, now: datetime, option: str = "--since") -> str:
    """Return the UTC time that a person means, as text; None is the beginning, "".

    A length is that long ago; a time of day is the last one here; a date or a time without a zone is local.
    Raises UsageError, which names ``option``, for what is no time or lies in the future.
    """
    if text is None:
        return ""
    try:
        at = _parse(" ".join(text.lower().split()), now)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"{option} {text}: not a time; examples: {EXAMPLES}") from error
    if at > now:
        shown = f"{date_time_text(at)}; it is {date_time_text(now)}"
        raise UsageError(f"{option} {text}: is in the future ({shown})")
    return utc_text(at)


def _parse(text: str, now: datetime) -> datetime:
    """Return an aware time; raises ValueError or OverflowError."""
    today = now.astimezone().date()
    if _AGO.fullmatch(text):
        return now - timedelta(
            seconds=sum(float(n) * _UNITS_S[unit[0]] for n, unit in re.findall(_PART, text))
        )
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    if named := _DAY.fullmatch(text):
        day = today + timedelta(days=_DAYS[named[1]])
        return _local(day, _time_of_day(named[2]) if named[2] else time())
    if _TIME.fullmatch(text) and not text.isdigit():
        return _last(_time_of_day(text), today, now)
    return _utc(datetime.fromisoformat(text.upper()))


def _last(at: time, today: date, now: datetime) -> datetime:
    """Return the last time that clocks here showed this: they may have shown it twice, in autumn."""
    yesterday = today - timedelta(days=1)
    candidates = [_local(day, at, fold=fold) for day in (today, yesterday) for fold in (1, 0)]
    return max(candidate for candidate in candidates if candidate <= now)


def _local(day: date, at: time, *, fold: int = 0) -> datetime:
    return _utc(datetime.combine(day, at.replace(fold=fold)))


def _utc(at: datetime) -> datetime:
    """Return it in UTC; a naive time is local. One that clocks skip is as long after the change."""
    # ``astimezone`` is an hour off for a naive time that was skipped; ``timestamp`` is right.
    return datetime.fromtimestamp(at.timestamp(), UTC)


def _time_of_day(text: str) -> time:
    """``8am``, ``8:30 pm``, ``20:00``, ``20:00:15``. Raises ValueError."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hour, half = int(found[1]), found[4]
    if half is not None:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(found[2] or 0), int(found[3] or 0))
