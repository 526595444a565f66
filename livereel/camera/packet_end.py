"""The latest times of a source's packets, to find video that gave no frame."""

from __future__ import annotations

import math

from av.packet import Packet
from av.stream import Stream


class PacketEnd:
    """How far packets reach, in stream time.

    Attributes:
        video_s: the latest start of a picture.
        any_s: the latest end of a packet.
    """

    def __init__(self) -> None:
        self.video_s = self.any_s = -math.inf
        self._ticks_s: dict[int, float] = {}

    def push(self, packet: Packet[Stream]) -> None:
        """See a packet pass."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        tick_s = self._ticks_s.get(packet.stream_index)
        if tick_s is None:
            tick_s = self._ticks_s[packet.stream_index] = float(packet.time_base)
        self.any_s = max(self.any_s, (stamp + (packet.duration or 0)) * tick_s)
        if packet.stream.type == "video" and not packet.is_discard:
            self.video_s = max(self.video_s, stamp * tick_s)
