"""The video of a reel: the parts of clips that its choices show, or the pictures of their keyframes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzer.reel.records import Choice, Part, ReelError
from analyzer.reel.settings import ReelSettings
from analyzer.signal.window import Clip, Keyframe, Window
from base.clock import utc_after
from base.local_time import length_text, local
from stream.media.edit.join import Joined, Place, Segment, join
from stream.media.edit.slideshow import Slides, slideshow
from stream.media.edit.stamp import stamp_rgb
from stream.media.file import MediaError
from stream.media.frame_grab import grab
from stream.media.probe import Verified, verify

# A copied reel may be so much longer than the limit: parts begin at key packets.
COPY_SLACK_S = 0.25
# What is left of a part whose beginning the clip has lost.
MIN_PART_S = 0.5
# A part that goes on in the next window's clip shows at least so much of each.
MIN_PIECE_S = 0.1
# Pictures of a slideshow in memory: 100 MB of them at 4K.
PICTURES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Written:
    """A written video: its mode (``copy`` or ``encode``), each choice's parts, and what was decoded."""

    mode: str
    parts: tuple[tuple[Part, ...], ...]
    verified: Verified


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a window's clip, from ``start_s`` to ``end_s`` in media time."""

    window: Window
    clip: Clip
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class ReelVideo:
    """A reel's video before it exists.

    Attributes:
        choices: what it shows, in order; each has spans.
        title: for the file's metadata.
        settings: how it looks.
        media_time: stamps say the media time, not the wall time.
    """

    choices: Sequence[Choice]
    title: str
    settings: ReelSettings
    media_time: bool = False

    def write(self, file: Path, on_progress: Callable[[float], None]) -> Written:
        """Write the file and decode it to its end; a copy that does not decode is re-encoded instead.

        Raises ReelError where a window has no clip, MediaError.
        """
        joined = self._joined(file, on_progress, allow_copy=True)
        try:
            verified = verify(file)
        except MediaError:
            if joined.mode != "copy":
                raise
            joined = self._joined(file, on_progress, allow_copy=False)
            verified = verify(file)
        places = iter(joined.places)
        return Written(joined.mode, tuple(self._parts(choice, places) for choice in self.choices), verified)

    def _joined(self, file: Path, on_progress: Callable[[float], None], *, allow_copy: bool) -> Joined:
        if self.settings.style == "keyframes":
            slides = [Slides(choice.moment.title, self._pictures(choice)) for choice in self.choices]
            return slideshow(slides, file, hold_s=self.settings.hold_s, title=self.title)
        owned = [(choice.moment.title, self._segments(choice)) for choice in self.choices]
        segments = [segment for _, own in owned for segment in own]
        wanted_s = sum(segment.end_s - segment.start_s for segment in segments)
        return join(
            segments,
            file,
            max_early_s=self.settings.max_early_s,
            max_copied_s=max(self.settings.max_duration_s, wanted_s) + COPY_SLACK_S,
            titles=[None if n else title for title, own in owned for n in range(len(own))],
            title=self.title,
            allow_copy=allow_copy,
            on_progress=on_progress,
        )

    def _segments(self, choice: Choice) -> list[Segment]:
        return [
            Segment(
                piece.clip.path,
                piece.start_s - piece.clip.file_start_s,
                piece.end_s - piece.clip.file_start_s,
                self._stamp(piece.window),
            )
            for piece in _pieces(choice)
        ]

    def _stamp(self, window: Window) -> Callable[[float], str] | None:
        """Return what is written into the picture at a time of the window's clip; None for nothing."""
        if not self.settings.stamp:
            return None
        file_start_s = clip_of(window).file_start_s
        return lambda file_s: stamp_text(window, file_s + file_start_s, media_time=self.media_time)

    def _pictures(self, choice: Choice) -> Iterator[NDArray[np.uint8]]:
        """Yield the keyframes at full size, a few at a time: together they cost fewer reads of the file."""
        clip, stamp = clip_of(choice.moment.window), self._stamp(choice.moment.window)
        times_s = [max(0.0, keyframe.pts_s - clip.file_start_s) for keyframe in _keyframes(choice)]
        for first in range(0, len(times_s), PICTURES_AT_ONCE):
            some_s = times_s[first : first + PICTURES_AT_ONCE]
            for picture, at_s in zip(grab(clip.path, some_s), some_s, strict=True):
                yield picture if stamp is None else stamp_rgb(picture, stamp(at_s))

    def _parts(self, choice: Choice, places: Iterator[Place]) -> tuple[Part, ...]:
        """Take the choice's places of the video."""
        if self.settings.style == "clips":
            pieces = [(piece.clip.file_start_s, next(places)) for piece in _pieces(choice)]
            return tuple(
                _part(p.start_s + by_s, p.end_s + by_s, p.reel_start_s, p.reel_end_s) for by_s, p in pieces
            )
        begin_s, hold_s = next(places).reel_start_s, self.settings.hold_s
        held = enumerate(_keyframes(choice))
        return tuple(
            _part(k.pts_s, k.pts_s, begin_s + n * hold_s, begin_s + (n + 1) * hold_s) for n, k in held
        )


def _pieces(choice: Choice) -> list[_Piece]:
    """Return what is shown of which clips, in time order.

    Where a span goes on in the next window's clip, that clip takes over at its first frame, a key packet:
    there both can be copied, and no frame is missing or shown twice. A buffer that was full may have lost the
    beginning of the first clip.
    """
    clips = [(window, clip_of(window)) for window in choice.windows]
    first_window, first = clips[0]
    ends_s = [*(clip.file_start_s for _, clip in clips[1:]), math.inf]
    pieces: list[_Piece] = []
    for span in choice.spans:
        if span.end_s - first.file_start_s <= MIN_PART_S:
            continue
        start_s = max(span.start_s, first.file_start_s)
        end_s = max(span.end_s, start_s + MIN_PART_S)
        for (window, clip), until_s in zip(clips, ends_s, strict=True):
            from_s, to_s = max(start_s, clip.file_start_s), min(end_s, until_s)
            if to_s - from_s >= MIN_PIECE_S:
                pieces.append(_Piece(window, clip, from_s, to_s))
    begin_s = first.file_start_s
    return pieces or [_Piece(first_window, first, begin_s, begin_s + MIN_PART_S)]


def _part(*times_s: float) -> Part:
    """Return a part, to the millisecond as in the manifest."""
    return Part(*(round(at_s, 3) for at_s in times_s))


def best_picture(window: Window) -> NDArray[np.uint8]:
    """Return a window's strongest keyframe from its clip, at full size."""
    clip = clip_of(window)
    strongest_s = max(window.keyframes, key=lambda k: k.value).pts_s
    picture: NDArray[np.uint8] = grab(clip.path, [max(0.0, strongest_s - clip.file_start_s)])[0]
    return picture


def clip_of(window: Window) -> Clip:
    """Return a window's clip; raises ReelError where it has none."""
    if window.clip is None:
        raise ReelError(f"window {window.id} has no clip")
    return window.clip


def stamp_text(window: Window, at_s: float, *, media_time: bool) -> str:
    """Return the camera and the local wall time with its offset, or the media time, of a picture."""
    if media_time:
        return f"{window.camera}  {length_text(at_s, tenths=True)}"
    wall = local(utc_after(window.start_utc, at_s - window.start_s))
    return f"{window.camera}  {wall.isoformat(sep=' ', timespec='seconds')}"


def _keyframes(choice: Choice) -> list[Keyframe]:
    keyframes = choice.moment.window.keyframes
    return [k for k in keyframes if any(span.holds(k.pts_s) for span in choice.spans)]
