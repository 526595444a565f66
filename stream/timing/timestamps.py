"""Timestamps of packets, and whether one continues the timeline of the one before. Pure."""

from __future__ import annotations

from av.packet import Packet
from av.stream import Stream

from stream.spool import HeldPacket

# A step back of the timestamps by more than this is another timeline, not a reordered frame; a step forward
# by more than this is a clock that was set to another time, not a pause.
JUMP_BACK_S = 1.0
JUMP_AHEAD_S = 600.0


def shown_stamp(packet: HeldPacket) -> int | None:
    """The presentation timestamp; of a packet without one, the decoding timestamp."""
    return packet.pts if packet.pts is not None else packet.dts


def shown_s(packet: Packet[Stream]) -> float | None:
    """The stream time at which a packet is shown; None where it has no timestamp."""
    ticks = shown_stamp(packet)
    return None if ticks is None else float(ticks * packet.time_base)


def is_jump(before_s: float, now_s: float) -> bool:
    """Whether ``now_s``, which comes after ``before_s`` in the stream, belongs to another timeline."""
    return not before_s - JUMP_BACK_S <= now_s <= before_s + JUMP_AHEAD_S
