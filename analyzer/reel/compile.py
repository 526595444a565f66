"""Compile the files of a reel: video, manifest, story, captions, poster, report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.reel.records import Chapter, Choice, Gap, Reel, Story
from analyzer.reel.settings import ReelSettings
from analyzer.reel.story import captions, markdown
from analyzer.signal.window import Clip, Window
from base.atomic import write_text
from base.clock import utc_after
from base.plural import counted
from stream.media.edit.join import Joined, MediaError, Place, Segment, join
from stream.media.edit.slideshow import Slides, slideshow
from stream.media.frame_grab import grab, write_jpeg
from stream.media.probe import Verified, verify

VIDEO = "reel.mp4"
POSTER = "poster.jpg"
MANIFEST = "reel.json"

# What a clip shows before its first and after its last keyframe: enough to see a thing come and go.
LEAD_S = 1.5
# A chapter longer than this tires; the strongest peak stays in it.
MAX_CHAPTER_S = 8.0
MIN_CHAPTER_S = 2.0
# Pictures of a slideshow in memory: 100 MB of them at 4K.
PICTURES_AT_ONCE = 4


class ReelError(Exception):
    """A reel cannot be made; the message is one clear line."""


@dataclass(frozen=True, slots=True)
class ReelPlan:
    """All that a reel tells, before its files exist.

    ``media_time``: times are the source's own, not wall time; for files.
    """

    id: str
    seq: int
    choices: tuple[Choice, ...]
    story: Story
    cameras: tuple[str, ...]
    start_utc: str
    end_utc: str
    gaps: tuple[Gap, ...] = ()
    changed: tuple[str, ...] = ()
    windows: tuple[Window, ...] = field(default=(), repr=False)
    media_time: bool = False


def shown_span(window: Window) -> tuple[float, float]:
    """Return the media time [start_s, end_s) that a window's chapter shows: around its keyframes."""
    times = [k.pts_s for k in window.keyframes] or [(window.start_s + window.end_s) / 2]
    start_s, end_s = times[0] - LEAD_S, times[-1] + LEAD_S
    if end_s - start_s > MAX_CHAPTER_S:
        best_s = max(window.keyframes, key=lambda k: k.value).pts_s
        start_s = min(max(start_s, best_s - MAX_CHAPTER_S / 2), end_s - MAX_CHAPTER_S)
        end_s = start_s + MAX_CHAPTER_S
    start_s = max(window.start_s, min(start_s, window.end_s - MIN_CHAPTER_S))
    return start_s, min(window.end_s, max(end_s, start_s + MIN_CHAPTER_S))


def compile_reel(
    plan: ReelPlan,
    folder: Path,
    settings: ReelSettings,
    *,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Reel:
    """Fill an existing folder with a reel's files, the video re-opened, decoded and hashed.

    Raises ReelError when there is nothing to show, MediaError when a file cannot be read or written.
    """
    if not plan.choices:
        raise ReelError("nothing happened: there is no moment to make a reel of")
    joined, checked = _verified_video(plan, folder / VIDEO, settings, on_progress)
    chapters = tuple(
        _chapter(choice, sentence, place, settings.style)
        for choice, sentence, place in zip(plan.choices, plan.story.sentences, joined.places, strict=True)
    )
    reel = Reel(
        id=plan.id,
        seq=plan.seq,
        title=plan.story.title,
        narrative=plan.story.narrative,
        cameras=plan.cameras,
        start_utc=plan.start_utc,
        end_utc=plan.end_utc,
        duration_s=checked.duration_s,
        mode=joined.mode,
        folder=folder,
        bytes=checked.bytes,
        sha256=checked.sha256,
        chapters=chapters,
        gaps=plan.gaps,
        changed=plan.changed,
    )
    _write_words(reel, plan)
    return reel


def _verified_video(
    plan: ReelPlan, video: Path, settings: ReelSettings, on_progress: Callable[[float], None]
) -> tuple[Joined, Verified]:
    """Make the video and decode it to its end; a copy that does not decode is re-encoded instead."""
    joined = _make_video(plan, video, settings, on_progress, allow_copy=True)
    try:
        return joined, verify(video)
    except MediaError:
        if joined.mode != "copy":
            raise
    joined = _make_video(plan, video, settings, on_progress, allow_copy=False)
    return joined, verify(video)


def _make_video(
    plan: ReelPlan,
    video: Path,
    settings: ReelSettings,
    on_progress: Callable[[float], None],
    *,
    allow_copy: bool,
) -> Joined:
    if settings.style == "clips":
        segments = [_segment(choice.moment.window) for choice in plan.choices]
        return join(
            segments,
            video,
            max_early_s=settings.max_early_s,
            titles=[choice.moment.title for choice in plan.choices],
            title=plan.story.title,
            allow_copy=allow_copy,
            on_progress=on_progress,
        )
    slides = [Slides(choice.moment.title, _pictures(choice.moment.window)) for choice in plan.choices]
    return slideshow(slides, video, hold_s=settings.hold_s, title=plan.story.title)


def _segment(window: Window) -> Segment:
    clip = _clip(window)
    start_s, end_s = (at_s - clip.file_start_s for at_s in shown_span(window))
    # A buffer that was full may have lost the clip's beginning.
    start_s = max(0.0, start_s)
    return Segment(clip.path, start_s, max(end_s, start_s + MIN_CHAPTER_S))


def _pictures(window: Window) -> Iterator[NDArray[np.uint8]]:
    """Yield the keyframes at full size, a few at a time: together they cost fewer ways through the file."""
    clip = _clip(window)
    times_s = [max(0.0, keyframe.pts_s - clip.file_start_s) for keyframe in window.keyframes]
    for first in range(0, len(times_s), PICTURES_AT_ONCE):
        yield from grab(clip.path, times_s[first : first + PICTURES_AT_ONCE])


def _clip(window: Window) -> Clip:
    if window.clip is None:
        raise ReelError(f"window {window.id} has no clip")
    return window.clip


def _chapter(choice: Choice, sentence: str, place: Place, style: str) -> Chapter:
    window = choice.moment.window
    if style == "clips":
        file_start_s = _clip(window).file_start_s
        start_s, end_s = place.start_s + file_start_s, place.end_s + file_start_s
    else:
        start_s, end_s = window.keyframes[0].pts_s, window.keyframes[-1].pts_s
    return Chapter(
        moment=choice.moment,
        reason=choice.reason,
        sentence=sentence,
        start_s=start_s,
        end_s=end_s,
        reel_start_s=place.reel_start_s,
        reel_end_s=place.reel_end_s,
    )


def _write_words(reel: Reel, plan: ReelPlan) -> None:
    from analyzer.report.page import report  # noqa: PLC0415  # jinja2 is not needed by a scan

    folder = reel.folder
    best = max((chapter.moment.window for chapter in reel.chapters), key=lambda w: w.signal_max)
    strongest_s = max(best.keyframes, key=lambda k: k.value).pts_s
    clip = _clip(best)
    write_jpeg(folder / POSTER, grab(clip.path, [max(0.0, strongest_s - clip.file_start_s)])[0])
    write_text(folder / "captions.vtt", captions(reel.chapters))
    write_text(folder / "story.md", markdown(reel, media_time=plan.media_time))
    poster = (folder / POSTER).read_bytes()
    page = report(reel, plan.windows, poster=poster, video_src=VIDEO, media_time=plan.media_time)
    write_text(folder / "report.html", page)
    # Last: who finds a manifest finds everything that it names.
    write_text(folder / MANIFEST, json.dumps(manifest(reel), ensure_ascii=False, indent=1) + "\n")


def summary(reel: Reel, folder: Path) -> str:
    """Return two lines for a person: what the reel is and where its video lies."""
    length = f"{counted(len(reel.chapters), 'chapter')}, {reel.duration_s:.1f} s"
    return f"{folder}: {reel.title}\n{length}, {folder / VIDEO}\n"


def manifest(reel: Reel) -> dict[str, Any]:
    """Return reel.json: the reel, its chapters, its gaps and what was changed of the first choice."""
    return {
        "id": reel.id,
        "seq": reel.seq,
        "title": reel.title,
        "narrative": reel.narrative,
        "cameras": list(reel.cameras),
        "start_utc": reel.start_utc,
        "end_utc": reel.end_utc,
        "duration_s": round(reel.duration_s, 3),
        "mode": reel.mode,
        "file": VIDEO,
        "bytes": reel.bytes,
        "sha256": reel.sha256,
        "chapters": [_chapter_row(chapter) for chapter in reel.chapters],
        "gaps": [asdict(gap) for gap in reel.gaps],
        "changed": list(reel.changed),
    }


def _chapter_row(chapter: Chapter) -> dict[str, Any]:
    window = chapter.moment.window
    shown = [k for k in window.keyframes if chapter.start_s <= k.pts_s <= chapter.end_s]
    return {
        "window_id": window.id,
        "camera": window.camera,
        "start_s": round(chapter.start_s, 3),
        "end_s": round(chapter.end_s, 3),
        "start_utc": utc_after(window.start_utc, chapter.start_s - window.start_s),
        "end_utc": utc_after(window.start_utc, chapter.end_s - window.start_s),
        "reel_start_s": round(chapter.reel_start_s, 3),
        "reel_end_s": round(chapter.reel_end_s, 3),
        "title": chapter.moment.title,
        "sentence": chapter.sentence,
        "reason": chapter.reason,
        "importance": chapter.moment.importance,
        "keyframes": [{"pts_s": round(k.pts_s, 3), "value": round(k.value, 1)} for k in shown],
    }
