"""The course of each mover, in terms of the picture plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from analyzer.signal.activity import Mover
from analyzer.signal.movers.mover import most_at_once

_IN_PLACE = 0.08  # of the picture: how far a blob's centre wanders while its mover stays
_CROSSES = 0.55
_STRAIGHT = 2.0  # one direction's part over the other's from which the way is called straight
_EDGE = 0.1
_FAST, _SLOW = 0.3, 0.06  # pictures a second
_LARGE, _SMALL = 0.06, 0.004  # share of the picture

_PLACES = (
    ("in the upper left", "at the top", "in the upper right"),
    ("on the left", "in the centre", "on the right"),
    ("in the lower left", "at the bottom", "in the lower right"),
)


@dataclass(frozen=True, slots=True)
class Course:
    """One mover's course.

    Attributes:
        mover: the measurements.
        way: its direction: ``left to right``, ``right to left``, ``up``, ``down``, ``towards the upper left``
            and so on; empty if it stays in place, or goes there and back.
        crosses: it goes from one side of the picture to the other.
        start, end: where, as ``in the upper left``.
        turn: where it turned back, in the same words; empty if it did not, or not in another part.
        pace: ``fast``, ``slow`` or empty.
        size: ``large``, ``small`` or empty.
    """

    mover: Mover
    way: str
    crosses: bool
    start: str
    end: str
    turn: str
    pace: str
    size: str

    @property
    def life_s(self) -> float:
        """How long the mover was seen in this window, in seconds."""
        return self.mover.end_s - self.mover.start_s


def course(mover: Mover) -> Course:
    """Return a mover's course in words, by its measurements."""
    across, down = mover.x1 - mover.x0, mover.y1 - mover.y0
    way = "" if mover.turn else _way(across, down)
    start = _place(mover.x0, mover.y0)
    turn = _place(*mover.turn) if mover.turn else ""
    speed = hypot(across, down) / max(mover.end_s - mover.start_s, 0.1)
    return Course(
        mover=mover,
        way=way,
        crosses=bool(way) and max(abs(across), abs(down)) >= _CROSSES,
        start=start,
        end=_place(mover.x1, mover.y1),
        turn=turn if turn != start else "",
        pace=("fast" if speed >= _FAST else "slow" if speed < _SLOW else "") if way else "",
        size="large" if mover.share >= _LARGE else "small" if mover.share < _SMALL else "",
    )


def at_once(courses: Sequence[Course]) -> int:
    """Return how many of the movers were there at the same time, at most."""
    return most_at_once([course.mover for course in courses])


def edge(course: Course, *, at_end: bool) -> str:
    """Return the edge of the picture at which it was first or last seen, or empty.

    A mover that goes across the picture has no top or bottom edge, one that goes up or down no left or right.
    """
    x, y = (course.mover.x1, course.mover.y1) if at_end else (course.mover.x0, course.mover.y0)
    level = ((x, "left"), (1 - x, "right"))
    above = ((y, "top"), (1 - y, "bottom"))
    sides = above if course.way in {"up", "down"} else level if " to " in course.way else level + above
    distance, name = min(sides)
    return name if distance < _EDGE else ""


def _way(across: float, down: float) -> str:
    if hypot(across, down) < _IN_PLACE:
        return ""
    if abs(across) >= _STRAIGHT * abs(down):
        return "left to right" if across > 0 else "right to left"
    if abs(down) >= _STRAIGHT * abs(across):
        return "down" if down > 0 else "up"
    return f"towards the {'lower' if down > 0 else 'upper'} {'right' if across > 0 else 'left'}"


def _place(x: float, y: float) -> str:
    return _PLACES[min(2, int(y * 3))][min(2, int(x * 3))]
