"""Tracks of an MP4 file to which packets of another stream are copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import Any, TypeVar

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from stream.codec.random_access import access
from stream.spool import HeldPacket, SpooledPacket, in_memory

_StreamT = TypeVar("_StreamT", bound=Stream)

# Video codecs that FFmpeg's MP4 muxer accepts without options.
_MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg"})
# MP3 below 16 kHz is MPEG-2.5, which MP4 cannot hold.
_LEAST_MP3_HZ = 16_000
_ADTS_LAYOUTS = frozenset({"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"})


def codec_name(stream: Stream) -> str:
    """The codec's name, whichever decoder is used; ``unknown`` without a decoder."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def holds_video(stream: Stream) -> bool:
    """Whether MP4 can hold the stream's packets."""
    return codec_name(stream) in _MP4_VIDEO


def plays_audio(stream: AudioStream) -> bool:
    """Whether MP4 can hold the stream's packets and browsers play them there."""
    match codec_name(stream):
        case "aac":
            # FFmpeg cannot write the MP4 header of ADTS with a channel configuration of its own.
            return stream.codec_context.extradata is not None or stream.layout.name in _ADTS_LAYOUTS
        case "mp3":
            return stream.rate >= _LEAST_MP3_HZ
        case "opus":
            return stream.codec_context.extradata is not None  # MP4 needs it, and RTP has none
    return False


def arranges_channels(packet: bytes) -> bool:
    """Whether a packet is ADTS with channels of its own configuration: FFmpeg has no MP4 header for it."""
    is_adts = len(packet) > 3 and packet[0] == 0xFF and packet[1] & 0xF6 == 0xF0
    return is_adts and (packet[2] & 1) << 2 | packet[3] >> 6 == 0


def add_copy(out: OutputContainer, template: _StreamT) -> _StreamT:
    """Add a track for packets of the template's codec, with the same display and colours."""
    track = out.add_stream_from_template(template, opaque=True)
    if isinstance(template, VideoStream) and isinstance(track, VideoStream):
        # The codec parameters lack it where only the container states it.
        track.codec_context.sample_aspect_ratio = template.sample_aspect_ratio or Fraction(0)
    if codec_name(template) == "hevc":
        track.codec_context.codec_tag = "hvc1"  # Safari does not play hev1
    return track


def copied(
    packet: Packet[Any] | SpooledPacket, track: Stream, *, pts: int, dts: int, duration: int, tick_s: Fraction
) -> Packet[Stream]:
    """Return a packet for a track; it shares the bytes of one in memory, which is not changed."""
    copy: Packet[Stream] = in_memory(packet)
    copy.stream = track
    copy.time_base = tick_s
    copy.pts, copy.dts, copy.duration = pts, dts, duration
    # No key packet if more packets are needed: players would show incomplete frames after a seek.
    copy.is_keyframe = packet.is_keyframe and not access(packet).lead
    return copy


def whole_pictures(packets: Iterable[HeldPacket]) -> list[HeldPacket]:
    """Return a video stream's packets with one for each picture: a player takes a part of one as damaged.

    A part without the packet before it is left out.
    """
    whole: list[HeldPacket] = []
    for packet in packets:
        if not access(packet).continues:
            whole.append(packet)
        elif whole:
            whole[-1] = _extended(whole[-1], bytes(packet))
    return whole


def _extended(packet: HeldPacket, rest: bytes) -> Packet[Stream]:
    """A packet with the bytes of both."""
    extended: Packet[Stream] = Packet(bytes(packet) + rest)
    extended.stream, extended.time_base = packet.stream, packet.time_base
    extended.pts, extended.dts, extended.duration = packet.pts, packet.dts, packet.duration
    extended.is_keyframe, extended.opaque = packet.is_keyframe, packet.opaque
    return extended


def durations(pts: Sequence[int], last: int | None) -> list[int]:
    """Durations of frames in ticks, in the order given; ``last`` is that of the frame displayed last.

    Where ``last`` is not known, it is the most common one.
    """
    order = sorted(range(len(pts)), key=pts.__getitem__)
    ticks = [0] * len(pts)
    for i, following in pairwise(order):
        ticks[i] = pts[following] - pts[i]
    ticks[order[-1]] = last or (median_low(ticks[i] for i in order[:-1]) if len(order) > 1 else 1)
    return ticks


def decoded_at(packet: Packet[Stream]) -> Fraction:
    """Decoding time in seconds, by which packets are interleaved."""
    return (packet.dts or 0) * packet.time_base
