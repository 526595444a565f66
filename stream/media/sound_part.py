"""The sound of a part of a media file, as samples."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

from stream.media.file import MediaError
from stream.media.reader import MediaReader
from stream.media.sound import SoundDecoder

Mono = NDArray[np.float32]
"""Mono sound of shape (samples,), -1.0 to 1.0."""

# Packets of sound may stand in the file so much behind the video of their time.
_BEHIND_S = 1.0


def read_sound(path: Path, start_s: float, end_s: float, *, rate_hz: int) -> Mono:
    """Return the sound of a part of a file, mixed to mono; silence where the file has none.

    Times are seconds since the file's first frame. Blocks while it reads; raises MediaError, also where the
    file has no sound at all.
    """
    part = np.zeros(max(0, round((end_s - start_s) * rate_hz)), np.float32)
    with MediaReader(path) as reader:
        if reader.audio is None:
            raise MediaError(f"cannot read {path}: it has no sound that can be decoded")
        decoder = SoundDecoder(reader.audio.codec_context, rate_hz=rate_hz, layout="mono")
        begin_s = reader.start_s
        for packet in chain(reader.packets(max(0.0, start_s)), [None]):
            if packet is not None and _is_past(packet, reader, end_s):
                break
            if packet is None or packet.stream_index == reader.audio.index:
                for at_s, samples in decoder.decode(packet):
                    _place(part, samples[0], round((float(at_s - begin_s) - start_s) * rate_hz))
    return part


def _is_past(packet: Packet[Stream], reader: MediaReader, end_s: float) -> bool:
    """Whether neither this packet nor those behind it belong to what ends then."""
    at_s = reader.time_of(packet)
    return at_s is not None and at_s > end_s + _BEHIND_S


def _place(part: Mono, samples: Mono, at: int) -> None:
    """Copy samples to their place, as far as that lies within the part."""
    first, last = max(0, at), min(len(part), at + len(samples))
    if last > first:
        part[first:last] = samples[first - at : last - at]
