"""A media file open for reading: its first picture, its packets and its frames from a time on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from statistics import fmean, median_low
from types import TracebackType
from typing import Any, Self

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stream.media.file import MediaError, demuxed, opened, translated
from stream.media.timeline import in_order

# Audio may stand in the file before the picture that it belongs to.
_AUDIO_AHEAD_S = 0.5
# How far to step back, in turn, where a seek lands behind its target: bad or missing index.
_STEPS_BACK_S = (0.0, 2.0, 10.0, 60.0)
# Packets to look at for a keyframe before a seek counts as failed: a minute at 60 fps, with audio.
_PACKETS_TO_KEYFRAME = 10_000
# Packed B-frames in AVI exchange neighbours; no known file needs more.
_REORDER_FRAMES = 3
# Pictures to look at for their usual step.
_TIMES = 250
# From this many usual steps on the film pauses.
_PAUSE = 3
# Where a file says nothing at all of its rate.
_UNKNOWN_S = 0.04


class Footage:
    """A media file with a video stream; times are seconds since its first picture is shown.

    Attributes:
        container: the open file.
        video: the first video stream that is not a cover picture.
        audio: the first audio stream that can be decoded, or None.
        first: the first picture, decoded.
        frame_s: how long most pictures are shown.

    Raises MediaError from the constructor where there is no picture to be decoded, and from every method
    where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()
        try:
            self.first = self._first_frame()
        except BaseException:
            self.close()
            raise
        self._origin: int = self.first.pts or 0
        self.frame_s = _frame_s(self.container, self.video)

    def _open(self) -> None:
        with self._translated():
            self.container = opened(self.path)
        self.video = _video(self.container, self.path)
        self.audio = _audio(self.container)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.container.close()

    @property
    def tick_s(self) -> Fraction:
        """One tick of the video stream."""
        return self.video.time_base or Fraction(1, av.time_base)

    @property
    def frame_ticks(self) -> int:
        """Typical duration of a frame, as a difference of timestamps."""
        return max(1, round(Fraction(self.frame_s) / self.tick_s))

    @property
    def rotation_deg(self) -> int:
        """How far to turn the picture counterclockwise before it is shown: 0, 90, 180 or 270."""
        return round(self.first.rotation / 90) * 90 % 360

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a pixel over its height, as stored."""
        return self.video.sample_aspect_ratio or Fraction(1)

    def ticks(self, time_s: float) -> int:
        """A time as a timestamp of the video stream."""
        return self._origin + round(Fraction(time_s) / self.tick_s)

    def seconds(self, pts: int) -> float:
        """A timestamp of the video stream as a time."""
        return float((pts - self._origin) * self.tick_s)

    def time_of(self, packet: Packet[Stream]) -> Fraction | None:
        """When a packet of any stream is shown, in seconds; None where it does not say."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        return None if stamp is None else stamp * packet.time_base - self._origin * self.tick_s

    def packets(self, from_s: float) -> Iterator[Packet[Stream]]:
        """All packets of picture and sound from a keyframe at or before ``from_s`` on.

        The first video packet is a keyframe, unless the file has none. Where the file's index is missing
        or wrong, reading starts at an earlier keyframe, if need be at the first.
        """
        with self._translated():
            yield from self._from_keyframe(from_s)

    def frames(self, packets: Iterable[Packet[Stream]]) -> Iterator[tuple[int, VideoFrame]]:
        """The frames of video packets with their timestamps, which rise strictly.

        What cannot be decoded is left out.
        """
        return in_order(self._stamped(self._decoded(packets)), _REORDER_FRAMES)

    def _stamped(self, frames: Iterable[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        """Frames with a timestamp: the presentation time, or what follows from the frame before.

        A raw stream has no times at all; it is always read from its start, so that counting is right.
        """
        stamp = self._origin - self.frame_ticks
        for frame in frames:
            stamp = stamp + self.frame_ticks if frame.pts is None else frame.pts
            yield stamp, frame

    def _decoded(self, packets: Iterable[Packet[Stream]]) -> Iterator[VideoFrame]:
        for packet in chain(packets, [None]):
            with self._translated():
                yield from decode(self.video, packet)

    def _from_keyframe(self, from_s: float) -> Iterator[Packet[Stream]]:
        target = max(self.ticks(from_s), self._origin)
        for back_s in _STEPS_BACK_S:
            wanted = self.ticks(from_s - back_s - (_AUDIO_AHEAD_S if self.audio else 0.0))
            with suppress(av.FFmpegError):
                self.container.seek(max(wanted, self._origin), stream=self.video)
                packets = self._demux()
                head = self._head(packets, target)
                if head and (_stamp(head[-1]) or self._origin) <= target:
                    yield from chain(head, packets)
                    return
            if wanted <= self._origin:
                break
        self._rewind()
        packets = self._demux()
        yield from chain(self._head(packets, None), packets)

    def _head(self, packets: Iterator[Packet[Stream]], target: int | None) -> list[Packet[Stream]]:
        """Packets up to the first video keyframe, without the pictures before it.

        Empty if none comes, none up to ``target``, or nobody knows what time it is.
        """
        head = []
        for _, packet in zip(range(_PACKETS_TO_KEYFRAME), packets, strict=False):
            if packet.stream_index != self.video.index:
                head.append(packet)
            elif packet.is_keyframe:
                known = target is None or _stamp(packet) is not None
                return [*head, packet] if known else []
            elif target is not None and (_stamp(packet) or target) > target:
                break
        return []

    def _demux(self) -> Iterator[Packet[Stream]]:
        wanted: list[Stream] = [self.video, self.audio] if self.audio else [self.video]
        return (packet for packet in demuxed(self.container, wanted) if packet.size)

    def _rewind(self) -> None:
        # Seeking to the start fails in the very files that need it, so they are opened again.
        self.container.close()
        self._open()

    def _first_frame(self) -> VideoFrame:
        with self._translated():
            for packet in demuxed(self.container, [self.video]):
                for frame in decode(self.video, packet):
                    return frame
        raise MediaError(f"cannot read {self.path}: no picture in it can be decoded")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with translated(f"cannot read {self.path}"):
            yield


class Shelf:
    """Keeps the file that was read last open: opening a long one costs more than reading a part of it."""

    def __init__(self) -> None:
        self._last: Footage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def footage(self, path: Path) -> Footage:
        """The file, open until another one is asked for."""
        if self._last is None or self._last.path != path:
            self._close()
            self._last = Footage(path)
        return self._last

    def _close(self) -> None:
        if self._last:
            self._last.close()
            self._last = None


def _video(container: InputContainer, path: Path) -> VideoStream:
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return stream
    container.close()
    raise MediaError(f"cannot read {path}: no video that can be decoded")


def _frame_s(container: InputContainer, video: VideoStream) -> float:
    """How long most pictures are shown.

    An average says little where the film pauses; MP4 has a list of all pictures' times.
    """
    if "mp4" in container.format.name:
        times = [entry.timestamp for entry, _ in zip(video.index_entries, range(_TIMES), strict=False)]
        deltas = [b - a for a, b in pairwise(times) if b > a]
        if deltas:
            usual = [delta for delta in deltas if delta < median_low(deltas) * _PAUSE]
            return fmean(usual) * float(video.time_base or 0)
    rate = video.guessed_rate or video.average_rate
    return float(1 / rate) if rate else _UNKNOWN_S


def _audio(container: InputContainer) -> AudioStream | None:
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


def _stamp(packet: Packet[Stream]) -> int | None:
    return packet.pts if packet.pts is not None else packet.dts


def decode(stream: VideoStream, packet: Packet[Any] | None) -> list[VideoFrame]:
    """The frames that a packet yields; none where it is damaged. None as a packet asks for the last ones."""
    try:
        return stream.codec_context.decode(packet)
    except av.error.FFmpegError:
        return []
