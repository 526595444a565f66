"""Where a segment can be cut out of an H.264 file without re-encoding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from stream.codec.h264 import ParameterSets, in_band, is_idr
from stream.media.edit.segment import Place, Segment
from stream.media.reader import MediaReader
from stream.media.timeline import Tick, closed_prefix, evened, shown_until
from stream.media.track import durations

TICKS_PER_S = 90_000
TICK_S = Fraction(1, TICKS_PER_S)
"""One tick of the reel."""
# How far a frame may be moved against the audio to even out a camera's jitter.
_SLACK = round(0.04 * TICKS_PER_S)


class UnsuitableError(Exception):
    """The segments cannot be joined without re-encoding; the message states why."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The packets of a segment that go into a reel.

    Attributes:
        segment: the requested one.
        start_s: time of the first frame, a key frame, in the file.
        first: its timestamp in the file.
        begin: its position in the reel, in the reel's ticks.
        pts: presentation times in decoding order, in the reel's ticks from ``begin``.
        ticks: durations of the frames, in the reel's ticks.
        annex_b: the packets have start codes, not length prefixes.
    """

    segment: Segment
    start_s: float
    first: int
    begin: int
    pts: tuple[int, ...]
    ticks: tuple[int, ...]
    annex_b: bool

    @property
    def end(self) -> int:
        """Where the next segment begins, in the reel's ticks."""
        return self.begin + sum(self.ticks)

    @property
    def place(self) -> Place:
        """The part of the file that is shown, and its position in the reel, in seconds."""
        length_s = float(sum(self.ticks) * TICK_S)
        return Place(
            self.start_s, self.start_s + length_s, float(self.begin * TICK_S), float(self.end * TICK_S)
        )


def cut(
    segment: Segment,
    reader: MediaReader,
    sets: ParameterSets,
    *,
    begin: int,
    max_early_s: float,
) -> Cut:
    """Choose a segment's packets: from the key packet at or before its start to its end.

    Where frames are decoded before others that are displayed earlier, the cut ends a few frames late rather
    than with a hole. Raises UnsuitableError where no such cut is possible.

    Args:
        reader: the segment's file.
        sets: its parameter sets, and the form of its packets.
        begin: position of the cut in the reel, in the reel's ticks.
        max_early_s: how much earlier than the segment the cut may start.
    """
    step, slack = reader.frame_ticks, reader.slack_ticks
    start, end = reader.ticks(segment.start_s), reader.ticks(segment.end_s) - slack
    frames = _Frames(sets)
    kept = frames.read(reader, segment.start_s, start + slack, end)
    pts, following = frames.pts[:kept], min(frames.pts[kept:], default=None)
    early_s = float((start - pts[0]) * reader.tick_s)
    if early_s > max_early_s:
        raise UnsuitableError(f"the key frame before {segment.start_s:.2f} s is {early_s:.2f} s early")
    last = max(pts)
    until = shown_until(last, following, reader.ticks(segment.end_s), step, slack)
    scale = reader.tick_s / TICK_S
    times = evened([round((p - pts[0]) * scale) for p in (*pts, until)], _SLACK)
    if times is None or len(set(times)) < len(times) or min(times) < 0:
        raise UnsuitableError("frames come out of order, or too unevenly")
    *scaled, ends = times
    ticks = durations(scaled, ends - max(scaled))
    return Cut(
        segment=segment,
        start_s=reader.seconds(pts[0]),
        first=pts[0],
        begin=begin,
        pts=tuple(scaled),
        ticks=tuple(ticks),
        annex_b=not sets.length_bytes,
    )


class _Frames:
    """Timestamps of a segment's frames in decoding order, from the last key packet before its start on."""

    def __init__(self, sets: ParameterSets) -> None:
        self._sets = sets
        self._splices = False
        self.pts: list[int] = []

    def read(self, reader: MediaReader, from_s: float, reached: Tick, end: Tick) -> int:
        """Read until the number of packets of the cut is known, and return it.

        Args:
            reached: the cut starts at the last key packet that is not later.
            end: the first timestamp after the cut.
        """
        for packet in reader.packets(from_s):
            if packet.stream_index != reader.video.index:
                continue
            if packet.pts is None or packet.is_corrupt:
                raise UnsuitableError("packets are damaged or without timestamps")
            if packet.is_keyframe:
                self._splice(packet, reached)
            self.pts.append(packet.pts)
            if packet.dts is not None and packet.dts >= end:
                kept = closed_prefix(self.pts, end)
                # Later packets are displayed after they are decoded: the next frame is among these.
                if kept and packet.dts >= min(self.pts[kept:]):
                    break
        if not self.pts or self.pts[0] > reached or not self._splices:
            raise UnsuitableError("no key frame at or before its start that refers to nothing before it")
        return closed_prefix(self.pts, end) or len(self.pts)

    def _splice(self, packet: Packet[Stream], reached: Tick) -> None:
        """Start at this key packet if it is early enough."""
        data = bytes(packet)
        if not in_band(data, self._sets.length_bytes) <= self._sets.units:
            raise UnsuitableError("parameters change on the way")
        early = packet.pts is not None and packet.pts <= reached
        if early and not packet.is_discard and is_idr(data, self._sets.length_bytes):
            self._splices = True
            self.pts.clear()
