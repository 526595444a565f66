"""How long the tracks of a file play, measured by its packets.

Headers often do not state it: Matroska names when a track ends, not how long it plays, or the end of the
whole file alone; MPEG-TS names nothing, and FFmpeg takes the file's length for tracks that end early.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import av
from av.container import InputContainer
from av.stream import Discard


@dataclass(frozen=True, slots=True)
class TrackLength:
    """How long a track plays, in seconds, and how many packets it has; 0 where that is unknown."""

    length_s: float
    packets: int


Lengths = Mapping[int, TrackLength]
"""By the index of the track; a track without a packet is missing."""

_NONE: Lengths = MappingProxyType({})


def measured(container: InputContainer) -> Lengths:
    """Return the lengths of the video tracks of an open file, read to its end; none of anything else.

    It is read by itself, once: the lengths of the last files are remembered.
    """
    name = container.name
    path = Path(name.rpartition("file:")[2])
    if "file:" not in name or not path.is_file():
        return _NONE
    status = path.stat()
    return _measured(name, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _measured(name: str, _changed_ns: int, _bytes: int) -> Lengths:
    spans: dict[int, tuple[float, float]] = {}
    packets: dict[int, int] = {}
    with suppress(av.FFmpegError, OSError, IndexError), av.open(name, metadata_errors="replace") as container:
        for stream in container.streams:
            stream.discard = Discard.default if stream.type == "video" else Discard.all
        for packet in container.demux():
            at = packet.pts if packet.pts is not None else packet.dts
            if at is None or not packet.size or packet.stream.type != "video":
                continue
            tick_s, nth = float(packet.time_base), packet.stream_index
            start_s, end_s = at * tick_s, (at + (packet.duration or 0)) * tick_s
            first_s, last_s = spans.get(nth, (start_s, end_s))
            spans[nth] = min(first_s, start_s), max(last_s, end_s)
            packets[nth] = packets.get(nth, 0) + 1
    return {nth: TrackLength(end_s - first_s, packets[nth]) for nth, (first_s, end_s) in spans.items()}
