"""Times of a stream, corrected once its clock is known to run at a wrong rate. Pure."""

from __future__ import annotations

from collections import deque
from statistics import median

from stream.timing.continuity import Continuity
from stream.timing.drift import Drift
from stream.timing.timestamps import is_jump

# The error that the wrong rate has caused before it was found is corrected within this time.
CATCH_UP_S = 10.0
# A packet that is earlier than any before by more than this, and by more than some intervals, is of a clock
# that was set ahead: packets are delayed, never early.
EARLY_S = 0.5
_EARLY_INTERVALS = 4
# A step back by more than this, in decoding order, is of a clock that was set back.
BACK_S = 0.2
# So long, and for so many of its usual pauses, arrival is observed before that is certain.
_CERTAIN_S = 10.0
_CERTAIN_PAUSES = 3
_INTERVALS = 9


class ClockTimes:
    """Maps stream time to media time that agrees with arrival; the identity while the clock is right.

    The mapping is continuous and strictly growing. Where stream time jumps (``timestamps.is_jump``), it
    starts again at stream time, so that the jump is visible in media time. Where the clock is set by less,
    media time goes on.

    Attributes:
        rate: seconds of media time per second of stream time.
        shift_s: how far the clock was set ahead so far, since the last visible jump.
    """

    def __init__(self) -> None:
        self.rate = 1.0
        self.shift_s = 0.0
        self._drift = Drift()
        self._arrival = Continuity()
        self._newest_s: float | None = None
        self._decoding = True
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)
        self._least_delay_s: float | None = None
        self._stream_s = 0.0  # where the newest piece of the mapping starts,
        self._media_s = 0.0  # to which media time it leads once it has caught up,
        self._behind_s = 0.0  # and how far it is behind that at its start.
        # The end of the piece before, in stream and media time, where stream time is not continuous.
        self._left: tuple[float, float] | None = None

    def note_arrival(self, stream_s: float, came_s: float, *, decoding: bool = True) -> bool:
        """Note the arrival of a packet (s, monotonic); return whether the mapping was changed.

        ``decoding`` is whether it is a decoding time, which grows from packet to packet.
        """
        before_s, self._newest_s = self._newest_s, stream_s
        grows, self._decoding = decoding and self._decoding, decoding
        self._arrival.note_arrival(came_s)
        if before_s is not None and is_jump(before_s, stream_s):
            self._stream_s = self._media_s = stream_s
            self._behind_s = self.shift_s = 0.0
            self._forget_arrival()
        elif before_s is not None:
            is_set_back = grows and stream_s < before_s - BACK_S
            if is_set_back or self._is_set_ahead(before_s, stream_s, came_s):
                self._go_on(before_s, stream_s)
                return True
            self._intervals.append(stream_s - before_s)
        delay_s = came_s - self._aim(stream_s)
        self._least_delay_s = delay_s if self._least_delay_s is None else min(self._least_delay_s, delay_s)
        drifted = self._drift.note_arrival(self._aim(stream_s), came_s)
        if drifted is None:
            return False
        media_s, aim_s = self.at(stream_s), self._aim(stream_s)
        aim_s += drifted.rate * (aim_s - drifted.since_s)
        self._stream_s, self._media_s, self._behind_s = stream_s, aim_s, aim_s - media_s
        self.rate *= 1 + drifted.rate
        self._forget_arrival()
        return True

    def _forget_arrival(self) -> None:
        self._drift = Drift()
        self._least_delay_s = self._left = None

    def _is_set_ahead(self, before_s: float, stream_s: float, came_s: float) -> bool:
        arrival, least_s = self._arrival, self._least_delay_s
        if least_s is None or arrival.known_s < max(_CERTAIN_S, _CERTAIN_PAUSES * arrival.usual_s):
            return False
        step_s = stream_s - before_s
        early_s = least_s - (came_s - self._aim(stream_s))
        return early_s > EARLY_S and step_s > max(EARLY_S, _EARLY_INTERVALS * median(self._intervals))

    def _go_on(self, before_s: float, stream_s: float) -> None:
        """Continue media time at the usual interval after the packet before."""
        media_s = self.at(before_s)
        behind_s = self._aim(before_s) - media_s
        interval_s = median(self._intervals) if self._intervals else 0.0
        self.shift_s += stream_s - before_s - interval_s
        self._stream_s = stream_s
        self._media_s = media_s + behind_s + interval_s * self.rate
        self._behind_s = behind_s
        self._left = (before_s, media_s) if stream_s > before_s else None
        self._drift = Drift()

    def at(self, stream_s: float) -> float:
        """Return the media time of a stream time."""
        if self._left is not None and stream_s < (self._left[0] + self._stream_s) / 2:  # sound comes later
            return self._left[1] + (stream_s - self._left[0]) * self.rate
        catch_up_s = max(CATCH_UP_S, 2 * abs(self._behind_s))  # slow enough for time to grow
        passed = (stream_s - self._stream_s) * self.rate / catch_up_s
        return self._aim(stream_s) - self._behind_s * min(1.0, max(0.0, 1 - passed))

    def _aim(self, stream_s: float) -> float:
        return self._media_s + (stream_s - self._stream_s) * self.rate
