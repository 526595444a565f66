"""Tracks of an MP4 file that take the packets of another stream as they are."""

from __future__ import annotations

from collections.abc import Sequence
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

_StreamT = TypeVar("_StreamT", bound=Stream)

# What FFmpeg's MP4 muxer takes without a word.
_MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg"})
# MP3 below 16 kHz is MPEG-2.5, which MP4 has no place for.
_LEAST_MP3_HZ = 16_000
_ADTS_LAYOUTS = frozenset({"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"})


def codec_name(stream: Stream) -> str:
    """The codec, whatever decoder stands for it; ``unknown`` where none does."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def holds_video(stream: Stream) -> bool:
    """Whether MP4 can hold the stream's packets."""
    return codec_name(stream) in _MP4_VIDEO


def plays_audio(stream: AudioStream) -> bool:
    """Whether MP4 can hold the stream's packets and browsers play them there."""
    match codec_name(stream):
        case "aac":
            # ADTS with channels of its own arranging: FFmpeg cannot put those into an MP4 header.
            return stream.codec_context.extradata is not None or stream.layout.name in _ADTS_LAYOUTS
        case "mp3":
            return stream.rate >= _LEAST_MP3_HZ
        case "opus":
            return stream.codec_context.extradata is not None  # RTP brings none, MP4 needs it
    return False


def arranges_channels(packet: bytes) -> bool:
    """Whether it is ADTS with channels of its own arranging, whatever its decoder has learnt of them.

    FFmpeg cannot put those into an MP4 header.
    """
    is_adts = len(packet) > 3 and packet[0] == 0xFF and packet[1] & 0xF6 == 0xF0
    return is_adts and (packet[2] & 1) << 2 | packet[3] >> 6 == 0


def add_copy(out: OutputContainer, template: _StreamT) -> _StreamT:
    """A track for packets of the template's codec, displayed and coloured alike."""
    track = out.add_stream_from_template(template, opaque=True)
    if isinstance(template, VideoStream) and isinstance(track, VideoStream):
        # Where only the container names it, the codec's parameters do not hold it.
        track.codec_context.sample_aspect_ratio = template.sample_aspect_ratio or Fraction(0)
    if codec_name(template) == "hevc":
        track.codec_context.codec_tag = "hvc1"  # Safari does not play hev1
    return track


def copied(
    packet: Packet[Any], track: Stream, *, pts: int, dts: int, duration: int, tick_s: Fraction
) -> Packet[Stream]:
    """A packet for a track; it shares the bytes of the given one, which stays as it is."""
    copy: Packet[Stream] = Packet(packet)  # type: ignore[arg-type]  # PyAV takes any buffer
    copy.stream = track
    copy.time_base = tick_s
    copy.pts, copy.dts, copy.duration = pts, dts, duration
    # Where more than one packet is needed, players would show what is not complete after a seek.
    copy.is_keyframe = packet.is_keyframe and not access(packet).lead
    return copy


def durations(pts: Sequence[int], last: int | None) -> list[int]:
    """How long each picture is shown, in the order given; the one shown last for ``last`` ticks.

    Where ``last`` is not known it is shown as long as most are.
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
