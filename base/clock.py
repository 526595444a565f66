"""Wall time as text: ISO 8601 in UTC with a Z, to the millisecond."""

from __future__ import annotations

from collections.abc import Callable
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


class MediaClock:
    """Tells the wall time of media time: counted on from a known start, or followed while live.

    A camera's clock drifts from ours by seconds a day. Live, the mapping follows at no more than
    ``MAX_SLEW_S`` for each call of ``follow``, so that no time is told twice or left out.

    Attributes:
        off_s: by how much the mapping was behind when ``follow`` was last called, in seconds.
    """

    MAX_SLEW_S = 0.05

    def __init__(self, start: datetime, now: Callable[[], datetime] | None = None) -> None:
        """Media time 0 is ``start``; ``now`` tells when the newest frame came, for what is live."""
        self._zero = start
        self._now = now
        self._earliest: datetime | None = None
        self.off_s = 0.0

    def see(self, pts_s: float) -> None:
        """A frame of this media time has just arrived."""
        if self._now is None:
            return
        zero = self._now() - timedelta(seconds=pts_s)
        # Frames are delayed on their way, never early: the earliest is the truest.
        self._earliest = zero if self._earliest is None else min(self._earliest, zero)

    def follow(self) -> None:
        """Move the mapping towards what was seen since the last call."""
        if self._earliest is not None:
            self.off_s = (self._earliest - self._zero).total_seconds()
            self._zero += timedelta(seconds=max(-self.MAX_SLEW_S, min(self.MAX_SLEW_S, self.off_s)))
            self._earliest = None

    def utc(self, media_s: float) -> str:
        """Return the wall time of a media time."""
        return utc_text(self._zero + timedelta(seconds=media_s))

    def after(self, media_s: float) -> MediaClock:
        """Return the clock of an epoch that begins at this media time, or, live, now."""
        start = self._zero + timedelta(seconds=media_s) if self._now is None else self._now()
        return MediaClock(start, self._now)
