"""Codec parameters of clips: those of their stream when it was opened, or later ones."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction

import av
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from stream.codec import h264, hevc
from stream.codec.random_access import access
from stream.media.track import add_copy, codec_name, holds_video
from stream.spool import HeldPacket, in_memory

_IN_BAND = {"h264": h264.in_band, "hevc": hevc.in_band}
_LENGTH_BYTES = {"h264": h264.length_bytes, "hevc": hevc.length_bytes}
_JPEG = "mjpeg"
_START_CODE = b"\0\0\0\1"
# Parameter sets with all their scaling lists take less. A longer unit is damaged, and a player that finds it
# in a clip's header refuses the whole clip, whatever else is there.
_MAX_UNIT_BYTES = 1024


class ClipParameters:
    """The codec parameters with which a stream's packets are written to clips.

    They are copied when the stream is opened: FFmpeg reads ahead, and may change a stream's own ones before
    its earlier packets are written. They may also change within a connection: RTSP and transport streams
    carry new parameter sets of H.264 and HEVC in a key packet, FLV in a packet's side data, and each JPEG
    has its own.
    """

    def __init__(self, video: VideoStream) -> None:
        """Copy the parameters of a stream that was just opened."""
        self._opened = _copy(video) if holds_video(video) else video
        self._codec = codec_name(video)
        self._extradata = self._opened.codec_context.extradata
        self._latest, self._latest_extradata = self._opened, self._extradata

    def of(self, pictures: Sequence[HeldPacket]) -> VideoStream:
        """Return the template for a clip of these packets, by the first of them that is a key packet."""
        first = next((packet for packet in pictures if packet.is_keyframe), None)
        if first is not None and self._codec == _JPEG:
            return self._of_jpeg(first)
        extradata = self._extradata if first is None else self._extradata_of(first)
        if extradata == self._extradata:
            return self._opened
        if first is not None and extradata != self._latest_extradata:
            decoder = _decoded(self._codec, extradata, first)
            self._latest = self._opened if decoder is None else _copy(self._opened, decoder)
            self._latest_extradata = extradata
        return self._latest

    def _of_jpeg(self, packet: HeldPacket) -> VideoStream:
        """Compare by size: a JPEG much smaller than the header says is decoded as half a frame."""
        decoder = _decoded(self._codec, None, packet)
        if decoder is None:
            return self._latest
        if _form(decoder) != _form(self._latest.codec_context):
            known = _form(decoder) == _form(self._opened.codec_context)
            self._latest = self._opened if known else _copy(self._opened, decoder)
        return self._latest

    def _extradata_of(self, packet: HeldPacket) -> bytes | None:
        """The parameters that hold from a key packet on: noted of it, inside it, or those of the opening."""
        noted = access(packet).extradata
        if noted is not None or self._codec not in _IN_BAND or _LENGTH_BYTES[self._codec](self._extradata):
            return noted or self._extradata
        in_band = _IN_BAND[self._codec]
        units = {unit for unit in in_band(bytes(packet), 0) if len(unit) <= _MAX_UNIT_BYTES}
        if not units or units <= in_band(self._extradata or b"", 0):
            return self._extradata
        return b"".join(_START_CODE + unit for unit in sorted(units, key=_kind))


def _form(context: VideoCodecContext) -> tuple[int, int, str | None]:
    return context.width, context.height, context.pix_fmt


def _kind(unit: bytes) -> tuple[int, bytes]:
    """By kind of parameter set, in the order in which they refer to each other: VPS, SPS, PPS."""
    return unit[0], unit


def _copy(video: VideoStream, changed: VideoCodecContext | None = None) -> VideoStream:
    """A stream of the same parameters, but for those in ``changed``; its container is never written to."""
    holder = av.open(io.BytesIO(), "w", format="mp4")
    copy = add_copy(holder, video)
    if changed is not None:
        context = copy.codec_context
        context.extradata, context.pix_fmt = changed.extradata, changed.pix_fmt
        context.width, context.height = changed.width, changed.height
        context.sample_aspect_ratio = changed.sample_aspect_ratio or Fraction(0)
        context.color_range, context.colorspace = changed.color_range, changed.colorspace
        context.color_primaries, context.color_trc = changed.color_primaries, changed.color_trc
    holder.start_encoding()  # PyAV takes over what is set on a context when the header is written
    return copy


def _decoded(codec: str, extradata: bytes | None, packet: HeldPacket) -> VideoCodecContext | None:
    """A decoder that has these parameters and has decoded the packet; None where it cannot."""
    decoder = CodecContext.create(codec, "r")
    if not isinstance(decoder, VideoCodecContext):
        return None
    decoder.extradata = extradata
    try:
        return decoder if [*decoder.decode(in_memory(packet)), *decoder.decode(None)] else None
    except av.FFmpegError:
        return None
