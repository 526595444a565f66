"""``reel.json``: a reel as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from analyzer.reel.records import Chapter, Reel
from base.clock import utc_after

MANIFEST = "reel.json"
VIDEO = "reel.mp4"
POSTER = "poster.jpg"
STORY = "story.md"


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
    shown = [k for k in window.keyframes if chapter.shows(k.pts_s)]
    return {
        "window_id": window.id,
        "camera": window.camera,
        "start_s": round(chapter.start_s, 3),
        "end_s": round(chapter.end_s, 3),
        "start_utc": utc_after(window.start_utc, chapter.start_s - window.start_s),
        "end_utc": utc_after(window.start_utc, chapter.end_s - window.start_s),
        "story_s": None if chapter.story_s is None else round(chapter.story_s, 3),
        "reel_start_s": round(chapter.reel_start_s, 3),
        "reel_end_s": round(chapter.reel_end_s, 3),
        "title": chapter.moment.title,
        "sentence": chapter.sentence,
        "reason": chapter.reason,
        "importance": chapter.moment.importance,
        "keyframes": [{"pts_s": round(k.pts_s, 3), "value": round(k.value, 1)} for k in shown],
        "parts": [{name: round(at_s, 3) for name, at_s in asdict(part).items()} for part in chapter.parts],
    }
