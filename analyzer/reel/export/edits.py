"""The parts of media files that a reel shows, in its order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzer.reel.manifest import VIDEO
from analyzer.reel.records import Chapter, Part, Reel, Span
from analyzer.signal.window import Clip
from stream.media.probe import probe

# Parts are exact to a frame.
SLACK_S = 0.1


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of a media file.

    Attributes:
        media: the file.
        start_s, end_s: the part, in seconds from the file's first shown frame.
        chapter: number of the chapter that it belongs to, from 1.
        title: of the chapter.
        note: the camera, the wall time at which the part begins, and the story's sentence.
    """

    media: Path
    start_s: float
    end_s: float
    chapter: int
    title: str
    note: str


def edits(reel: Reel) -> tuple[Edit, ...]:
    """Return what a reel shows: parts of its clips, or of the recorded file.

    A part whose clip is not there any more, one that a neighbour's clip shows, and a still picture is a part
    of the reel's own video. Raises MediaError where a clip cannot be read.
    """
    return tuple(
        edit
        for number, chapter in enumerate(reel.chapters, 1)
        for edit in _of_chapter(reel.folder / VIDEO, number, chapter)
    )


def _of_chapter(video: Path, number: int, chapter: Chapter) -> Iterator[Edit]:
    window = chapter.moment.window
    note = f"{window.camera} {window.start_utc}: {chapter.sentence}"
    clip = window.clip if window.clip is not None and window.clip.path.is_file() else None
    shown = _shown(clip) if clip else None
    for part in chapter.parts or (_whole(chapter),):
        if clip is None or shown is None or not part.start_s < part.end_s or not _holds(shown, part):
            media, start_s, end_s = video, part.reel_start_s, part.reel_end_s
        else:
            media = clip.path
            start_s, end_s = part.start_s - clip.file_start_s, part.end_s - clip.file_start_s
        yield Edit(media, max(0.0, start_s), end_s, number, chapter.moment.title, note)


def _shown(clip: Clip) -> Span:
    """Return the media time that a clip shows."""
    return Span(clip.file_start_s, clip.file_start_s + (probe(clip.path).duration_s or math.inf))


def _holds(shown: Span, part: Part) -> bool:
    return shown.start_s - SLACK_S <= part.start_s and part.end_s <= shown.end_s + SLACK_S


def _whole(chapter: Chapter) -> Part:
    return Part(chapter.start_s, chapter.end_s, chapter.reel_start_s, chapter.reel_end_s)
