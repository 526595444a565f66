"""The rolling buffer: the last seconds of a camera, still encoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from av.packet import Packet
from av.stream import Stream

from stream.discontinuity import is_jump

# Times of packets and of frames differ by what rounding costs.
_SAME_TIME_S = 1e-3
# Cameras show a picture for no longer than this.
_SHOWN_S = 1.0
_SOUND_LEAD_S = 0.25


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets that begin with a video keyframe, in the order of the source; times are stream times."""

    packets: tuple[Packet[Stream], ...]
    start_s: float


@dataclass(frozen=True, slots=True)
class _Entry:
    packet: Packet[Stream]
    time_s: float
    decoded_s: float
    video: bool
    starts_gop: bool
    timeline: int  # how often the stream's times have jumped so far


@dataclass(frozen=True, slots=True)
class _Gop:
    start_s: float
    timeline: int


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
        self._gops: deque[_Gop] = deque()
        self._newest: dict[int, _Entry] = {}  # by stream
        self._timeline_s = 0.0  # where the pictures' newest timeline starts
        self.bytes = 0
        self.dropped = 0

    def push(self, packet: Packet[Stream]) -> None:
        """Take a packet; what is too old or too much leaves."""
        before = self._newest.get(packet.stream_index)
        entry = self._newest[packet.stream_index] = _entry(packet, before)
        if entry.video and (before is None or entry.timeline != before.timeline):
            self._timeline_s = entry.time_s
        if not self._gops and not entry.starts_gop:
            return  # nothing can be decoded before the first keyframe
        self._entries.append(entry)
        self.bytes += packet.size
        if entry.starts_gop:
            self._gops.append(_Gop(entry.time_s, entry.timeline))
        # By the pictures' time alone: sound may run ahead of them, or go on when they have ended.
        while entry.video and len(self._gops) > 1 and self._outlives(self._gops[1], entry):
            self._drop_gop()
        while self._gops and self.bytes > self._max_bytes:
            self.dropped += self._drop_gop()

    def _outlives(self, gop: _Gop, newest: _Entry) -> bool:
        """Whether what starts at a group covers all that is to be kept."""
        start_s = gop.start_s if gop.timeline == newest.timeline else self._timeline_s
        return start_s <= newest.time_s - self._keep_s

    def _drop_gop(self) -> int:
        """Drop the oldest group of pictures and the audio between; return how many packets left."""
        before = len(self._entries)
        self._gops.popleft()
        self._pop()
        while self._entries and not self._entries[0].starts_gop:
            self._pop()
        return before - len(self._entries)

    def _pop(self) -> None:
        self.bytes -= self._entries.popleft().packet.size

    def cut(self, start_s: float, end_s: float) -> Cut | None:
        """Return the packets of [start_s, end_s) in stream time, from the keyframe at or before start_s.

        Begins later where the buffer does; None where it holds no picture of that time, and never reaches
        over a jump of the times. Decoding order differs from showing order, so the last group keeps the
        packets that shown ones may need; sound begins a little earlier, for its decoder to warm up.
        """
        gops = [gop.start_s for gop in self._gops if gop.timeline == self._gops[0].timeline]
        first = max((nth for nth, s in enumerate(gops) if s <= start_s), default=0)
        if not gops or gops[first] >= end_s:
            return None
        taken: list[_Entry] = []
        begun = 0
        for entry in self._oldest_timeline():
            begun += entry.starts_gop
            if begun <= first or (entry.video and entry.decoded_s >= end_s):
                continue
            if entry.video or gops[first] - _SOUND_LEAD_S <= entry.time_s < end_s:
                taken.append(entry)
        if not any(entry.video and entry.time_s >= start_s - _SHOWN_S for entry in taken):
            return None  # the pictures have ceased before
        return Cut(tuple(entry.packet for entry in taken), gops[first])

    def _oldest_timeline(self) -> Iterator[_Entry]:
        """Yield entries until the pictures' times jump, of each other stream until its own do."""
        first: dict[int, int] = {}
        for entry in self._entries:
            if entry.timeline == first.setdefault(entry.packet.stream_index, entry.timeline):
                yield entry
            elif entry.video:
                return

    def start_over(self, at_s: float | None) -> None:
        """Forget all before the newest group of pictures that starts at ``at_s`` or before it.

        What follows must not be joined to what was. With None, or where no group starts so early,
        everything is forgotten.
        """
        newest = [nth for nth, gop in enumerate(self._gops) if self._starts_by(gop, at_s)]
        for _ in range(newest[-1] if newest else len(self._gops)):
            self._drop_gop()

    def _starts_by(self, gop: _Gop, at_s: float | None) -> bool:
        return (
            at_s is not None
            and gop.timeline == self._gops[-1].timeline
            and gop.start_s <= at_s + _SAME_TIME_S
        )


def _entry(packet: Packet[Stream], before: _Entry | None) -> _Entry:
    shown, decoded = packet.pts, packet.dts
    time_s = _seconds(packet, shown if shown is not None else decoded)
    decoded_s = _seconds(packet, decoded if decoded is not None else shown)
    timeline = 0
    if before is not None:
        time_s = before.time_s if time_s is None else time_s
        decoded_s = before.decoded_s if decoded_s is None else decoded_s
        timeline = before.timeline + is_jump(before.decoded_s, decoded_s)
    video = packet.stream.type == "video"
    return _Entry(packet, time_s or 0.0, decoded_s or 0.0, video, video and packet.is_keyframe, timeline)


def _seconds(packet: Packet[Stream], stamp: int | None) -> float | None:
    return None if stamp is None else float(stamp * packet.time_base)
