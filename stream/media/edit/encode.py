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
from stream.media.file import MediaError, muxing
from stream.media.reader import MediaReader, ReaderCache
from stream.media.sound import ReelSound
from stream.media.timeline import Tick, shown_between
from stream.picture.colour import sdr_matrix
from stream.picture.display import Size
from stream.picture.render import fitted

# Players and FFmpeg's own tools expect a constant rate; more than this no screen shows.
_MAX_FPS = Fraction(60)
_ORDINARY_FPS = 30
# A reel of a time-lapse repeats its pictures: one that stands for a minute is longer than a chapter.
_LEAST_FPS = 10
# A keyframe every two seconds lets a player seek inside a chapter at once.
_KEYFRAME_EVERY_S = 2
_X264 = {"preset": "veryfast", "crf": "21", "forced-idr": "1"}
# AVCOL_SPC_, AVCOL_PRI_ and AVCOL_TRC_ have the same numbers for BT709 and SMPTE170M.
_NAMED = {Colorspace.ITU709: 1, Colorspace.ITU601: 6}
_LIMITED = 1  # AVCOL_RANGE_MPEG
# Sound packets from this long before a segment's first picture prime the decoder.
_PRIME_S = 0.25


@dataclass(frozen=True, slots=True)
class Form:
    """What all segments of a reel are brought to; ``colors`` is BT.709 or BT.601."""

    size: Size
    fps: Fraction
    colors: Colorspace
    sound: bool


def encode(
    segments: Sequence[Segment],
    out_path: Path,
    *,
    titles: Sequence[str],
    title: str,
    max_height_px: int,
    on_progress: OnProgress,
) -> tuple[Place, ...]:
    """Write the reel: H.264 yuv420p at a constant rate, and AAC stereo.

    Frames pass one by one: memory does not grow with the segments. Raises MediaError where a segment has
    no picture.
    """
    total_s = sum(segment.end_s - segment.start_s for segment in segments)
    with ReaderCache() as shelf, muxing(out_path) as out:
        out.metadata.update({"title": title} if title else {})
        reel = _Reel(out, common_form(segments, max_height_px, shelf))
        for segment in segments:
            for end_s in reel.append(segment, shelf.footage(segment.path)):
                on_progress(min(1.0, float(end_s) / total_s))
        reel.finish()
        mark_chapters(out, reel.places, titles)
    return tuple(reel.places)


def common_form(segments: Sequence[Segment], max_height_px: int, shelf: ReaderCache) -> Form:
    """The largest segment's size and colours, a common frame rate, and sound if any segment has it."""
    sizes: dict[Size, Colorspace] = {}
    sound = False
    rates: Counter[Fraction] = Counter()
    for path in dict.fromkeys(segment.path for segment in segments):
        footage = shelf.footage(path)
        shown = footage.display.size(footage.first.width, footage.first.height)
        sizes.setdefault(shown, sdr_matrix(footage.first))
        rates[_rate(footage.frame_s)] += 1
        sound = sound or footage.audio is not None
    largest = max(sizes, key=lambda size: size.width * size.height)
    limit = min(max_height_px, largest.height)
    size = Size(round(largest.width * limit / largest.height), limit).even()
    return Form(size, common_rate(rates), sizes[largest], sound)


def _rate(frame_s: float) -> Fraction:
    """Pictures a second; of a slow film so many times more that its chapters can end near their times."""
    times = max(1, math.ceil(_LEAST_FPS * frame_s))
    return Fraction(times / frame_s).limit_denominator(1001)


def common_rate(rates: Counter[Fraction]) -> Fraction:
    """The commonest rate, or a higher one up to 30 so that no ordinary segment loses pictures."""
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

    def append(self, segment: Segment, footage: MediaReader) -> Iterator[Fraction]:
        """Add a segment of this file; yields how long the reel is by then, in seconds."""
        fps, begin, first = self._form.fps, self._frames, None
        shift_s = Fraction(0)
        if self._sound:
            self._sound.open(footage.audio)
        for at, until, frame in self._shown(footage, segment):
            if first is None:
                first, shift_s = at, begin / fps - at * footage.tick_s
            end = begin + round((until - first) * footage.tick_s * fps)
            self._show(footage, frame, end, keyframe=self._frames == begin)
            if self._sound:
                self._sound.advance(shift_s, self._frames / fps)
            yield self._frames / fps
        if first is None or self._frames == begin:
            raise MediaError(
                f"cannot read {segment.path}: no picture from {segment.start_s:.2f} to {segment.end_s:.2f} s"
            )
        if self._sound:
            self._sound.close(shift_s, self._frames / fps)
        start_s, length_s = footage.seconds(first), float((self._frames - begin) / fps)
        self.places.append(Place(start_s, start_s + length_s, float(begin / fps), float(self._frames / fps)))

    def _shown(self, footage: MediaReader, segment: Segment) -> Iterator[tuple[Tick, Tick, VideoFrame]]:
        frames = footage.frames(self._pictures(footage, segment.start_s))
        start, end = footage.ticks(segment.start_s), footage.ticks(segment.end_s)
        return shown_between(frames, start, end, footage.frame_ticks, footage.slack_ticks)

    def _pictures(self, footage: MediaReader, start_s: float) -> Iterator[Packet[Stream]]:
        """Video packets from before ``start_s`` on; sound packets are heard on the way."""
        for packet in footage.packets(start_s):
            if packet.stream_index == footage.video.index:
                yield packet
            elif self._sound and (footage.time_of(packet) or 0) > start_s - _PRIME_S:
                self._sound.hear(packet)

    def _show(self, footage: MediaReader, frame: VideoFrame, end: int, *, keyframe: bool) -> None:
        """Show a frame from the reel's end until ``end``, in the reel's frames."""
        if end <= self._frames:
            return
        picture = fitted(frame, self._form.size, footage.display, self._form.colors)
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
    context.colorspace = context.color_primaries = context.color_trc = _NAMED[form.colors]
    context.color_range = _LIMITED
    return track
