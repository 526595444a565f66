"""How many points of importance a moment gains or loses by its likeness to moments that were judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analyzer.describe.moment import Moment
from analyzer.reel.preference.feedback import Judged, Movement, Traits, Verdict, traits_of
from base.clock import parse_utc

MAX_POINTS = 3.0
"""What feedback adds to or takes from a moment's importance (0 to 10), at most."""
NAMED_POINTS = 1.0
"""From so many points on, feedback is named as a reason."""

# How much each part counts. One that neither moment has (tags, movers) is left out; the others count more.
_CAMERA, _TIME, _TAGS, _MOTION = 0.3, 0.15, 0.3, 0.25
# Less likeness than this is chance: two moments of one camera at one time of day that show different things.
_CHANCE = 0.6
# Times of day further apart than this have nothing in common.
_TIME_REACH_S = 6 * 3600.0
_DAY_S = 86_400.0
# Of a movement: eight directions, and one for what stays in its place, within this share of the picture.
_DIRECTIONS = 8
_IN_PLACE = 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What feedback changes of a moment's importance.

    Attributes:
        points: from -MAX_POINTS to MAX_POINTS, to be added to the importance.
        because: the judged moment that counts most for that; None where there are no points.
    """

    points: float = 0.0
    because: Judged | None = None

    @property
    def is_named(self) -> bool:
        """Whether it is large enough to be named as a reason."""
        return abs(self.points) >= NAMED_POINTS

    def sentence(self, window_id: str) -> str | None:
        """Say why a moment gains or loses; None where feedback hardly counts."""
        if self.because is None or not self.is_named:
            return None
        keep, itself = self.because.verdict == Verdict.KEEP, self.because.traits.window_id == window_id
        if itself:
            return "You kept it." if keep else "You found it dull."
        return f"Like one that you {'kept' if keep else 'found dull'}."


class Preferences:
    """What judged moments say of others. Two are equal if they were made of the same judged moments.

    A moment's likeness to a judged one, 0 to 1, comes from camera, time of day (the difference in UTC around
    the clock), tags, and the directions and sizes of what moves. Likeness below a bound counts nothing; above
    it a ``keep`` counts for the moment and a ``dull`` against it. One judged moment that is exactly alike, or
    several that are somewhat alike, give MAX_POINTS; where they disagree, they cancel each other out.
    """

    def __init__(self, judged: Sequence[Judged] = ()) -> None:
        """Compare with these, the newest last."""
        self._judged = tuple(judged)
        traits = [it.traits for it in self._judged]
        self._places = {it.window_id: nth for nth, it in enumerate(traits)}
        self._signs = np.array([1.0 if it.verdict == Verdict.KEEP else -1.0 for it in self._judged])
        self._cameras = np.array([it.camera for it in traits])
        self._times_s = np.array([_time_of_day_s(it) for it in traits])
        self._tag_counts = np.array([float(len(set(it.tags))) for it in traits])
        self._tagged: dict[str, Floats] = {}
        for nth, it in enumerate(traits):
            for tag in set(it.tags):
                self._tagged.setdefault(tag, np.zeros(len(traits)))[nth] = 1.0
        patterns = [_pattern(it.movements) for it in traits]
        self._patterns = np.array(patterns) if patterns else np.zeros((0, _DIRECTIONS + 1))

    def __eq__(self, other: object) -> bool:
        """Return whether both were made of the same judged moments."""
        return isinstance(other, Preferences) and self._judged == other._judged

    def __hash__(self) -> int:
        """Return a hash of the judged moments."""
        return hash(self._judged)

    def __bool__(self) -> bool:
        """Return whether anything was judged."""
        return bool(self._judged)

    def adjust(self, moment: Moment) -> Adjustment:
        """Return what a moment gains or loses, and by which judged moment most."""
        if not self._judged:
            return Adjustment()
        likeness = self.likeness(traits_of(moment))
        weights = np.maximum(0.0, (likeness - _CHANCE) / (1.0 - _CHANCE))
        sums = self._signs * weights
        points = MAX_POINTS * float(sums.sum()) / max(1.0, float(weights.sum()))
        if abs(points) < 0.05:
            return Adjustment()
        # Of several that count as much, the newest.
        strongest = np.flatnonzero((towards := sums * math.copysign(1.0, points)) == towards.max())[-1]
        return Adjustment(round(points, 2), self._judged[strongest])

    def applied(self, moments: Sequence[Moment]) -> tuple[Moment, ...]:
        """Return the moments with their importance adjusted, within 0 to 10."""
        return tuple(
            replace(it, importance=min(10.0, max(0.0, it.importance + points)))
            if (points := self.adjust(it).points)
            else it
            for it in moments
        )

    def likeness(self, traits: Traits) -> Floats:
        """Return how alike a moment is to each judged one, 0 to 1; exactly 1 to itself."""
        same_camera = (self._cameras == traits.camera).astype(float)
        between_s = np.abs(self._times_s - _time_of_day_s(traits))
        between_s = np.minimum(between_s, _DAY_S - between_s)
        sums = _CAMERA * same_camera + _TIME * np.maximum(0.0, 1.0 - between_s / _TIME_REACH_S)
        counted = np.full(len(self._judged), _CAMERA + _TIME)
        own = set(traits.tags)
        shared = sum((self._tagged[tag] for tag in own if tag in self._tagged), np.zeros(len(self._judged)))
        pattern = _pattern(traits.movements)
        least = np.minimum(self._patterns, pattern).sum(axis=1)
        for weight, both, either in (
            (_TAGS, shared, self._tag_counts + len(own) - shared),
            (_MOTION, least, np.maximum(self._patterns, pattern).sum(axis=1)),
        ):
            known = either > 0
            sums += np.where(known, weight * both / np.where(known, either, 1.0), 0.0)
            counted += np.where(known, weight, 0.0)
        likeness: Floats = np.minimum(1.0, sums / counted)
        if (itself := self._places.get(traits.window_id)) is not None:
            likeness[itself] = 1.0
        return likeness


def _time_of_day_s(traits: Traits) -> float:
    at = parse_utc(traits.start_utc)
    return at.hour * 3600.0 + at.minute * 60.0 + at.second


def _pattern(movements: Sequence[Movement]) -> Floats:
    """Return how much moves in each direction, and in its place.

    A movement counts with its extent, the root of its area, divided between the two nearest directions.
    """
    pattern = np.zeros(_DIRECTIONS + 1)
    for it in movements:
        extent = math.sqrt(max(0.0, it.share))
        if math.hypot(it.dx, it.dy) < _IN_PLACE:
            pattern[_DIRECTIONS] += extent
            continue
        place = math.atan2(it.dy, it.dx) / (2 * math.pi) * _DIRECTIONS % _DIRECTIONS
        lower = int(place) % _DIRECTIONS
        pattern[lower] += extent * (1.0 - (place - int(place)))
        pattern[(lower + 1) % _DIRECTIONS] += extent * (place - int(place))
    return pattern
