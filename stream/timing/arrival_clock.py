"""The offset between stream time and our clock, estimated from arrivals. Pure."""

from __future__ import annotations

from stream.timing.timestamps import is_jump

# A camera's clock drifts from ours by less than this, so an old packet is forgotten a little faster.
MAX_DRIFT = 2e-4


class ArrivalClock:
    """Follows one stream. Packets are delayed on their way, never early: the earliest is the truest.

    Attributes:
        stream_epoch_s: monotonic time at which the stream's own time was 0; None before the first packet.
        newest_s: stream time of the newest packet; None before the first.
    """

    def __init__(self) -> None:
        self.stream_epoch_s: float | None = None
        self.newest_s: float | None = None
        self._came_s = 0.0

    def jumps_to(self, stream_s: float) -> bool:
        """Whether this time, of the next packet, is of another timeline than that of the packets so far."""
        return self.newest_s is not None and is_jump(self.newest_s, stream_s)

    def see(self, stream_s: float, came_s: float, *, tells: bool = True) -> None:
        """A packet of this time came then (s, monotonic); those of another timeline are forgotten.

        ``tells`` is False where it may come before its time: a picture on which earlier ones build.
        """
        stream_epoch_s = came_s - stream_s
        if self.jumps_to(stream_s):
            self.stream_epoch_s = None
        if self.stream_epoch_s is not None and tells:
            stream_epoch_s = min(stream_epoch_s, self.stream_epoch_s + MAX_DRIFT * (came_s - self._came_s))
        if self.stream_epoch_s is None or tells:
            self.stream_epoch_s, self._came_s = stream_epoch_s, came_s
        self.newest_s = stream_s
