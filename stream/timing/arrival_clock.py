"""The offset between stream time and the local clock, estimated from arrivals. Pure."""

from __future__ import annotations

from stream.timing.timestamps import is_jump

# Two clocks drift by less than this, so the estimate may grow by it: an old minimum loses its weight.
MAX_DRIFT = 2e-4


class ArrivalClock:
    """Estimates one stream's epoch. Packets are delayed on their way, never early: the smallest delay counts.

    Attributes:
        stream_epoch_s: monotonic time at which the stream's own time was 0; None before the first packet.
        newest_s: stream time of the newest packet; None before the first.
    """

    def __init__(self) -> None:
        self.stream_epoch_s: float | None = None
        self.newest_s: float | None = None
        self._came_s = 0.0

    def jumps_to(self, stream_s: float) -> bool:
        """Whether the next packet, of this stream time, belongs to another timeline than those so far."""
        return self.newest_s is not None and is_jump(self.newest_s, stream_s)

    def note_arrival(self, stream_s: float, came_s: float, *, timely: bool = True) -> None:
        """Note the arrival (s, monotonic) of a packet of this stream time; another timeline starts a new
        estimate.

        ``timely`` is False where it may arrive before its display time, as a frame to which earlier ones
        refer.
        """
        stream_epoch_s = came_s - stream_s
        if self.jumps_to(stream_s):
            self.stream_epoch_s = None
        if self.stream_epoch_s is not None and timely:
            stream_epoch_s = min(stream_epoch_s, self.stream_epoch_s + MAX_DRIFT * (came_s - self._came_s))
        if self.stream_epoch_s is None or timely:
            self.stream_epoch_s, self._came_s = stream_epoch_s, came_s
        self.newest_s = stream_s
