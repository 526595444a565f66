"""A live source whose packets have times that agree with their arrival."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator

from av.packet import Packet
from av.stream import Stream

from stream.av_source import AvSource
from stream.read_guard import ReadGuard
from stream.source import SourceError
from stream.timing.arrival_times import ArrivalTimes
from stream.timing.clock_times import ClockTimes

_NO_TIMES = "its stream has no timestamps: frames are timed by their arrival"

_JUMPS = "its clock jumps: times are corrected by the arrival of its frames"


class TimedSource:
    """A PacketSource over a live one, to be read without delay: a packet arrives when it is read.

    Streams without timestamps get them by arrival. A clock that runs at a wrong rate is corrected once that
    is certain; until then, and where it is right, packets are not changed.

    Attributes:
        warning: what is wrong with the stream's own times; None while nothing is known to be.
    """

    def __init__(self, source: AvSource, *, begun_s: float) -> None:
        """Take a source whose opening began at ``begun_s`` (monotonic)."""
        self._source = source
        self._begun_s = begun_s
        self.info = source.info
        self.video = source.video
        self.audio = source.audio
        self.warning = None if source.info.timed else _NO_TIMES
        self._guard = ReadGuard(source.close)

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield the other source's packets with corrected times; raises its SourceError."""
        arriving = self._source.packets()
        timed = self._corrected(arriving) if self.info.timed else self._timed_by_arrival(arriving)
        return self._guard.until_closed(timed)

    def _corrected(self, packets: Iterable[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        times = ClockTimes()
        for packet in packets:
            stamp = packet.pts if packet.dts is None else packet.dts
            if packet.stream is self.video and stamp is not None:
                at_s = float(stamp * packet.time_base)
                decoding = packet.dts is not None
                if times.note_arrival(at_s, time.monotonic(), decoding=decoding) and self.warning is None:
                    self.warning = _JUMPS if times.rate == 1.0 else _rate_warning(times.rate)
            if times.rate != 1.0 or times.shift_s:
                packet.pts, packet.dts = _at(packet, packet.pts, times), _at(packet, packet.dts, times)
            yield packet

    def _timed_by_arrival(self, packets: Iterable[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        times = ArrivalTimes()
        held: deque[Packet[Stream]] = deque()
        failure: SourceError | None = None
        try:
            for packet in packets:
                held.append(packet)
                for at_s in times.push(time.monotonic(), begun_s=self._begun_s):
                    yield _stamped(held.popleft(), at_s, times.period_s)
        except SourceError as error:
            failure = error
        for at_s in times.flush(begun_s=self._begun_s):
            yield _stamped(held.popleft(), at_s, times.period_s)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Close the other source; packets that wait for their times are dropped."""
        self._guard.close()


def _rate_warning(rate: float) -> str:
    off, way = abs(1 / rate - 1) * 100, "fast" if rate < 1 else "slow"
    return f"its clock runs {off:.1f} % {way}: times are corrected by the arrival of its frames"


def _at(packet: Packet[Stream], stamp: int | None, times: ClockTimes) -> int | None:
    return None if stamp is None else round(times.at(float(stamp * packet.time_base)) / packet.time_base)


def _stamped(packet: Packet[Stream], at_s: float, period_s: float) -> Packet[Stream]:
    ticks = round(at_s / packet.time_base)
    if packet.pts is not None:  # it was only a number, in decoding order
        packet.pts = ticks
    packet.dts, packet.duration = ticks, round(period_s / packet.time_base)
    return packet
