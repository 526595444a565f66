"""The rolling buffer: the last seconds of a camera, encoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from stream.codec.random_access import Start
from stream.spool import HeldPacket
from stream.timing.timestamps import is_jump

MAX_BYTES = 64_000_000
# Rounding error between times of packets and of frames.
_SAME_TIME_S = 1e-3
# Less than half of any interval between frames.
_ROUNDING_S = 2e-3
# A frame is displayed for at most this long.
_SHOWN_S = 1.0
_SOUND_LEAD_S = 0.25
# A pause of the video counts for at most this: packets before it are needed until the frame after it is
# decoded.
_MAX_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Packets in the order of the source, from a packet on at which decoding can begin.

    Attributes:
        packets: of all streams.
        start_s: stream time of the first complete frame.
    """

    packets: tuple[HeldPacket, ...]
    start_s: float


@dataclass(frozen=True, slots=True)
class _Entry:
    packet: HeldPacket
    time_s: float
    decoded_s: float
    video: bool
    starts_gop: bool
    timeline: int  # how often the stream's times have jumped so far
    kept_s: float  # stream time without its pauses, by which packets are kept


class _Gop:
    """A group of frames: from a random access point to the next."""

    def __init__(self, entry: _Entry) -> None:
        self.start_s = entry.time_s
        self.timeline = entry.timeline
        self._tick_s = float(entry.packet.time_base)
        self._start = Start(entry.packet)
        # Of its first complete frame: stream time, and the time by which packets are kept.
        self.complete_s = None if self._start.waits else entry.time_s
        self.kept_s = entry.kept_s

    def waits_in(self, timeline: int) -> bool:
        """Whether more packets of this timeline are needed to complete a frame."""
        return self.complete_s is None and timeline == self.timeline

    def push(self, entry: _Entry) -> None:
        """Take a packet of this or a later group, while no frame is complete."""
        self._start.push(entry.packet)
        if not self._start.waits:
            self.complete_s = (self._start.complete or 0) * self._tick_s
            self.kept_s = entry.kept_s


class PacketBuffer:
    """Holds the newest ``keep_s`` seconds of packets, always from a key packet on, under ``max_bytes``.

    A pause between two frames counts as at most a second. Where frames are complete only some time after a
    key packet, as with an intra refresh, packets are kept from that much earlier.

    When full it drops whole groups of pictures, oldest first; a single group that exceeds the cap by itself
    is dropped, too, and the buffer stays empty up to the next key packet.

    Attributes:
        bytes: size of the packets held now.
        dropped: packets that the byte cap has dropped so far.
    """

    def __init__(self, keep_s: float = 10.0, max_bytes: int = MAX_BYTES) -> None:
        self._keep_s = keep_s
        self._max_bytes = max_bytes
        self._entries: deque[_Entry] = deque()
        self._gops: deque[_Gop] = deque()
        self._incomplete: list[_Gop] = []
        self._newest: dict[int, _Entry] = {}  # by stream
        self._timeline_s = (
            0.0  # where the newest timeline of the video starts, by the time by which packets are kept
        )
        self.bytes = 0
        self.dropped = 0

    def push(self, packet: HeldPacket) -> None:
        """Take a packet; drop packets that are too old, or too much."""
        before = self._newest.get(packet.stream_index)
        entry = self._newest[packet.stream_index] = _entry(packet, before)
        if entry.video and (before is None or entry.timeline != before.timeline):
            self._timeline_s = entry.kept_s
        if not self._gops and not entry.starts_gop:
            return  # nothing can be decoded before the first key packet
        self._entries.append(entry)
        self.bytes += packet.size
        if entry.video:
            self._see(entry)
        # By the video's time alone: audio may run ahead of it, or go on when it has ended.
        while entry.video and len(self._gops) > 1 and self._outlives(self._gops[1], entry):
            self._drop_gop()
        while self._gops and self.bytes > self._max_bytes:
            self.dropped += self._drop_gop()

    def _see(self, entry: _Entry) -> None:
        """Add a video packet to the groups without a complete frame, and begin a group with a key packet."""
        self._incomplete = [gop for gop in self._incomplete if gop.waits_in(entry.timeline)]
        for gop in self._incomplete:
            gop.push(entry)
        if entry.starts_gop:
            self._gops.append(_Gop(entry))
            self._incomplete.append(self._gops[-1])

    def _outlives(self, gop: _Gop, newest: _Entry) -> bool:
        """Whether the packets from this group on cover the time to be kept."""
        if gop.timeline != newest.timeline:
            return self._timeline_s <= newest.kept_s - self._keep_s
        return gop.complete_s is not None and gop.kept_s <= newest.kept_s - self._keep_s

    def _drop_gop(self) -> int:
        """Drop the oldest group of pictures and the audio between; return the number of packets."""
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

        It begins later where the buffer does, and never reaches over a jump of the timestamps; None where the
        buffer holds no frame of that time. Packets are cut by decoding time at the end, as displayed frames
        may refer to later ones; audio begins a little earlier, to prime its decoder.
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
            # An end is a frame's time by its predecessor's interval, which may be off by a little.
            if begun <= first or (entry.video and entry.decoded_s >= end_s - _ROUNDING_S):
                continue
            if entry.video or from_s - _SOUND_LEAD_S <= entry.time_s < end_s:
                taken.append(entry)
        if not any(entry.video and entry.time_s >= start_s - _SHOWN_S for entry in taken):
            return None  # the video stopped before that time
        return Cut(tuple(entry.packet for entry in taken), from_s)

    def _oldest_timeline(self) -> Iterator[_Entry]:
        """Yield entries until the video's timestamps jump, of each other stream until its own do."""
        first: dict[int, int] = {}
        for entry in self._entries:
            if entry.timeline == first.setdefault(entry.packet.stream_index, entry.timeline):
                yield entry
            elif entry.video:
                return

    def start_over(self, at_s: float | None) -> None:
        """Drop all before the newest group of pictures that starts at ``at_s`` or before it.

        No cut reaches over that time. With None, or where no group starts so early, everything is dropped.
        """
        # Groups of an earlier timeline may start before that time only by their numbers.
        now = max((entry.timeline for entry in self._newest.values() if entry.video), default=0)
        newest = [
            nth
            for nth, gop in enumerate(self._gops)
            if at_s is not None and gop.timeline == now and gop.start_s <= at_s + _SAME_TIME_S
        ]
        for _ in range(newest[-1] if newest else len(self._gops)):
            self._drop_gop()


def _entry(packet: HeldPacket, before: _Entry | None) -> _Entry:
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


def _seconds(packet: HeldPacket, stamp: int | None) -> float | None:
    return None if stamp is None else float(stamp * packet.time_base)
