"""Pictures of several slices that arrive in parts, as where parameter sets are repeated between slices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from stream.codec.h264 import PPS, SPS, nal_units
from stream.codec.random_access import Finder
from tests.kit.films.numbered import film

_START_CODE = b"\0\0\0\1"
_SLICES = range(1, 6)


def sliced_film(path: Path, seconds: float, fps: int, gop: int) -> Path:
    """A numbered film in H.264 as a transport stream, two slices in each picture."""
    options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "slices=2:sliced-threads=0"}
    return film(path, seconds=seconds, fps=fps, gop=gop, container="mpegts", options=options)


def split(video: VideoStream, packets: Sequence[Packet[Stream]]) -> list[Packet[Stream]]:
    """The same packets, each in two where it has two slices: parameter sets precede the second one, too."""
    sets: list[bytes] = []
    parts: list[Packet[Stream]] = []
    for packet in packets:
        units = list(nal_units(bytes(packet), 0))
        sets = [unit for unit in units if unit[0] & 31 in (SPS, PPS)] or sets
        second = [nth for nth, unit in enumerate(units) if unit[0] & 31 in _SLICES][1]
        parts += [_part(packet, units[:second]), _part(packet, [*sets, *units[second:]])]
    finder = Finder(video)
    for part in parts:
        finder.mark(part)
    return parts


def _part(packet: Packet[Stream], units: Sequence[bytes]) -> Packet[Stream]:
    data = b"".join(_START_CODE + unit for unit in units)
    part: Packet[Stream] = Packet(data)
    part.stream, part.time_base = packet.stream, packet.time_base
    part.pts, part.dts, part.duration = packet.pts, packet.dts, packet.duration
    return part
