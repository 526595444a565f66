"""Choose moments for a reel under fixed rules, whatever a model proposes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from analyzer.describe.moment import Moment
from analyzer.reel.preference.preferences import Adjustment, Preferences
from analyzer.reel.reasons import reason
from analyzer.reel.records import Choice
from analyzer.reel.settings import ReelSettings
from base.clock import parse_utc
from base.plural import counted

STRETCH = 5
"""At least one of so many consecutive moments is chosen, where the maximum allows."""

# In points of importance (0 to 10): how much a moment loses next to one with the same tags, and next to
# its neighbour in time. Two points less than a lone light change, and the fifth crossing stays out.
_SAME_KIND = 3.0
_SAME_TIME = 2.0

NO_PREFERENCES = Preferences()

_PREFERRED = 1_000.0  # outweighs any sum of worths, so that no preferred moment is dropped for a better one
_THREE_IN_A_ROW = 1_000_000.0  # outweighs any sum of preferences


@dataclass(frozen=True, slots=True)
class Pick:
    """A proposed moment, by its window, and why."""

    window_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a model would choose. Nothing about it is trusted."""

    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choices in time order, and one readable line for each repair of the proposal."""

    choices: tuple[Choice, ...]
    changed: tuple[str, ...]


def in_order(moments: Sequence[Moment]) -> list[Moment]:
    """The moments of all cameras by wall time, then camera: the order in which they are consecutive."""
    return sorted(moments, key=_place)


def _place(moment: Moment) -> tuple[datetime, str, int, float, str]:
    window = moment.window
    wall = parse_utc(window.start_utc)
    return (wall, window.camera, window.epoch, window.start_s, window.id)


def choose(
    moments: Sequence[Moment],
    rules: ReelSettings,
    proposal: Proposal | None = None,
    preferences: Preferences = NO_PREFERENCES,
) -> Chosen:
    """Choose the moments of a reel.

    All of them if there are at most ``min_chapters``. Otherwise these rules, and where two conflict the
    earlier one wins:

    1. From ``min_chapters`` to ``max_chapters`` moments.
    2. The closing moment is one of them.
    3. At least one of every ``STRETCH`` consecutive moments. Where the maximum is too small for that, the
       moments are cut into ``max_chapters`` equal stretches and each gives one.
    4. No three in a row when there are more moments than the maximum: as few as possible where
       ``min_chapters`` leaves no other way.

    Among the sets that keep the rules, the one with most preferred moments wins, then the one worth most.
    Preferred are the proposal's moments or, with none, the built-in ranking's. A pick that is kept keeps its
    reason.
    ``changed`` is empty without a proposal. A moment's importance is adjusted by ``preferences``; where that
    counts, a choice without a reason of the proposal's says so.
    """
    ordered = in_order(moments)
    adjusted = [preferences.adjust(moment) for moment in ordered]
    worth, favourites = rank(ordered, rules.max_chapters, [it.points for it in adjusted])
    preferred, refused = _read(ordered, proposal) if proposal else ({}, [])
    if not preferred:
        if proposal:
            refused.append("Nothing usable was proposed: the built-in ranking chose.")
        chosen = _best(worth, favourites, rules)
        return Chosen(_choices(ordered, chosen, {}, favourites, adjusted), tuple(refused))
    chosen = _best(worth, preferred.keys(), rules)
    repairs = _repairs(ordered, preferred.keys(), chosen, rules)
    return Chosen(_choices(ordered, chosen, preferred, (), adjusted), (*refused, *repairs))


def _read(ordered: Sequence[Moment], proposal: Proposal) -> tuple[dict[int, str], list[str]]:
    """The preferred moments' indices with their reasons, and a line for each pick that is none."""
    index = {moment.window.id: i for i, moment in enumerate(ordered)}
    preferred: dict[int, str] = {}
    refused: list[str] = []
    for pick in proposal.picks:
        i = index.get(pick.window_id)
        if i is None:
            refused.append(f'Dropped "{_one_line(pick.window_id)[:40]}": there is no such moment.')
        elif i in preferred:
            refused.append(f"Dropped {_name(ordered, i)}: it was picked twice.")
        else:
            preferred[i] = _one_line(pick.reason)
    return preferred, refused


def _best(worth: Sequence[float], preferred: Collection[int], rules: ReelSettings) -> list[int]:
    """The indices, ascending, of the set that keeps the rules and is worth most."""
    n = len(worth)
    if n <= rules.min_chapters:
        return list(range(n))
    # A moment that is not preferred costs, so that it is added only where a rule requires it.
    value = [w + _PREFERRED if i in preferred else w - _PREFERRED / 2 for i, w in enumerate(worth)]
    if n > STRETCH * rules.max_chapters:
        return _one_each(value, rules.max_chapters)
    return _spread(value, rules)


def _one_each(value: Sequence[float], count: int) -> list[int]:
    """The best of each of ``count`` equal stretches; of the last one, the closing moment."""
    n = len(value)
    edges = [k * n // count for k in range(count + 1)]
    best = [max(range(a, b), key=value.__getitem__) for a, b in pairwise(edges)]
    return [*best[:-1], n - 1]


_Picks = tuple[int, "_Picks"] | None  # a linked list, latest first: states share their tails


def _spread(value: Sequence[float], rules: ReelSettings) -> list[int]:
    """The most valuable set that leaves no stretch empty, by dynamic programming over the moments.

    A state is (picked so far, picked in a row up to here, left out in a row up to here).
    """
    n = len(value)
    crowded = _THREE_IN_A_ROW if n > rules.max_chapters else 0.0
    states: dict[tuple[int, int, int], tuple[float, _Picks]] = {(0, 0, 0): (0.0, None)}
    for i, gain in enumerate(value):
        following: dict[tuple[int, int, int], tuple[float, _Picks]] = {}
        for (count, run, left_out), (score, picks) in states.items():
            offers: list[tuple[tuple[int, int, int], float, _Picks]] = []
            if left_out + 1 < STRETCH and i < n - 1:
                offers.append(((count, 0, left_out + 1), score, picks))
            if count < rules.max_chapters:
                penalty = crowded if run >= 2 else 0.0
                offers.append(((count + 1, min(run + 1, 2), 0), score + gain - penalty, (i, picks)))
            for state, total, taken in offers:
                if state not in following or total > following[state][0]:
                    following[state] = (total, taken)
        states = following
    complete = [end for (count, _, _), end in states.items() if count >= rules.min_chapters]
    return _unlink(max(complete, key=lambda end: end[0])[1])


def _unlink(picks: _Picks) -> list[int]:
    indices: list[int] = []
    while picks is not None:
        index, picks = picks
        indices.append(index)
    return indices[::-1]


def _choices(
    ordered: Sequence[Moment],
    chosen: Sequence[int],
    reasons: Mapping[int, str],
    favourites: Sequence[int],
    adjusted: Sequence[Adjustment],
) -> tuple[Choice, ...]:
    why = {i: reasons.get(i) or reason(ordered, i, chosen, favourites, adjusted[i]) for i in chosen}
    return tuple(Choice(ordered[i], why[i], points=adjusted[i].points) for i in chosen)


def _repairs(
    ordered: Sequence[Moment], preferred: Collection[int], chosen: Sequence[int], rules: ReelSettings
) -> list[str]:
    """One line for each preferred moment that was left out and each moment that was added, in time order."""
    lines: list[str] = []
    for i in sorted({*preferred, *chosen}):
        if i not in chosen:
            lines.append(f"Left out {_name(ordered, i)}: {_why_left_out(i, preferred, chosen, rules)}")
        elif i not in preferred:
            lines.append(f"Added {_name(ordered, i)}: {_why_added(i, len(ordered), chosen, rules)}")
    return lines


def _why_left_out(i: int, preferred: Collection[int], chosen: Sequence[int], rules: ReelSettings) -> str:
    near = {*chosen, i}
    if any({k, k + 1, k + 2} <= near for k in (i - 2, i - 1, i)):
        return "no three in a row."
    if len(preferred) > rules.max_chapters:
        return f"at most {counted(rules.max_chapters, 'chapter')}."
    return "its place was needed to spread the chapters over the time."


def _why_added(i: int, total: int, chosen: Sequence[int], rules: ReelSettings) -> str:
    if total <= rules.min_chapters:
        return "with so few moments, all are shown."
    if i == total - 1:
        return "the closing moment is always shown."
    before = max((k for k in chosen if k < i), default=-1)
    after = min((k for k in chosen if k > i), default=total)
    if after - before > STRETCH:
        return f"nothing else was picked from the {after - before - 1} moments around it."
    return f"at least {counted(rules.min_chapters, 'chapter')}."


def _name(ordered: Sequence[Moment], i: int) -> str:
    return f'moment {i + 1} of {len(ordered)}, "{_one_line(ordered[i].title)}"'


def _one_line(text: str) -> str:
    return " ".join(text.split())


def rank(
    ordered: Sequence[Moment], count: int, points: Sequence[float] | None = None
) -> tuple[list[float], list[int]]:
    """Each moment's worth, and the ``count`` moments that together are worth most, best first.

    Greedy: the most important first, then each time the one that is important and least like those
    already taken, in kind (tags) and in time. A moment's worth is its importance less that likeness;
    ``points`` are added to each importance.
    """
    added = [0.0] * len(ordered) if points is None else points
    importance = [moment.importance + more for moment, more in zip(ordered, added, strict=True)]
    worth = list(importance)
    tags = [frozenset(moment.tags) for moment in ordered]
    reach = max(1.0, len(ordered) / count)
    taken: list[int] = []
    free = set(range(len(ordered)))
    while free and len(taken) < count:
        best = min(free, key=lambda i: (-worth[i], i))
        taken.append(best)
        free.discard(best)
        for i in free:
            near = max(0.0, 1.0 - abs(i - best) / reach)
            loss = _SAME_KIND * _likeness(tags[i], tags[best]) + _SAME_TIME * near
            worth[i] = min(worth[i], importance[i] - loss)
    return worth, taken


def _likeness(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared tags over all tags, 0 to 1."""
    return len(a & b) / len(a | b) if a or b else 0.0
