"""Verdicts on moments, and what is kept of a moment that was judged; light to import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from analyzer.describe.moment import Moment


class Verdict(StrEnum):
    """What a viewer thinks of a moment."""

    KEEP = "keep"
    """More like it are wanted."""
    DULL = "dull"
    """Fewer like it are wanted."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How one thing moved.

    Attributes:
        dx, dy: from its first to its last place, as fractions of the picture; positive is right and down.
        share: largest share of the picture that it changed at once, 0 to 1.
    """

    dx: float
    dy: float
    share: float


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared of two moments. Unlike a window, it is kept when retention removes the files.

    Attributes:
        window_id, camera, start_utc, title, tags: as in Window and Moment.
        movements: how its movers moved, at most 12.
    """

    window_id: str
    camera: str
    start_utc: str
    title: str = ""
    tags: tuple[str, ...] = ()
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A moment with its verdict."""

    traits: Traits
    verdict: Verdict


def traits_of(moment: Moment) -> Traits:
    """Return what is compared of a moment."""
    window = moment.window
    movements = tuple(
        Movement(round(mover.x1 - mover.x0, 4), round(mover.y1 - mover.y0, 4), round(mover.share, 5))
        for mover in window.activity.movers
    )
    return Traits(window.id, window.camera, window.start_utc, moment.title, moment.tags, movements)
