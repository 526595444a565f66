"""Join the AAC packets of segments without a gap, in sync with their video."""

from __future__ import annotations

from collections import deque
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from stream.media.track import add_copy, copied
from stream.timing.timestamps import shown_stamp

# Jitter of timestamps, by which a packet may deviate in addition to half its length.
_JITTER_S = Fraction(1, 100)
_AAC_FRAME = 1024
LEAST_RATE_HZ = 16_000
"""Below this, a packet is too long for whole packets to stay in sync to 40 ms."""


class SplicedSound:
    """Copied audio packets, each at most half its length (and 10 ms) from its own time.

    Where one segment ends and the next begins, whole packets are left out or included, whichever is nearer,
    so that players that ignore small gaps stay in sync.
    """

    def __init__(self, out: OutputContainer, template: AudioStream) -> None:
        self._out = out
        self._track = add_copy(out, template)
        self._rate_hz = template.rate
        self._waiting: deque[Packet[Stream]] = deque()
        self._begin = self._next = 0
        self._begun = False

    def open(self, _stream: AudioStream | None) -> None:
        """Begin a segment."""
        self._waiting.clear()
        self._begun = False

    def push(self, packet: Packet[Stream]) -> None:
        """Take the segment's next audio packet."""
        self._waiting.append(packet)

    def advance(self, shift_s: Fraction, to_s: Fraction) -> None:
        """Write the audio before ``to_s`` of the reel, whose time is ``shift_s`` later than the stream's."""
        end = round(to_s * self._rate_hz)
        while self._waiting:
            packet = self._waiting[0]
            length = round((packet.duration or 0) * packet.time_base * self._rate_hz) or _AAC_FRAME
            at = round(((shown_stamp(packet) or 0) * packet.time_base + shift_s) * self._rate_hz)
            if at >= end - length // 2:
                return
            self._waiting.popleft()
            if at >= self._begin - length:  # an earlier packet belongs to no segment
                self._place(packet, at, length)

    def _place(self, packet: Packet[Stream], at: int, length: int) -> None:
        off = at - self._next
        slack = length // 2 + round(_JITTER_S * self._rate_hz)
        if off < (-slack if self._begun else -length // 2):
            return
        self._begun = True
        pts = at if off > slack else self._next
        self._next = pts + length
        tick_s = Fraction(1, self._rate_hz)
        self._out.mux(copied(packet, self._track, pts=pts, dts=pts, duration=length, tick_s=tick_s))

    def close(self, shift_s: Fraction, to_s: Fraction) -> None:
        """End the segment at ``to_s`` of the reel."""
        self.advance(shift_s, to_s)
        self._begin = round(to_s * self._rate_hz)

    def finish(self) -> None:
        """Do nothing: no packet is buffered."""
