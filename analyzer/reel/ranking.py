"""The value of a moment for a reel beside those chosen already, without a model."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.describe.moment import Moment

# In points of importance (0 to 10): how much a moment loses beside one with the same tags, and beside
# its neighbour in time. Two points less than a lone light change, and the fifth crossing stays out.
_SAME_KIND = 3.0
_SAME_TIME = 2.0


def rank(ordered: Sequence[Moment], count: int) -> tuple[list[float], list[int]]:
    """Each moment's worth, and the ``count`` moments that together are worth most, best first.

    Greedy: the most important first, then each time the one that is important and least like those
    already taken, in kind (tags) and in time. A moment's worth is its importance less that likeness.
    """
    worth = [moment.importance for moment in ordered]
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
            worth[i] = min(worth[i], ordered[i].importance - loss)
    return worth, taken


def _likeness(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared tags over all tags, 0 to 1."""
    return len(a & b) / len(a | b) if a or b else 0.0
