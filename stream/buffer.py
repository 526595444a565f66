"""The rolling buffer: the last seconds of a camera, still encoded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from av.packet import Packet
from av.stream import Stream


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets that begin with a video keyframe, in the order of the source; times are stream times."""

    packets: tuple[Packet[Stream], ...]
    start_s: float


@dataclass(frozen=True, slots=True)
class _Entry:
    packet: Packet[Stream]
    time_s: float
    video: bool
    starts_gop: bool


class PacketBuffer:
    """Holds the newest ``keep_s`` seconds of packets, always from a keyframe, under ``max_bytes``.

    When full it drops whole groups of pictures, oldest first, never the newest; a single group that
    alone exceeds the cap is dropped too, and the buffer waits for the next keyframe.

    Attributes:
        bytes: held now.
        dropped: packets that the byte cap cost, so far.
    """

    def __init__(self, keep_s: float = 10.0, max_bytes: int = 64_000_000) -> None:
        self._keep_s = keep_s
        self._max_bytes = max_bytes
        self._entries: deque[_Entry] = deque()
        self._gop_starts: deque[float] = deque()
        self.bytes = 0
        self.dropped = 0

    def push(self, packet: Packet[Stream]) -> None:
        """Take a packet; what is too old or too much leaves."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        video = packet.stream.type == "video"
        starts_gop = video and packet.is_keyframe
        if not self._gop_starts and not starts_gop:
            return  # nothing can be decoded before the first keyframe
        last_s = self._entries[-1].time_s if self._entries else 0.0
        time_s = last_s if stamp is None else float(stamp * packet.time_base)
        self._entries.append(_Entry(packet, time_s, video, starts_gop))
        self.bytes += packet.size
        if starts_gop:
            self._gop_starts.append(time_s)
        while len(self._gop_starts) > 1 and self._gop_starts[1] <= time_s - self._keep_s:
            self._drop_gop()
        while self._gop_starts and self.bytes > self._max_bytes:
            self.dropped += self._drop_gop()

    def _drop_gop(self) -> int:
        """Drop the oldest group of pictures and the audio between; return how many packets left."""
        before = len(self._entries)
        self._gop_starts.popleft()
        self._pop()
        while self._entries and not self._entries[0].starts_gop:
            self._pop()
        return before - len(self._entries)

    def _pop(self) -> None:
        self.bytes -= self._entries.popleft().packet.size

    def cut(self, start_s: float, end_s: float) -> Cut | None:
        """Return the packets of [start_s, end_s) in stream time, from the keyframe at or before start_s.

        Begins later where the buffer does; None where it holds nothing of that time. Decoding order
        differs from showing order, so the last group keeps the packets that shown ones may need.
        """
        starts = [s for s in self._gop_starts if s <= start_s] or list(self._gop_starts)[:1]
        if not starts or starts[-1] >= end_s:
            return None
        taken: list[Packet[Stream]] = []
        begun = False
        for entry in self._entries:
            begun = begun or (entry.starts_gop and entry.time_s >= starts[-1])
            if not begun or (entry.video and _decoded_s(entry) >= end_s):
                continue
            if entry.video or starts[-1] <= entry.time_s < end_s:
                taken.append(entry.packet)
        return Cut(tuple(taken), starts[-1])

    def clear(self) -> None:
        """Forget everything: what follows must not be joined to what was."""
        self._entries.clear()
        self._gop_starts.clear()
        self.bytes = 0


def _decoded_s(entry: _Entry) -> float:
    dts = entry.packet.dts
    return entry.time_s if dts is None else float(dts * entry.packet.time_base)
