"""A file that starts over when it ends, as if it went on."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from stream.source import AvSource


class LoopedSource:
    """A PacketSource over a file, round and round; its time goes on from round to round."""

    def __init__(self, source: AvSource) -> None:
        self._source = source
        self.info = source.info
        self.video = source.video
        self.audio = source.audio

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield the file's packets without end; raises SourceError."""
        shift_s = Fraction(0)
        while True:
            start_s = end_s = None
            for packet in self._source.packets():
                if packet.stream is self.video and packet.pts is not None:
                    at_s = packet.pts * packet.time_base
                    start_s = at_s if start_s is None else min(start_s, at_s)
                    shown_s = (packet.duration or 0) * packet.time_base
                    end_s = max(end_s or at_s, at_s + shown_s)
                yield _shifted(packet, shift_s)
            if start_s is None or end_s is None or end_s <= start_s:
                return  # a single picture without a duration: no time would ever pass
            shift_s += end_s - start_s
            self._source.rewind()

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def _shifted(packet: Packet[Stream], shift_s: Fraction) -> Packet[Stream]:
    ticks = round(shift_s / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
    return packet
