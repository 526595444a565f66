"""Write demuxed packets to an MP4 file without re-encoding the video."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from stream.codec.random_access import Start, access
from stream.media.file import MediaError, muxing
from stream.media.sound import AAC_RATES_HZ, AacTrack, SoundDecoder
from stream.media.timeline import repaired
from stream.media.track import (
    add_copy,
    arranges_channels,
    codec_name,
    copied,
    decoded_at,
    durations,
    holds_video,
    plays_audio,
    whole_pictures,
)
from stream.spool import HeldPacket
from stream.timing.timestamps import shown_stamp

_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class WrittenClip:
    """A clip on disk.

    Attributes:
        path: the file.
        first_s: stream time, by the packets' own timestamps, of the first shown frame, which is at 0 in the
            file.
        duration_s: from that frame's start to the last one's end.
        frames: number of shown frames.
    """

    path: Path
    first_s: float
    duration_s: float
    frames: int


def write_clip(
    path: Path,
    video_template: VideoStream,
    audio_template: AudioStream | None,
    packets: Sequence[HeldPacket],
) -> WrittenClip:
    """Write packets to an MP4 file whose first complete frame is at 0.

    The packets, in the order of the demuxer, are copied. Frames before the first key packet, and those that
    refer to one before it, are left out, as is audio before the first frame. Frames that an intra refresh has
    not completed yet are in the file for the decoder, before 0, where an edit list hides them. Audio that
    browsers do not play in MP4 is encoded as AAC.

    Args:
        path: replaced when the clip is complete; an incomplete one is removed.
        video_template: a stream with the codec parameters of the video packets, its container still open.
        audio_template: their audio stream; None leaves audio out, as does an unknown codec. Its decoder may
            be used, and is reset.
        packets: of one video stream, and of the audio stream, these in memory; other audio streams' are
            ignored.

    Raises MediaError where no key packet, or no complete frame, is among the packets, MP4 cannot hold the
    video, or writing fails; DiskFullError where the disk is full.
    """
    if not holds_video(video_template):
        raise MediaError(f"cannot write {path}: MP4 cannot hold {codec_name(video_template)} video")
    video = _decodable(whole_pictures(p for p in packets if p.size and p.stream.type == "video"))
    if not video:
        raise MediaError(f"cannot write {path}: no key packet")
    stamps = repaired([(p.pts, p.dts) for p in video])
    times = [pts for pts, _ in stamps]
    ticks = durations(times, video[-1].duration)
    zero = times[0] if not access(video[0]).lead else _first_complete(video)
    if zero is None:
        raise MediaError(f"cannot write {path}: no complete frame")
    shown = [lasts for pts, lasts in zip(times, ticks, strict=True) if pts >= zero]
    first_s, length_s = zero * video[0].time_base, sum(shown) * video[0].time_base
    with muxing(path) as out:
        track = add_copy(out, video_template)
        frames = _copied(video, track, zero, stamps, ticks)
        if audio_template is None or audio_template.codec_context is None:
            for frame in frames:
                out.mux(frame)
        else:
            index = audio_template.index
            audio = [p for p in packets if isinstance(p, Packet) and p.size and p.stream_index == index]
            kind = _CopiedAudio if _can_copy(audio_template, audio) else _EncodedAudio
            _mux_both(out, frames, kind(out, audio_template, first_s, length_s), audio, first_s)
    return WrittenClip(path, float(first_s), float(length_s), len(shown))


def _copied(
    video: Sequence[HeldPacket],
    track: Stream,
    zero: int,
    stamps: Sequence[tuple[int, int]],
    ticks: Sequence[int],
) -> Iterator[Packet[Stream]]:
    """Yield the packets for a track one at a time: the bytes of those on the disk may be too many at once."""
    is_first = True
    for packet, (pts, dts), lasts in zip(video, stamps, ticks, strict=True):
        frame = copied(packet, track, pts=pts - zero, dts=dts - zero, duration=lasts, tick_s=packet.time_base)
        if is_first:
            frame.is_keyframe = True  # where reading begins, even if its frame is not complete
        is_first = False
        yield frame


def _decodable(packets: list[HeldPacket]) -> list[HeldPacket]:
    """The packets from the first key packet on, without frames displayed before it."""
    first = next((i for i, p in enumerate(packets) if p.is_keyframe), len(packets))
    kept = packets[first:]
    start = kept[0].pts if kept else None
    return [p for p in kept if start is None or p.pts is None or p.pts >= start]


def _first_complete(video: Sequence[HeldPacket]) -> int | None:
    """When the first complete frame is displayed, in ticks, if decoding begins with the first packet."""
    start = Start(video[0])
    for packet in video[1:]:
        start.push(packet)
    return start.complete


class _AudioWriter(Protocol):
    def write(self, packet: Packet[Stream]) -> None: ...
    def finish(self) -> None: ...


def _mux_both(
    out: OutputContainer,
    frames: Iterable[Packet[Stream]],
    sound: _AudioWriter,
    audio: list[Packet[Stream]],
    first_s: Fraction,
) -> None:
    waiting = deque(audio)
    for frame in frames:
        while waiting and _audible_s(waiting[0]) - first_s <= decoded_at(frame):
            sound.write(waiting.popleft())
        out.mux(frame)
    for packet in waiting:
        sound.write(packet)
    sound.finish()


def _audible_s(packet: Packet[Stream]) -> Fraction:
    return (shown_stamp(packet) or 0) * packet.time_base


def _can_copy(template: AudioStream, audio: list[Packet[Stream]]) -> bool:
    return plays_audio(template) and not any(arranges_channels(bytes(packet)) for packet in audio[:1])


class _CopiedAudio:
    """Copied audio packets, from the first frame's time to the last one's end."""

    def __init__(
        self, out: OutputContainer, template: AudioStream, first_s: Fraction, length_s: Fraction
    ) -> None:
        self._out = out
        self._track = add_copy(out, template)
        self._first_s, self._length_s = first_s, length_s
        self._ends_s = Fraction(-1)

    def write(self, packet: Packet[Stream]) -> None:
        """Write a packet, unless it overlaps the one before, as where streams were joined."""
        at_s = _audible_s(packet) - self._first_s
        lasts_s = (packet.duration or 0) * packet.time_base
        if not 0 <= at_s < self._length_s or at_s <= self._ends_s - lasts_s / 2:
            return
        self._ends_s = at_s + lasts_s
        pts = round(at_s / packet.time_base)
        stamps = {"pts": pts, "dts": pts, "duration": packet.duration or 0}
        self._out.mux(copied(packet, self._track, **stamps, tick_s=packet.time_base))

    def finish(self) -> None:
        """Do nothing: no packet is buffered."""


class _EncodedAudio:
    """Audio encoded as AAC, from the first frame's time to the last one's end."""

    def __init__(
        self, out: OutputContainer, template: AudioStream, first_s: Fraction, length_s: Fraction
    ) -> None:
        rate_hz = template.rate if template.rate in AAC_RATES_HZ else _RATE_HZ
        layout = "mono" if template.channels == 1 else "stereo"
        self._decoder = SoundDecoder(template.codec_context, rate_hz=rate_hz, layout=layout)
        self._track = AacTrack(out, rate_hz=rate_hz, layout=layout)
        self._first_s, self._end = first_s, round(length_s * rate_hz)

    def write(self, packet: Packet[Stream]) -> None:
        self._place(packet)

    def finish(self) -> None:
        self._place(None)
        self._track.finish()

    def _place(self, packet: Packet[Stream] | None) -> None:
        for at_s, samples in self._decoder.decode(packet):
            at = round((at_s - self._first_s) * self._track.rate_hz)
            self._track.write(samples[:, : max(0, self._end - at)], at)
