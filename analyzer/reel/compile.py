"""Compile the files of a reel: video, manifest, story, captions, poster, report."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from analyzer.reel.manifest import MANIFEST, POSTER, STORY, VIDEO, manifest
from analyzer.reel.records import Chapter, Choice, Gap, Part, Reel, ReelError, Span, Story
from analyzer.reel.settings import ReelSettings
from analyzer.reel.shots import shots
from analyzer.reel.story import captions, markdown
from analyzer.reel.video import ReelVideo, best_picture
from analyzer.signal.window import Window
from base.atomic import write_text
from base.plural import counted
from stream.media.frame_grab import write_jpeg

REPORT = "report.html"
# A page that holds a larger video opens slowly, and phones refuse it: as base64 it is a third larger.
MAX_EMBEDDED_BYTES = 50_000_000


class Page(Protocol):
    """Renders the report of a reel as an HTML page, as ``analyzer.report.page.report`` does."""

    def __call__(
        self,
        reel: Reel,
        windows: Sequence[Window],
        *,
        poster: bytes | None,
        media_time: bool,
        video_src: str,
        complete: str | None,
    ) -> str:
        """Return the page of a reel with all windows of its horizon.

        ``complete`` is what it says where no time was missed; None for the usual words.
        ``video_src`` is the video's place relative to the page, or all of it as a ``data:`` URI.
        """
        ...


@dataclass(frozen=True, slots=True)
class ReelPlan:
    """All that a reel shows, before its files exist.

    ``media_time``: times are the source's own, not wall time; for files. ``complete``: what is said where no
    time was missed; None for the usual words.
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
    complete: str | None = None


def compile_reel(
    plan: ReelPlan,
    folder: Path,
    settings: ReelSettings,
    page: Page,
    *,
    embed: bool = False,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Reel:
    """Fill an existing folder with a reel's files, the video re-opened, decoded and hashed.

    A choice without spans is shown in full. ``page`` renders the report, with ``embed`` with the video
    inside, unless that is larger than MAX_EMBEDDED_BYTES. Raises ReelError when there is
    nothing to show, MediaError when a file cannot be read or written.
    """
    if not plan.choices:
        raise ReelError("nothing happened: there is no moment to make a reel of")
    choices = [
        replace(choice, spans=choice.spans or _in_full(choice.moment.window)) for choice in plan.choices
    ]
    video = ReelVideo(choices, plan.story.title, settings, plan.media_time)
    written = video.write(folder / VIDEO, on_progress)
    reel = Reel(
        id=plan.id,
        seq=plan.seq,
        title=plan.story.title,
        narrative=plan.story.narrative,
        cameras=plan.cameras,
        start_utc=plan.start_utc,
        end_utc=plan.end_utc,
        duration_s=written.verified.duration_s,
        mode=written.mode,
        folder=folder,
        bytes=written.verified.bytes,
        sha256=written.verified.sha256,
        chapters=tuple(map(_chapter, choices, plan.story.sentences, written.parts)),
        gaps=plan.gaps,
        changed=plan.changed,
    )
    embeds = embed and reel.bytes <= MAX_EMBEDDED_BYTES
    _write_files(reel, plan, page, video_src=_data_uri(folder / VIDEO) if embeds else VIDEO)
    return reel


def _in_full(window: Window) -> tuple[Span, ...]:
    return tuple(shot.full for shot in shots(window))


def _chapter(choice: Choice, sentence: str, parts: tuple[Part, ...]) -> Chapter:
    return Chapter(
        moment=choice.moment,
        reason=choice.reason,
        sentence=sentence,
        start_s=parts[0].start_s,
        end_s=parts[-1].end_s,
        reel_start_s=parts[0].reel_start_s,
        reel_end_s=parts[-1].reel_end_s,
        parts=parts,
        story_s=round(choice.start_s, 3),
    )


def _data_uri(video: Path) -> str:
    return f"data:video/mp4;base64,{base64.b64encode(video.read_bytes()).decode()}"


def _write_files(reel: Reel, plan: ReelPlan, page: Page, *, video_src: str) -> None:
    """Write all files but the video."""
    folder = reel.folder
    best = max((chapter.moment.window for chapter in reel.chapters), key=lambda w: w.signal_max)
    write_jpeg(folder / POSTER, best_picture(best))
    write_text(folder / "captions.vtt", captions(reel.chapters))
    write_text(folder / STORY, markdown(reel, media_time=plan.media_time, complete=plan.complete))
    poster = (folder / POSTER).read_bytes()
    written = page(
        reel,
        plan.windows,
        poster=poster,
        video_src=video_src,
        media_time=plan.media_time,
        complete=plan.complete,
    )
    write_text(folder / REPORT, written)
    # Last: who finds a manifest finds everything that it names.
    write_text(folder / MANIFEST, json.dumps(manifest(reel), ensure_ascii=False, indent=1) + "\n")


def summary(reel: Reel, folder: Path | str) -> str:
    """Return two lines for a person: what the reel is and where its video lies."""
    length = f"{counted(len(reel.chapters), 'chapter')}, {reel.duration_s:.1f} s"
    return f"{folder}: {reel.title}\n{length}, {folder}/{VIDEO}\n"
