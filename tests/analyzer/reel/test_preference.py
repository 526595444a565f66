"""Feedback: what is like a judged moment gains or loses, and what is like none stays exactly as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.describe.moment import Moment
from analyzer.reel.block_chooser import BlockChooser
from analyzer.reel.choose import Pick, Proposal, choose, rank
from analyzer.reel.preference.feedback import Judged, Verdict, traits_of
from analyzer.reel.preference.preferences import MAX_POINTS, Preferences
from analyzer.reel.settings import ReelSettings
from analyzer.signal.activity import Activity
from base.clock import utc_after
from tests.kit.records.moments import moment, mover

RULES = ReelSettings(min_chapters=2, max_chapters=3)
RIGHT = mover((0.0, 4.0), x=(0.1, 0.9), share=0.04)
LEFT = mover((0.0, 4.0), x=(0.9, 0.1), share=0.04)
DOWN = mover((0.0, 4.0), y=(0.1, 0.9), share=0.01)


def seen(index: int, *movers: object, hours: float = 0.0, **options: object) -> Moment:
    told = moment(index, **options)  # type: ignore[arg-type]  # by name
    start = utc_after(told.window.start_utc, hours * 3600)
    activity = Activity(movers=tuple(movers))  # type: ignore[arg-type]  # movers
    return replace(told, window=replace(told.window, activity=activity, start_utc=start))


def keep(told: Moment) -> Judged:
    return Judged(traits_of(told), Verdict.KEEP)


def dull(told: Moment) -> Judged:
    return Judged(traits_of(told), Verdict.DULL)


def points(told: Moment, *judged: Judged) -> float:
    return Preferences(judged).adjust(told).points


def test_the_judged_moment_itself_gains_or_loses_all_points() -> None:
    for told in (moment(0), seen(0, RIGHT, tags=["car"]), seen(0, tags=["car"]), seen(0, DOWN)):
        assert points(told, keep(told)) == MAX_POINTS
        assert points(told, dull(told)) == -MAX_POINTS
        assert Preferences([keep(told)]).likeness(traits_of(told)) == [1.0]


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (seen(1, RIGHT, tags=["car"], camera="yard"), seen(1, RIGHT, tags=["car"])),
        (seen(1, RIGHT, tags=["car"], hours=5), seen(1, RIGHT, tags=["car"], hours=1)),
        (seen(1, RIGHT, tags=["dog"]), seen(1, RIGHT, tags=["car"])),
        (seen(1, RIGHT, tags=["car", "dog"]), seen(1, RIGHT, tags=["car"])),
        (seen(1, LEFT, tags=["car"]), seen(1, RIGHT, tags=["car"])),
        (seen(1, replace(RIGHT, share=0.004), tags=["car"]), seen(1, RIGHT, tags=["car"])),
        (seen(1, RIGHT, LEFT, DOWN, tags=["car"]), seen(1, RIGHT, tags=["car"])),
    ],
    ids=["camera", "time of day", "tags", "more tags", "direction", "size", "number"],
)
def test_each_part_of_likeness_counts(less: Moment, more: Moment) -> None:
    judged = keep(seen(0, RIGHT, tags=["car"]))
    assert points(less, judged) < points(more, judged)


def test_time_of_day_goes_around_the_clock() -> None:
    judged = keep(seen(0, hours=9.75))  # 23:45
    late, early, noon = (seen(1, hours=hours) for hours in (9.5, 10.5, 22.0))  # 23:30, 0:30, 12:00
    assert points(late, judged) > points(early, judged) > points(noon, judged)


def test_a_chance_likeness_counts_nothing() -> None:
    """Of one camera and hour, and nothing else in common."""
    assert points(seen(1, DOWN, tags=["dog"]), keep(seen(0, RIGHT, tags=["car"]))) == 0.0


def test_several_add_up_and_contradictions_cancel_out() -> None:
    told = seen(9, RIGHT, tags=["car"], hours=5)
    one, three = keep(seen(0, RIGHT, tags=["car"])), [keep(seen(i, RIGHT, tags=["car"])) for i in range(3)]
    assert 0 < points(told, one) < points(told, *three) <= MAX_POINTS
    assert points(told, one, dull(seen(1, RIGHT, tags=["car"]))) == pytest.approx(0.0, abs=0.05)


def test_the_judged_moment_that_counts_most_is_named() -> None:
    far, near = keep(seen(0, RIGHT, tags=["car"], hours=6)), keep(seen(1, RIGHT, tags=["car"]))
    adjustment = Preferences([near, far]).adjust(seen(2, RIGHT, tags=["car"]))
    assert adjustment.because == near
    assert adjustment.sentence("another") == "Like one that you kept."
    assert adjustment.sentence(near.traits.window_id) == "You kept it."
    against = Preferences([dull(seen(1, RIGHT))]).adjust(seen(2, RIGHT))
    assert against.sentence("another") == "Like one that you found dull."


def some_moments(seed: int) -> list[Moment]:
    random = Random(seed)  # noqa: S311  # data for tests
    return [
        seen(
            index,
            *random.sample([RIGHT, LEFT, DOWN], random.randrange(3)),
            camera=random.choice(["front", "yard"]),
            importance=random.uniform(0, 10),
            tags=random.sample(["car", "dog", "light"], random.randrange(3)),
        )
        for index in range(random.randrange(40))
    ]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), proposed=st.booleans())
def test_without_feedback_or_with_none_that_is_alike_the_choice_is_exactly_as_before(
    *, seed: int, proposed: bool
) -> None:
    moments = some_moments(seed)
    picks = [Pick(it.window.id, "it matters") for it in moments[::3]]
    proposal = Proposal(tuple(picks)) if proposed else None
    far = keep(seen(500, camera="elsewhere", tags=["snow"], hours=12))
    expected = choose(moments, RULES, proposal)
    assert choose(moments, RULES, proposal, Preferences()) == expected
    assert choose(moments, RULES, proposal, Preferences([far])) == expected
    assert rank(moments, 3, [0.0] * len(moments)) == rank(moments, 3)
    assert Preferences().applied(moments) == tuple(moments)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_points_stay_in_their_bounds(seed: int) -> None:
    judged = [(keep if n % 2 else dull)(it) for n, it in enumerate(some_moments(seed + 1))]
    preferences = Preferences(judged)
    for told in some_moments(seed):
        adjustment = preferences.adjust(told)
        assert -MAX_POINTS <= adjustment.points <= MAX_POINTS
        assert (adjustment.because is None) == (adjustment.points == 0)
        if adjustment.because:
            assert (adjustment.because.verdict == Verdict.KEEP) == (adjustment.points > 0)
    assert all(0 <= it.importance <= 10 for it in preferences.applied(some_moments(seed)))


def crowd() -> list[Moment]:
    """Cars, and among them people who walk the other way; the last of all closes the reel."""
    cars = [seen(i, RIGHT, importance=6.0, tags=["car"]) for i in (*range(5), *range(6, 11))]
    return [*cars[:5], seen(5, LEFT, DOWN, importance=4.5, tags=["person"]), *cars[5:]]


def chosen(preferences: Preferences) -> dict[int, str]:
    return {it.moment.window.index: it.reason for it in choose(crowd(), RULES, None, preferences).choices}


def test_a_moment_like_a_kept_one_is_chosen_and_the_reason_says_so() -> None:
    kept = Preferences([keep(seen(100, LEFT, DOWN, tags=["person"]))])
    assert chosen(kept)[5] == "Like one that you kept."
    assert "Like one that you kept." not in chosen(Preferences()).values()


def test_a_moment_like_a_dull_one_gives_way() -> None:
    moments = [seen(i, DOWN, importance=5.0 + i % 2, tags=["tree"], camera="yard") for i in range(6)]
    moments[3] = seen(3, RIGHT, importance=9.0, tags=["car"])
    rules = ReelSettings(min_chapters=2, max_chapters=2)
    against = Preferences([dull(moments[3])])
    less = replace(moments[3], importance=6.0)
    assert rank(moments, 2, [against.adjust(it).points for it in moments]) == rank(
        [less if it is moments[3] else it for it in moments], 2
    )
    assert len(choose(moments, rules, None, against).choices) == 2


def test_a_model_is_shown_the_adjusted_importance_and_blocks_are_chosen_again() -> None:
    asked: list[list[float]] = []

    async def propose(moments: Sequence[Moment]) -> Proposal | None:
        asked.append([it.importance for it in moments])
        return None

    chooser = BlockChooser(RULES, propose, block_size=6)
    moments = crowd()
    asyncio.run(chooser.choose(moments))
    first = len(asked)
    asyncio.run(chooser.choose(moments))
    assert len(asked) == first + 1, "only the last round is asked for again"
    asyncio.run(chooser.choose(moments, Preferences([keep(moments[5])])))
    assert len(asked) > first + 2, "other preferences, all blocks"
    assert any(7.5 in told for told in asked[first + 1 :])
    assert not any(7.5 in told for told in asked[: first + 1])
