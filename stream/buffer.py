"""The rolling buffer: the last seconds of a camera, still encoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from av.packet import Packet
from av.stream import Stream

from stream.codec.random_access import Start
from stream.timing.timestamps import is_jump

# Times of packets and of frames differ by what rounding costs.
_SAME_TIME_S = 1e-3
# Cameras show a picture for no longer than this.
_SHOWN_S = 1.0
_SOUND_LEAD_S = 0.25
# Of a pause in the pictures so much counts: what was before it is needed until the frame after it is decoded.
_MAX_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets that begin where decoding can begin, in the order of the source.

    Attributes:
        packets: of all streams.
        start_s: stream time of the first complete frame.
    """

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
    kept_s: float  # a clock for what is to be kept: time without its pauses


class _Gop:
    """A group of frames: from a random access point to the next."""

    def __init__(self, entry: _Entry) -> None:
        self.start_s = entry.time_s
        self.timeline = entry.timeline
        self._tick_s = float(entry.packet.time_base)
        self._start = Start(entry.packet)
        # Of its first complete frame: stream time, and the clock for what is to be kept.
        self.complete_s = None if self._start.waits else entry.time_s
        self.kept_s = entry.kept_s

    def waits_in(self, timeline: int) -> bool:
        """Whether more packets of this timeline are needed to complete a frame."""
        return self.complete_s is None and timeline == self.timeline

    def see(self, entry: _Entry) -> None:
        """Take a packet of this or a later group, as long as it waits."""
        self._start.see(entry.packet)
        if not self._start.waits:
            self.complete_s = (self._start.complete or 0) * self._tick_s
            self.kept_s = entry.kept_s


class PacketBuffer:
    """Holds the newest ``keep_s`` seconds of packets, always from a keyframe, under ``max_bytes``.

    Of a pause between two pictures only a second counts.

    Where frames are complete only some time after a keyframe, as with an intra refresh, it keeps from so
    much earlier.

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
        self._incomplete: list[_Gop] = []
        self._newest: dict[int, _Entry] = {}  # by stream
        self._timeline_s = 0.0  # where the pictures' newest timeline starts, by the clock for what is kept
        self.bytes = 0
        self.dropped = 0

    def push(self, packet: Packet[Stream]) -> None:
        """Take a packet; what is too old or too much leaves."""
        before = self._newest.get(packet.stream_index)
        entry = self._newest[packet.stream_index] = _entry(packet, before)
        if entry.video and (before is None or entry.timeline != before.timeline):
            self._timeline_s = entry.kept_s
        if not self._gops and not entry.starts_gop:
            return  # nothing can be decoded before the first keyframe
        self._entries.append(entry)
        self.bytes += packet.size
        if entry.video:
            self._see(entry)
        # By the pictures' time alone: sound may run ahead of them, or go on when they have ended.
        while entry.video and len(self._gops) > 1 and self._outlives(self._gops[1], entry):
            self._drop_gop()
        while self._gops and self.bytes > self._max_bytes:
            self.dropped += self._drop_gop()

    def _see(self, entry: _Entry) -> None:
        """Take a video packet into the groups that are not complete yet, and begin one with it."""
        self._incomplete = [gop for gop in self._incomplete if gop.waits_in(entry.timeline)]
        for gop in self._incomplete:
            gop.see(entry)
        if entry.starts_gop:
            self._gops.append(_Gop(entry))
            self._incomplete.append(self._gops[-1])

    def _outlives(self, gop: _Gop, newest: _Entry) -> bool:
        """Whether what starts at a group covers all that is to be kept."""
        if gop.timeline != newest.timeline:
            return self._timeline_s <= newest.kept_s - self._keep_s
        return gop.complete_s is not None and gop.kept_s <= newest.kept_s - self._keep_s

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
        """Return the packets of [start_s, end_s) in stream time, such that the frame at start_s is complete.

        Begins later where the buffer does; None where it holds no picture of that time, and never reaches
        over a jump of the times. Decoding order differs from showing order, so the last group keeps the
        packets that shown ones may need; sound begins a little earlier, for its decoder to warm up.
        """
        gops = [gop.complete_s for gop in self._gops if gop.timeline == self._gops[0].timeline]
        first = max((nth for nth, s in enumerate(gops) if s is not None and s <= start_s), default=0)
        from_s = gops[first] if gops else None
        if from_s is None or from_s >= end_s:
            return None
        taken: list[_Entry] = []
        begun = 0
        for entry in self._oldest_timeline():
            begun += entry.starts_gop
            if begun <= first or (entry.video and entry.decoded_s >= end_s):
                continue
            if entry.video or from_s - _SOUND_LEAD_S <= entry.time_s < end_s:
                taken.append(entry)
        if not any(entry.video and entry.time_s >= start_s - _SHOWN_S for entry in taken):
            return None  # the pictures have ceased before
        return Cut(tuple(entry.packet for entry in taken), from_s)

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
    timeline, kept_s = 0, 0.0
    if before is not None:
        time_s = before.time_s if time_s is None else time_s
        decoded_s = before.decoded_s if decoded_s is None else decoded_s
        timeline = before.timeline + is_jump(before.decoded_s, decoded_s)
        kept_s = before.kept_s + min(max(0.0, decoded_s - before.decoded_s), _MAX_STEP_S)
    video = packet.stream.type == "video"
    return _Entry(
        packet, time_s or 0.0, decoded_s or 0.0, video, video and packet.is_keyframe, timeline, kept_s
    )


def _seconds(packet: Packet[Stream], stamp: int | None) -> float | None:
    return None if stamp is None else float(stamp * packet.time_base)
