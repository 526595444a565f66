"""Files played like live sources: at their own speed, and in a loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from stream.av_source import AvSource
from stream.container import READ_TIMEOUT_S
from stream.read_guard import ReadGuard
from stream.source import PacketSource


class RealTimeSource:
    """A PacketSource that yields another's packets no faster than they were recorded."""

    def __init__(self, source: PacketSource) -> None:
        self._source = source
        self.info = source.info
        self.video = source.video
        self.audio = source.audio
        self.warning = source.warning
        self._guard = ReadGuard(source.close)

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield each packet at its decoding time, counted from the first packet's."""
        return self._guard.until_closed(self._paced())

    def _paced(self) -> Iterator[Packet[Stream]]:
        offset_s: float | None = None
        for packet in self._source.packets():
            if packet.dts is not None:
                due_s = float(packet.dts * packet.time_base)
                now_s = time.monotonic()
                if offset_s is None:
                    offset_s = now_s - due_s
                self._guard.closed.wait(max(0.0, min(due_s + offset_s - now_s, READ_TIMEOUT_S)))
            yield packet

    def close(self) -> None:
        """Close the other source, at once even while a packet's time is waited for."""
        self._guard.close()


class LoopedSource:
    """A PacketSource over a file that starts again when it ends, with continuous timestamps.

    The file is opened again for each round: seeking would flush the decoder, which another thread may use.
    """

    def __init__(self, open_source: Callable[[], AvSource]) -> None:
        """Open the file for the first round; raises SourceError."""
        self._open = open_source
        self._source = open_source()
        self.info = self._source.info
        self.video = self._source.video
        self.audio = self._source.audio
        self.warning = self._source.warning
        self._guard = ReadGuard(self._source.close)

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield the file's packets without end; raises SourceError."""
        return self._guard.until_closed(self._rounds())

    def _rounds(self) -> Iterator[Packet[Stream]]:
        shift_s = yield from _round(self._source, Fraction(0))
        while shift_s is not None:
            # Not closed here: its packets refer to it, and it is released with the last of them.
            shift_s = yield from _round(self._open(), shift_s)

    def close(self) -> None:
        """Close the file, in whichever round it is."""
        self._guard.close()


def _round(source: PacketSource, shift_s: Fraction) -> Generator[Packet[Stream], None, Fraction | None]:
    """Yield a round's packets, later by ``shift_s``; return the next round's shift.

    Return None where the round takes no time: a single picture without a duration.
    """
    start_s = end_s = None
    for packet in source.packets():
        if packet.stream is source.video and packet.pts is not None:
            at_s = packet.pts * packet.time_base
            shown_s = (packet.duration or 0) * packet.time_base
            start_s = at_s if start_s is None else min(start_s, at_s)
            end_s = max(end_s or at_s, at_s + shown_s)
        yield _shifted(packet, shift_s)
    if start_s is None or end_s is None or end_s <= start_s:
        return None
    return shift_s + end_s - start_s


def _shifted(packet: Packet[Stream], shift_s: Fraction) -> Packet[Stream]:
    ticks = round(shift_s / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
    return packet
