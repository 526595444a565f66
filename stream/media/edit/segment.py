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
    """A part of a media file, in seconds since the file's first frame."""

    path: Path
    start_s: float
    end_s: float


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


def mark_chapters(out: OutputContainer, places: Sequence[Place], titles: Sequence[str]) -> None:
    """Add a chapter for each place, exact to the millisecond; before the container is closed."""
    out.set_chapters(
        [
            {
                "id": i,
                "start": round(place.reel_start_s * 1_000_000),
                "end": round(place.reel_end_s * 1_000_000),
                "time_base": Fraction(1, 1_000_000),
                "metadata": {"title": title},
            }
            for i, (place, title) in enumerate(zip(places, titles, strict=True))
        ]
    )
