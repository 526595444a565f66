"""Wall time as text: ISO 8601 in UTC with a Z, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def utc_text(at: datetime) -> str:
    """Return the time as text, ``2026-01-31T14:02:10.250Z``; a naive time is taken as UTC."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_utc(text: str) -> datetime:
    """Return the aware time that a text names; raises ValueError."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def utc_after(text: str, seconds: float) -> str:
    """Return the time ``seconds`` after (or, negative, before) the one that the text names."""
    return utc_text(parse_utc(text) + timedelta(seconds=seconds))
