"""A reason says what a viewer can see, and is true of the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.moment import Moment
from analyzer.reel.choose import choose
from analyzer.reel.reasons import reason
from analyzer.reel.settings import ReelSettings
from analyzer.signal.activity import Activity, Mover
from tests.kit.records.moments import moment


def measured(index: int, *tags: str, importance: float = 5.0, xs: Sequence[float] = ()) -> Moment:
    """A moment of the built-in describer; movers stand at these places from left to right."""
    movers = tuple(Mover(1.0, 2.0, x, 0.5, x, 0.5, 0.1) for x in xs)
    told = replace(moment(index, importance=importance, tags=tags), model=BuiltinDescriber.model)
    return replace(told, window=replace(told.window, activity=Activity(movers=movers)))


def seen(index: int, *tags: str, importance: float = 5.0, alerts: Sequence[str] = ()) -> Moment:
    return replace(moment(index, importance=importance, tags=tags), alerts=tuple(alerts))


def said(moments: Sequence[Moment], i: int, chosen: Sequence[int] | None = None) -> str:
    shown = range(len(moments)) if chosen is None else chosen
    return reason(moments, i, shown, ())


def test_the_busiest_of_the_built_in_describer_and_the_most_important_of_a_model() -> None:
    assert said([measured(0), measured(1, importance=7.0), measured(2)], 1) == "The busiest moment."
    assert said([seen(0), seen(1, importance=7.0), seen(2)], 1) == "The most important moment."


def test_the_last_and_the_first() -> None:
    assert said([measured(0), measured(1), measured(2)], 2) == "The last thing that happens."
    assert said([measured(0), measured(1), measured(2)], 0) == "The first thing that happens."


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("light", "The only change of light."),
        ("pair", "The only moment with just two movers at once."),
        ("towards-the-upper-left", "The only movement towards the upper left."),
    ],
)
def test_what_only_this_moment_shows(tag: str, words: str) -> None:
    assert said([measured(0), measured(1, tag), measured(2)], 1) == words


def test_what_is_alone_in_the_reel_is_not_said_to_be_alone_in_all() -> None:
    moments = [measured(0), measured(1, "light"), measured(2, "light"), measured(3)]
    assert said(moments, 1, [0, 1, 3]) == "The only change of light in this reel."


def test_the_only_movement_on_one_side() -> None:
    moments = [measured(0, xs=[0.5, 0.9]), measured(1, xs=[0.1]), measured(2, xs=[0.6])]
    assert said(moments, 1) == "The only movement on the left."
    assert (
        said([measured(0, xs=[0.2]), measured(1, xs=[0.1]), measured(2)], 1)
        != "The only movement on the left."
    )


def test_a_models_first_and_only_subject() -> None:
    moments = [seen(0, "person"), seen(1, "person", "car"), seen(2, "dog", "person"), seen(3, "car")]
    assert said(moments, 1) == "The first car."
    assert said(moments, 2) == "The only dog."


def test_a_rule_that_holds_comes_first() -> None:
    moments = [seen(0), seen(1, "gate", importance=9.0, alerts=["the gate stands open"]), seen(2)]
    assert said(moments, 1) == 'It matches your rule "the gate stands open".'


def test_one_moment_alone() -> None:
    assert said([measured(0)], 0) == "The only thing that happens."


def test_no_reason_speaks_of_points() -> None:
    moments = [measured(i, "pair", importance=3.0 + i % 3) for i in range(40)]
    for choice in choose(moments, ReelSettings()).choices:
        assert "10" not in choice.reason
        assert choice.reason.endswith(".")
