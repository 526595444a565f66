"""Times of a stream, corrected once its clock is known to run at a wrong rate. Pure."""

from __future__ import annotations

from stream.timing.drift import Drift
from stream.timing.timestamps import is_jump

# The error that the wrong rate has caused before it was found is corrected within this time.
CATCH_UP_S = 10.0


class ClockTimes:
    """Maps stream time to media time that agrees with arrival; the identity while the clock is right.

    The mapping is continuous and strictly growing. Where stream time jumps it starts again at stream time, so
    that the jump is visible in media time.

    Attributes:
        rate: seconds of media time per second of stream time.
    """

    def __init__(self) -> None:
        self.rate = 1.0
        self._drift = Drift()
        self._newest_s: float | None = None
        self._stream_s = 0.0  # where the newest piece of the mapping starts,
        self._media_s = 0.0  # to which media time it leads once it has caught up,
        self._behind_s = 0.0  # and how far it is behind that at its start.

    def see(self, stream_s: float, came_s: float) -> bool:
        """Note the arrival of a packet (s, monotonic); return whether the rate was changed."""
        if self._newest_s is not None and is_jump(self._newest_s, stream_s):
            self._stream_s = self._media_s = stream_s
            self._behind_s = 0.0
            self._drift = Drift()
        self._newest_s = stream_s
        drifted = self._drift.see(self._aim(stream_s), came_s)
        if drifted is None:
            return False
        media_s, aim_s = self.at(stream_s), self._aim(stream_s)
        aim_s += drifted.rate * (aim_s - drifted.since_s)
        self._stream_s, self._media_s, self._behind_s = stream_s, aim_s, aim_s - media_s
        self.rate *= 1 + drifted.rate
        self._drift = Drift()
        return True

    def at(self, stream_s: float) -> float:
        """Return the media time of a stream time."""
        catch_up_s = max(CATCH_UP_S, 2 * abs(self._behind_s))  # slow enough for time to grow
        passed = (stream_s - self._stream_s) * self.rate / catch_up_s
        return self._aim(stream_s) - self._behind_s * min(1.0, max(0.0, 1 - passed))

    def _aim(self, stream_s: float) -> float:
        return self._media_s + (stream_s - self._stream_s) * self.rate
