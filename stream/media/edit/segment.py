"""Segments of media files, and their positions in a reel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from av.container import OutputContainer

OnProgress = Callable[[float], None]
"""Called with the share that is written, 0 to 1, never decreasing."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a media file, in seconds since the file's first frame.

    Attributes:
        path: the file.
        start_s, end_s: the part.
        stamp: the text to write into the picture of a time; None for none. Stamped parts are re-encoded.
    """

    path: Path
    start_s: float
    end_s: float
    stamp: Callable[[float], str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The part of a segment that a reel shows, and its position there.

    Attributes:
        start_s, end_s: the part of the segment's file that is shown, exact to a frame.
        reel_start_s, reel_end_s: its position in the reel.
    """

    start_s: float
    end_s: float
    reel_start_s: float
    reel_end_s: float


@dataclass(frozen=True, slots=True)
class Joined:
    """The content of a reel: ``copy`` where its video was not re-encoded, and a place for each segment."""

    mode: Literal["copy", "encode"]
    places: tuple[Place, ...]


def mark_chapters(out: OutputContainer, places: Sequence[Place], titles: Sequence[str | None]) -> None:
    """Give each place a chapter, to the millisecond; any time before the container is closed.

    A place without a title belongs to the chapter before it.
    """
    chapters: list[tuple[float, float, str]] = []
    for place, title in zip(places, titles, strict=True):
        if title is None and chapters:
            begin_s, _, begun = chapters.pop()
            chapters.append((begin_s, place.reel_end_s, begun))
        else:
            chapters.append((place.reel_start_s, place.reel_end_s, title or ""))
    out.set_chapters(
        [
            {
                "id": i,
                "start": round(start_s * 1_000_000),
                "end": round(end_s * 1_000_000),
                "time_base": Fraction(1, 1_000_000),
                "metadata": {"title": title},
            }
            for i, (start_s, end_s, title) in enumerate(chapters)
        ]
    )
