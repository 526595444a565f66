"""Wall time as text (ISO 8601 in UTC with a Z, to the millisecond), and media time as wall time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_text(at: datetime) -> str:
    """Return the time as text, ``2026-01-31T14:02:10.250Z``; a naive time is taken as UTC."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_utc(text: str) -> datetime:
    """Parse ISO 8601 into an aware time; a time without a zone is UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is UTC:  # as most are
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def utc_after(text: str, seconds: float) -> str:
    """Return the time ``seconds`` after ``text`` (before it, if negative). Raises ValueError."""
    return utc_text(parse_utc(text) + timedelta(seconds=seconds))


class MediaClock:
    """Maps media time to wall time, from a known start (files) or following arrival times (live).

    A camera's clock drifts from ours by seconds a day. For a live source each call of ``follow`` moves the
    mapping by at most ``MAX_SLEW_S``, so that wall times neither repeat nor leave a hole.

    Attributes:
        off_s: error of the mapping in seconds when ``follow`` was last called.
    """

    MAX_SLEW_S = 0.05

    def __init__(self, start: datetime, now: Callable[[], datetime] | None = None) -> None:
        """Map media time 0 to ``start``; for a live source ``now`` returns the newest frame's arrival."""
        self._zero = start
        self._now = now
        self._earliest: datetime | None = None
        self.off_s = 0.0

    def note_arrival(self, pts_s: float) -> None:
        """Note that a frame of this media time has just arrived."""
        if self._now is None:
            return
        zero = self._now() - timedelta(seconds=pts_s)
        # Frames are delayed on their way but never early, so the smallest delay is the best estimate.
        self._earliest = zero if self._earliest is None else min(self._earliest, zero)

    def follow(self) -> None:
        """Move the mapping towards the arrivals noted since the last call."""
        if self._earliest is not None:
            self.off_s = (self._earliest - self._zero).total_seconds()
            self._zero += timedelta(seconds=max(-self.MAX_SLEW_S, min(self.MAX_SLEW_S, self.off_s)))
            self._earliest = None

    def utc(self, media_s: float) -> str:
        """Return the wall time of a media time, as text."""
        return utc_text(self._zero + timedelta(seconds=media_s))

    def now_s(self) -> float | None:
        """Return the media time of now, for what is live."""
        return None if self._now is None else (self._now() - self._zero).total_seconds()

    def after(self, media_s: float) -> MediaClock:
        """Return the clock of an epoch that begins at this media time; for a live source, now."""
        start = self._zero + timedelta(seconds=media_s) if self._now is None else self._now()
        return MediaClock(start, self._now)
