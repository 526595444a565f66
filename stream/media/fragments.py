"""Fragmented MP4 for live playing: a header, then fragments as small as one frame, each track by itself.

FFmpeg writes the header. Fragments are written here, as its muxer holds a packet back until packets of the
other tracks have come.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from stream.codec import h264, hevc
from stream.codec.codec_string import codec_string
from stream.codec.random_access import access
from stream.media.parameters import ClipParameters
from stream.media.track import add_copy, codec_name
from stream.timing.timestamps import shown_stamp

TICKS_PER_S = 90_000
HEADER_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe",
    "video_track_timescale": str(TICKS_PER_S),
}

_LENGTH_BYTES = {"h264": h264.length_bytes, "hevc": hevc.length_bytes}
# Flags of ISO/IEC 14496-12: what boxes contain, and whether a sample depends on others.
_BASE_IS_MOOF = 0x020000
_OFFSET, _DURATION, _SIZE, _FLAGS, _COMPOSITION = 0x1, 0x100, 0x200, 0x400, 0x800
_SYNC, _NOT_SYNC = 0x02000000, 0x01010000
_MOST_TICKS = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Header:
    """What a player needs before the fragments of a track.

    Attributes:
        mime: its MIME type with the codec, as a browser asks for it.
        data: the boxes ``ftyp`` and ``moov``.
    """

    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sample:
    """A packet of a fragment; times in ticks of its track.

    Attributes:
        decode_at: decoding time.
        show_at: presentation time.
        duration: up to the decoding time of the next.
        key: whether decoding can begin here.
        data: the packet, with lengths in place of start codes.
    """

    decode_at: int
    show_at: int
    duration: int
    key: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Fragment:
    """The boxes ``moof`` and ``mdat`` of one or more samples; ``key``: playing can begin with them."""

    data: bytes
    key: bool


def header(container_bytes: bytes, kind: str) -> Header | None:
    """Return the header of a container with one track of ``kind``, video or audio.

    None where browsers know no name for its codec.
    """
    codec = codec_string(container_bytes)
    return None if codec is None else Header(f'{kind}/mp4; codecs="{codec}"', container_bytes)


def fragment(number: int, samples: Sequence[Sample]) -> Fragment:
    """Return the fragment of consecutive samples of the only track, the ``number``-th of it."""
    entries = b"".join(
        struct.pack(
            ">IIIi",
            min(sample.duration, _MOST_TICKS),
            len(sample.data),
            _SYNC if sample.key else _NOT_SYNC,
            sample.show_at - sample.decode_at,
        )
        for sample in samples
    )
    head = _box(b"mfhd", struct.pack(">II", 0, number))
    track = _box(b"tfhd", struct.pack(">II", _BASE_IS_MOOF, 1))
    time = _box(b"tfdt", struct.pack(">IQ", 1 << 24, samples[0].decode_at))
    flags = 1 << 24 | _OFFSET | _DURATION | _SIZE | _FLAGS | _COMPOSITION
    # The samples' place is counted from the start of moof, whose size does not depend on it.
    run_bytes = 8 + 12 + len(entries)
    moof_bytes = 8 + len(head) + 8 + len(track) + len(time) + run_bytes
    run = _box(b"trun", struct.pack(">IIi", flags, len(samples), moof_bytes + 8) + entries)
    moof = _box(b"moof", head + _box(b"traf", track + time + run))
    return Fragment(moof + _box(b"mdat", b"".join(sample.data for sample in samples)), samples[0].key)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


class VideoFragments:
    """Makes a fragment of each packet of H.264 or HEVC, from a key packet on.

    A fragment is returned when the next packet comes, as only then is its duration known: a player takes time
    that no frame covers as a break, and shows nothing up to the next key packet.
    """

    def __init__(self, parameters: ClipParameters, zero_s: Fraction) -> None:
        """Take packets whose codec parameters are known to ``parameters``; stream time ``zero_s`` is 0."""
        self._parameters = parameters
        self._zero_s = zero_s
        self._template: VideoStream | None = None
        self._length_bytes = 0
        self._waiting: Sample | None = None
        self._number = 0

    def push(self, packet: Packet[Stream]) -> list[Header | Fragment]:
        """Take the next packet; return the fragment before it.

        A header comes first, and whenever the codec parameters have changed.
        """
        made: list[Header | Fragment] = []
        template = self._parameters.of([packet]) if packet.is_keyframe else self._template
        if template is not None and template is not self._template:
            self._template, self._waiting = template, None
            begun = _video_header(template)
            made += [begun] if begun else []
            self._length_bytes = _length_bytes(template)
        stamp = shown_stamp(packet)
        if self._template is None or stamp is None:
            return made
        sample = self._sample(packet, stamp)
        if self._waiting is not None and access(packet).continues:
            self._waiting = replace(self._waiting, data=self._waiting.data + sample.data)
            return made
        if self._waiting is not None:
            made.append(self._timed(self._waiting, sample.decode_at - self._waiting.decode_at))
        self._waiting = sample
        return made

    def _sample(self, packet: Packet[Stream], stamp: int) -> Sample:
        decode_at = self._ticks(packet, packet.dts if packet.dts is not None else stamp)
        if self._waiting is not None:
            decode_at = max(decode_at, self._waiting.decode_at + 1)
        data = bytes(packet) if self._length_bytes else h264.length_prefixed(bytes(packet))
        return Sample(decode_at, self._ticks(packet, stamp), 0, packet.is_keyframe, data)

    def _ticks(self, packet: Packet[Stream], stamp: int) -> int:
        return max(0, round((stamp * packet.time_base - self._zero_s) * TICKS_PER_S))

    def _timed(self, sample: Sample, duration: int) -> Fragment:
        self._number += 1
        return fragment(self._number, [replace(sample, duration=duration)])


def plays_live(video: VideoStream) -> bool:
    """Whether the stream's packets can be made fragments: it is H.264 or HEVC."""
    return codec_name(video) in _LENGTH_BYTES


def _length_bytes(template: VideoStream) -> int:
    return _LENGTH_BYTES[codec_name(template)](template.codec_context.extradata)


def _video_header(template: VideoStream) -> Header | None:
    out = io.BytesIO()
    try:
        with av.open(out, "w", format="mp4", options=HEADER_OPTIONS) as container:
            add_copy(container, template)
            container.start_encoding()
            return header(out.getvalue(), "video")
    except av.FFmpegError:  # without parameter sets; they may come with a later key packet
        return None
