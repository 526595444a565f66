"""Why a moment is in a reel, in words that a viewer understands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.moment import Moment
from analyzer.reel.preference.preferences import Adjustment

# What the built-in describer's tags set apart.
_KINDS = {
    "cut": "change of scene",
    "light": "change of light",
    "single": "moment with a single mover",
    "in-turn": "moment with one mover after another",
    "pair": "moment with just two movers at once",
    "several": "moment with several movers at once",
    "many": "moment with many movers at once",
    "there-and-back": "movement there and back",
    "in-place": "movement in one place",
    "left-to-right": "movement from left to right",
    "right-to-left": "movement from right to left",
    "up": "movement up the picture",
    "down": "movement down the picture",
    "fast": "fast movement",
    "slow": "slow movement",
    "large": "large movement",
    "small": "small movement",
    "brief": "brief movement",
    "steady": "movement without a pause",
}
_TOWARDS = "towards-"
_SIDES = {0: "on the left", 1: "in the middle", 2: "on the right"}

NOT_JUDGED = Adjustment()


def reason(
    ordered: Sequence[Moment],
    i: int,
    chosen: Sequence[int],
    favourites: Sequence[int],
    adjustment: Adjustment = NOT_JUDGED,
) -> str:
    """Say what sets moment ``i`` apart: from the other ``chosen`` ones first, then from all others.

    Args:
        ordered: all moments, in time order.
        i: which of them.
        chosen: all that the reel shows.
        favourites: those that the ranking values most.
        adjustment: what feedback adds to its importance; what it takes is no reason to show it.
    """
    return next(_reasons(ordered, i, chosen, favourites, adjustment))


def _reasons(
    ordered: Sequence[Moment],
    i: int,
    chosen: Sequence[int],
    favourites: Sequence[int],
    adjustment: Adjustment,
) -> Iterator[str]:
    """Yield what can be said of a moment, the best reason first; there is always something."""
    moment = ordered[i]
    others = [ordered[k] for k in chosen if k != i]
    builtin = moment.model == BuiltinDescriber.model
    if moment.alerts:
        yield f'It matches your rule "{_one_line(moment.alerts[0])}".'
    if adjustment.points > 0 and (liked := adjustment.sentence(moment.window.id)):
        yield liked
    if others and all(moment.importance > other.importance for other in others):
        yield "The busiest moment." if builtin else "The most important moment."
    if i == len(ordered) - 1 and others:
        yield "The last thing that happens."
    rest = [other for other in ordered if other is not moment]
    yield from _kinds(moment, others, rest) if builtin else _subjects(ordered, i)
    yield from _places(moment, others, rest)
    if i == 0 and others:
        yield "The first thing that happens."
    yield from _most(moment, others)
    if not others:
        yield "The only thing that happens." if len(ordered) == 1 else "The best of all that happens."
    if len(chosen) == len(ordered):
        yield "Every moment is in this reel."
    if i in favourites and moment.importance >= _median([m.importance for m in ordered]):
        yield "Busier than most of the time." if builtin else "More important than most."
    yield "The best of what happens around this time."


def _kinds(moment: Moment, others: Sequence[Moment], rest: Sequence[Moment]) -> Iterator[str]:
    """Yield what the built-in describer found in this moment and in no other chosen one."""
    for tag in moment.tags if others else ():
        kind = f"movement {tag.replace('-', ' ')}" if tag.startswith(_TOWARDS) else _KINDS.get(tag)
        if kind and not any(tag in other.tags for other in others):
            yield _only(kind, alone=not any(tag in other.tags for other in rest))


def _subjects(ordered: Sequence[Moment], i: int) -> Iterator[str]:
    """Yield what a model saw in this moment alone, or for the first time."""
    if len(ordered) == 1:
        return
    for tag in map(_one_line, ordered[i].tags):
        if not any(tag in other.tags for other in ordered[:i]) and tag:
            again = any(tag in other.tags for other in ordered[i + 1 :])
            yield f"The {'first' if again else 'only'} {tag}."


def _places(moment: Moment, others: Sequence[Moment], rest: Sequence[Moment]) -> Iterator[str]:
    """Yield where only this one of the chosen moments has movement, if it has movement nowhere else."""
    here = _sides(moment)
    if len(here) == 1 and others and not any(here & _sides(other) for other in others):
        alone = not any(here & _sides(other) for other in rest)
        yield _only(f"movement {_SIDES[min(here)]}", alone=alone)


def _only(kind: str, *, alone: bool) -> str:
    return f"The only {kind}{'' if alone else ' in this reel'}."


def _sides(moment: Moment) -> set[int]:
    """Return in which thirds of the picture, from left to right, something moves."""
    ends = [x for mover in moment.window.activity.movers for x in (mover.x0, mover.x1)]
    return {min(2, max(0, int(x * 3))) for x in ends}


_MEASURES: Sequence[tuple[Callable[[Moment], float], str]] = (
    (lambda moment: moment.window.activity.share, "The largest movement."),
    (lambda moment: moment.window.activity.active_s, "The longest movement."),
    (lambda moment: len(moment.window.activity.movers), "The most movers."),
)


def _most(moment: Moment, others: Sequence[Moment]) -> Iterator[str]:
    """Yield what this moment has most of."""
    for measure, words in _MEASURES:
        if others and measure(moment) > max(map(measure, others)):
            yield words


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _one_line(text: str) -> str:
    return " ".join(text.split())
