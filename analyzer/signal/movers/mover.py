"""A mover: one thing that moved in a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_MOVERS = 12
OVERLAP_S = 0.5
"""Movers that were there together for less are not counted together."""


@dataclass(frozen=True, slots=True)
class Mover:
    """One thing that moved: when, from where to where, and how large.

    Attributes:
        start_s, end_s: media time of its first and last detection.
        x0, y0, x1, y1: centre at first and last detection, as fractions of the picture (0,0 is top left).
        share: largest share of the picture that it changed at once, 0 to 1.
        turn: for one that went there and back, the centre farthest from both ends; None for any other path.
    """

    start_s: float
    end_s: float
    x0: float
    y0: float
    x1: float
    y1: float
    share: float
    turn: tuple[float, float] | None = None


def most_at_once(found: Sequence[Mover]) -> int:
    """Return the most movers that were there at the same time, for half a second or a shorter life."""
    return max(
        (1 + sum(_is_there(other, each) for other in found if other is not each) for each in found), default=0
    )


def _is_there(mover: Mover, newcomer: Mover) -> bool:
    """Whether a mover is there when another appears, and then for long enough."""
    together_s = mover.end_s - newcomer.start_s
    return mover.start_s <= newcomer.start_s and together_s >= min(
        OVERLAP_S, newcomer.end_s - newcomer.start_s
    )


def important(found: Sequence[Mover]) -> tuple[Mover, ...]:
    """Return the movers that last longest and are largest, at most 12, most important first."""
    return tuple(sorted(found, key=lambda mover: -(mover.end_s - mover.start_s) * mover.share)[:MAX_MOVERS])
