"""A media file open for reading: its first frame, and packets and frames from any time on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from statistics import fmean, median_low
from types import TracebackType
from typing import Any, Self

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stream.codec.random_access import Finder, Start, marked
from stream.media.file import MediaError, as_media_errors, demux_with_flush, open_media
from stream.media.timeline import Tick, in_order
from stream.picture.display import display_of
from stream.timing.timestamps import shown_stamp
from stream.tracks.choice import choose_audio, choose_video

# Audio may precede the frame of the same time in the file.
_AUDIO_AHEAD_S = 0.5
# Steps back, tried in turn, where a seek ends behind its target: the index is wrong or missing.
_STEPS_BACK_S = (0.0, 2.0, 5.0, 10.0, 20.0, 60.0)
# Packets in which a key packet is sought before a seek counts as failed: a minute at 60 fps, with audio.
_PACKETS_TO_KEYFRAME = 10_000
# A key packet this long before the requested time may be the only one in the index.
_FAR_S = 30.0
# Damaged frames that are skipped at the start; after this many in a row a damaged one is the first.
_MAX_DAMAGED = 25
# Packed B-frames in AVI exchange neighbours; no known file needs more.
_REORDER_FRAMES = 3
# Frames from which the usual step is found.
_TIMES = 250
# A longer step than this many usual ones is a pause.
_PAUSE = 3
# Frames of at most this duration are displayed entirely or not at all.
_SLACK_S = Fraction(1, 5)
# Requested times are rounded to this.
_CLOCK_HZ = 90_000
# Duration of a frame where a file states no rate.
_UNKNOWN_S = 0.04


class MediaReader:
    """A media file with a video stream; times are seconds since its first frame.

    Attributes:
        container: the open file.
        video: the video stream that analysis uses, too.
        audio: the audio stream that goes with it, or None.
        first: the first frame.
        frame_s: usual duration of a frame.
        display: how its frames are displayed.

    The constructor raises MediaError where no frame can be decoded, every method where the file cannot be
    read.
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
        self.display = display_of(self.first, self.video.sample_aspect_ratio)

    def _open(self) -> None:
        with self._translated():
            self.container = open_media(self.path)
        self.video = _video(self.container, self.path)
        self.audio = choose_audio(self.container, self.video)
        self._finder = Finder(self.video)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; its packets and frames must not be used after it."""
        self.container.close()

    @property
    def tick_s(self) -> Fraction:
        """One tick of the video stream."""
        return self.video.time_base or Fraction(1, av.time_base)

    @property
    def start_s(self) -> Fraction:
        """Stream time of the first frame, which is time 0 here."""
        return self._origin * self.tick_s

    @property
    def frame_ticks(self) -> int:
        """Typical duration of a frame, as a difference of timestamps."""
        return max(1, round(Fraction(self.frame_s) / self.tick_s))

    @property
    def slack_ticks(self) -> Fraction:
        """How far from a segment's border a frame may begin and count as beginning there."""
        return min(Fraction(self.frame_ticks), _SLACK_S / self.tick_s) / 2

    def ticks(self, time_s: float) -> Fraction:
        """A time in ticks of the video stream, of which one may last as long as a frame."""
        return self._origin + Fraction(round(time_s * _CLOCK_HZ), _CLOCK_HZ) / self.tick_s

    def seconds(self, pts: Tick) -> float:
        """A timestamp of the video stream in seconds."""
        return float((pts - self._origin) * self.tick_s)

    def time_of(self, packet: Packet[Stream]) -> Fraction | None:
        """When a packet of any stream is displayed, in seconds; None where it has no timestamp."""
        stamp = shown_stamp(packet)
        return None if stamp is None else stamp * packet.time_base - self._origin * self.tick_s

    def packets(self, from_s: float) -> Iterator[Packet[Stream]]:
        """Yield packets of video and audio such that the frame displayed at ``from_s`` is complete.

        The first video packet is one at which decoding can begin, unless the file has none. Where the index
        is missing or wrong, reading starts at an earlier one, if necessary at the first packet.
        """
        with self._translated():
            yield from self._from_access(from_s)

    def frames(self, packets: Iterable[Packet[Stream]]) -> Iterator[tuple[int, VideoFrame]]:
        """Yield the frames of video packets with their timestamps, which rise strictly.

        Packets that cannot be decoded are skipped.
        """
        return in_order(self._stamped(self._decoded(packets)), _REORDER_FRAMES)

    def _stamped(self, frames: Iterable[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        """Yield frames with a timestamp: the presentation time, or the one that follows from the frame
        before.

        A raw stream has no timestamps; it is always read from its start, so that counting is right.
        """
        stamp = self._origin - self.frame_ticks
        for frame in frames:
            stamp = stamp + self.frame_ticks if frame.pts is None else frame.pts
            yield stamp, frame

    def _decoded(self, packets: Iterable[Packet[Stream]]) -> Iterator[VideoFrame]:
        for packet in chain(packets, [None]):
            with self._translated():
                yield from decode(self.video, packet)

    def _from_access(self, from_s: float) -> Iterator[Packet[Stream]]:
        far_s: float | None = None
        for back_s, any_frame in self._attempts(from_s):
            if far_s is not None and not any_frame:
                continue
            head, packets = self._sought(from_s, back_s, any_frame=any_frame)
            if head and self._is_near(head, from_s):
                yield from chain(head, packets)
                return
            if head:
                far_s = back_s
        if far_s is None:
            self._rewind()
            yield from self._demux()
        else:
            yield from chain(*self._sought(from_s, far_s, any_frame=False))

    def _attempts(self, from_s: float) -> Iterator[tuple[float, bool]]:
        """Yield how far to step back before a seek, and whether to ignore the key flags of the index."""
        least_s = next((s for s in _STEPS_BACK_S if s >= from_s), _STEPS_BACK_S[-1])
        steps_s = [back_s for back_s in _STEPS_BACK_S if back_s <= least_s]
        yield from ((back_s, False) for back_s in steps_s)
        if self._finder.reads:
            yield from ((back_s, True) for back_s in steps_s)

    def _sought(
        self, from_s: float, back_s: float, *, any_frame: bool
    ) -> tuple[list[Packet[Stream]], Iterator[Packet[Stream]]]:
        """Seek, and return the packets from which ``from_s`` can be decoded, if any, and those after."""
        target = max(self.ticks(from_s), Fraction(self._origin))
        wanted = self.ticks(from_s - back_s - (_AUDIO_AHEAD_S if self.audio else 0.0))
        packets = self._demux()
        with suppress(av.FFmpegError):
            self.container.seek(max(math.floor(wanted), self._origin), stream=self.video, any_frame=any_frame)
            return self._head(packets, target), packets
        return [], packets

    def _is_near(self, head: Sequence[Packet[Stream]], time_s: float) -> bool:
        start = next(packet for packet in head if packet.stream_index == self.video.index)
        return time_s - float(self.time_of(start) or 0) < _FAR_S

    def _head(self, packets: Iterator[Packet[Stream]], target: Fraction) -> list[Packet[Stream]]:
        """Read packets from which the frame displayed at ``target`` can be decoded completely.

        They begin with a random access point. Empty if there is none before it, or its time is not known.
        """
        head: list[Packet[Stream]] = []
        start: Start | None = None
        for _, packet in zip(range(_PACKETS_TO_KEYFRAME), packets, strict=False):
            if packet.stream_index == self.video.index:
                if start is not None:
                    start.push(packet)
                elif packet.is_keyframe:
                    start = Start(packet)
                elif (shown_stamp(packet) or target) > target:
                    return []
                else:
                    continue
            head.append(packet)
            if start is not None and not start.waits:
                return head if start.complete is not None and start.complete <= target else []
        return []

    def _demux(self) -> Iterator[Packet[Stream]]:
        wanted: list[Stream] = [self.video, self.audio] if self.audio else [self.video]
        packets = (packet for packet in demux_with_flush(self.container, wanted) if packet.size)
        return marked(packets, self._finder, self.video.index)

    def _rewind(self) -> None:
        # Seeking to the start fails in files with such an index, so the file is opened again.
        self.container.close()
        self._open()

    def _first_frame(self) -> VideoFrame:
        damaged: VideoFrame | None = None
        with self._translated():
            packets = demux_with_flush(self.container, [self.video])
            frames = (frame for packet in packets for frame in decode(self.video, packet))
            for _, frame in zip(range(_MAX_DAMAGED), frames, strict=False):
                if not frame.is_corrupt:
                    return frame
                damaged = damaged or frame
        if damaged is None:
            raise MediaError(f"cannot read {self.path}: no frame of it can be decoded")
        return damaged

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with as_media_errors(f"cannot read {self.path}"):
            yield


class ReaderCache:
    """Keeps the last file open: opening a long one takes longer than reading a part of it."""

    def __init__(self) -> None:
        self._last: MediaReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def reader(self, path: Path) -> MediaReader:
        """Return the open file; it is closed when another one is requested."""
        if self._last is None or self._last.path != path:
            self._close()
            self._last = MediaReader(path)
        return self._last

    def _close(self) -> None:
        if self._last:
            self._last.close()
            self._last = None


def _video(container: InputContainer, path: Path) -> VideoStream:
    stream = choose_video(container)
    if stream is None:
        container.close()
        raise MediaError(f"cannot read {path}: no video that can be decoded")
    stream.thread_type = "AUTO"
    return stream


def _frame_s(container: InputContainer, video: VideoStream) -> float:
    """Usual duration of a frame, in seconds.

    An average is of no use where the video pauses; MP4 has an index of the times of all frames.
    """
    if "mp4" in container.format.name:
        times = [entry.timestamp for entry, _ in zip(video.index_entries, range(_TIMES), strict=False)]
        deltas = [b - a for a, b in pairwise(times) if b > a]
        if deltas:
            usual = [delta for delta in deltas if delta < median_low(deltas) * _PAUSE]
            return fmean(usual) * float(video.time_base or 0)
    rate = video.guessed_rate or video.average_rate
    return float(1 / rate) if rate else _UNKNOWN_S


def decode(stream: VideoStream, packet: Packet[Any] | None) -> list[VideoFrame]:
    """Return the frames of a packet, none where it is damaged; with None, the last ones of the decoder."""
    try:
        return stream.codec_context.decode(packet)
    except av.error.FFmpegError:
        return []
