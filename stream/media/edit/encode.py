"""Re-encode segments of any kind into one video."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from stream.media.edit.segment import OnProgress, Place, Segment, mark_chapters
from stream.media.edit.stamp import stamp_frame
from stream.media.file import MediaError, muxing
from stream.media.reader import MediaReader, ReaderCache
from stream.media.sound import ReelSound
from stream.media.timeline import Tick, shown_between
from stream.picture.colour import name_colours, sdr_matrix
from stream.picture.display import Size
from stream.picture.render import fitted

# Players and FFmpeg's own tools expect a constant rate; few screens have a higher one.
_MAX_FPS = Fraction(60)
_ORDINARY_FPS = 30
# A reel of a time-lapse repeats its frames: one may be displayed for longer than a chapter.
_LEAST_FPS = 10
# With a key frame every two seconds, players seek inside a chapter without delay.
_KEYFRAME_EVERY_S = 2
_X264 = {"preset": "veryfast", "crf": "21", "forced-idr": "1"}
# Audio packets from this long before a segment's first frame prime the decoder.
_PRIME_S = 0.25


@dataclass(frozen=True, slots=True)
class Form:
    """The common form of all segments of a reel; ``colors`` is BT.709 or BT.601."""

    size: Size
    fps: Fraction
    colors: Colorspace
    sound: bool


def encode(
    segments: Sequence[Segment],
    out_path: Path,
    *,
    titles: Sequence[str | None],
    title: str,
    max_height_px: int,
    on_progress: OnProgress,
) -> tuple[Place, ...]:
    """Write the reel: H.264 yuv420p at a constant rate, and AAC stereo.

    Frames are processed one by one: memory does not grow with the segments. Raises MediaError where a segment
    has no frame.
    """
    total_s = sum(segment.end_s - segment.start_s for segment in segments)
    with ReaderCache() as cache, muxing(out_path) as out:
        out.metadata.update({"title": title} if title else {})
        reel = _Reel(out, common_form(segments, max_height_px, cache))
        for segment in segments:
            for end_s in reel.append(segment, cache.reader(segment.path)):
                on_progress(min(1.0, float(end_s) / total_s))
        reel.finish()
        mark_chapters(out, reel.places, titles)
    return tuple(reel.places)


def common_form(segments: Sequence[Segment], max_height_px: int, cache: ReaderCache) -> Form:
    """Return the largest segment's size and colours, a common frame rate, and audio if any segment has it."""
    sizes: dict[Size, Colorspace] = {}
    sound = False
    rates: Counter[Fraction] = Counter()
    for path in dict.fromkeys(segment.path for segment in segments):
        reader = cache.reader(path)
        shown = reader.display.size(reader.first.width, reader.first.height)
        sizes.setdefault(shown, sdr_matrix(reader.first))
        rates[_rate(reader.frame_s)] += 1
        sound = sound or reader.audio is not None
    largest = max(sizes, key=lambda size: size.width * size.height)
    limit = min(max_height_px, largest.height)
    size = Size(round(largest.width * limit / largest.height), limit).even()
    return Form(size, common_rate(rates), sizes[largest], sound)


def _rate(frame_s: float) -> Fraction:
    """Frame rate; of a slow video a multiple, so that its chapters can end near their times."""
    times = max(1, math.ceil(_LEAST_FPS * frame_s))
    return Fraction(times / frame_s).limit_denominator(1001)


def common_rate(rates: Counter[Fraction]) -> Fraction:
    """The most common rate, or a higher one up to 30, so that no ordinary segment loses frames."""
    commonest = rates.most_common(1)[0][0]
    return min(max([commonest, *(rate for rate in rates if rate <= _ORDINARY_FPS)]), _MAX_FPS)


class _Reel:
    """The reel's tracks, filled segment by segment."""

    def __init__(self, out: OutputContainer, form: Form) -> None:
        self._out = out
        self._form = form
        self._track = _picture_track(out, form)
        self._sound = ReelSound(out) if form.sound else None
        self._frames = 0
        self.places: list[Place] = []

    def append(self, segment: Segment, reader: MediaReader) -> Iterator[Fraction]:
        """Add a segment of this file; yield the length of the reel so far, in seconds."""
        fps, begin, first = self._form.fps, self._frames, None
        shift_s = Fraction(0)
        if self._sound:
            self._sound.open(reader.audio)
        for at, until, frame in self._shown(reader, segment):
            if first is None:
                first, shift_s = at, begin / fps - at * reader.tick_s
            end = begin + round((until - first) * reader.tick_s * fps)
            stamp = segment.stamp(reader.seconds(at)) if segment.stamp else None
            self._show(reader, frame, end, keyframe=self._frames == begin, stamp=stamp)
            if self._sound:
                self._sound.advance(shift_s, self._frames / fps)
            yield self._frames / fps
        if first is None or self._frames == begin:
            raise MediaError(
                f"cannot read {segment.path}: no frame from {segment.start_s:.2f} to {segment.end_s:.2f} s"
            )
        if self._sound:
            self._sound.close(shift_s, self._frames / fps)
        start_s, length_s = reader.seconds(first), float((self._frames - begin) / fps)
        self.places.append(Place(start_s, start_s + length_s, float(begin / fps), float(self._frames / fps)))

    def _shown(self, reader: MediaReader, segment: Segment) -> Iterator[tuple[Tick, Tick, VideoFrame]]:
        frames = reader.frames(self._pictures(reader, segment.start_s))
        start, end = reader.ticks(segment.start_s), reader.ticks(segment.end_s)
        return shown_between(frames, start, end, reader.frame_ticks, reader.slack_ticks)

    def _pictures(self, reader: MediaReader, start_s: float) -> Iterator[Packet[Stream]]:
        """Yield video packets from before ``start_s`` on; pass audio packets on."""
        for packet in reader.packets(start_s):
            if packet.stream_index == reader.video.index:
                yield packet
            elif self._sound and (reader.time_of(packet) or 0) > start_s - _PRIME_S:
                self._sound.push(packet)

    def _show(
        self, reader: MediaReader, frame: VideoFrame, end: int, *, keyframe: bool, stamp: str | None
    ) -> None:
        """Repeat a frame from the reel's end until ``end``, in frames of the reel."""
        if end <= self._frames:
            return
        picture = fitted(frame, self._form.size, reader.display, self._form.colors)
        picture = picture if stamp is None else stamp_frame(picture, stamp)
        picture.time_base = 1 / self._form.fps
        picture.pict_type = PictureType.I if keyframe else PictureType.NONE
        for at in range(self._frames, end):
            picture.pts, picture.duration = at, 1
            self._out.mux(self._track.encode(picture))
            picture.pict_type = PictureType.NONE
        self._frames = end

    def finish(self) -> None:
        self._out.mux(self._track.encode(None))
        if self._sound:
            self._sound.finish()


def _picture_track(out: OutputContainer, form: Form) -> VideoStream:
    track = out.add_stream("libx264", rate=form.fps, options=dict(_X264))
    track.pix_fmt = "yuv420p"
    context = track.codec_context
    context.width, context.height = form.size.width, form.size.height
    context.time_base = 1 / form.fps
    context.sample_aspect_ratio = Fraction(1)
    context.gop_size = max(1, round(form.fps * _KEYFRAME_EVERY_S))
    name_colours(context, form.colors)
    return track
