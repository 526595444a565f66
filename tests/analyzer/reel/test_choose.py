"""The rules hold for any proposal, and each repair is stated."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.describe.moment import Moment
from analyzer.reel.choose import STRETCH, Chosen, Pick, Proposal, choose, in_order
from analyzer.reel.settings import ReelSettings
from tests.kit.records.moments import moment

RULES = ReelSettings()

Case = tuple[list[Moment], ReelSettings, Proposal | None]


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    """Moments of three cameras, bounds, and a proposal of known, unknown and repeated ids, or none.

    Drawn from a seed: a strategy for each field of each moment takes a hundred times as long.
    """
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - data for tests, not secrets
    slots = random.sample(range(120), draw(st.integers(0, 75)))
    moments = [
        moment(
            slot // 3,
            camera=("front", "back", "yard")[slot % 3],
            importance=random.choice([random.uniform(0, 10), 5.0]),
            tags=random.sample(["cut", "light", "large", "pair"], random.randrange(3)),
        )
        for slot in slots
    ]
    least = draw(st.integers(1, 12))
    rules = ReelSettings(min_chapters=least, max_chapters=least + draw(st.integers(0, 6)))
    if not draw(st.booleans()):
        return moments, rules, None
    ids = ["unknown", "", "line\nbreak", *(each.window.id for each in moments)]
    count = draw(st.integers(0, 30))
    reasons = ["it matters", " two\nlines ", "", "  "]
    picks = tuple(Pick(random.choice(ids), random.choice(reasons)) for _ in range(count))
    return moments, rules, Proposal(picks)


def picked(moments: list[Moment], chosen: Chosen) -> list[int]:
    """Where the choices stand among all moments, in the order of the choices."""
    place = {each.window.id: i for i, each in enumerate(in_order(moments))}
    return [place[choice.moment.window.id] for choice in chosen.choices]


def triples(places: list[int]) -> int:
    return sum(i + 1 in places and i + 2 in places for i in places)


@given(any_case())
def test_the_number_of_chapters_is_within_bounds_or_all_there_are(case: Case) -> None:
    moments, rules, proposal = case
    count = len(choose(moments, rules, proposal).choices)
    assert min(len(moments), rules.min_chapters) <= count <= rules.max_chapters
    assert count == len(moments) or len(moments) > rules.min_chapters


@given(any_case())
def test_choices_are_in_time_order_and_none_comes_twice(case: Case) -> None:
    moments, rules, proposal = case
    places = picked(moments, choose(moments, rules, proposal))
    assert all(a < b for a, b in pairwise(places))


@given(any_case())
def test_the_closing_moment_is_always_chosen(case: Case) -> None:
    moments, rules, proposal = case
    if moments:
        assert picked(moments, choose(moments, rules, proposal))[-1] == len(moments) - 1


@given(any_case())
def test_one_of_every_five_is_chosen_where_the_maximum_allows(case: Case) -> None:
    moments, rules, proposal = case
    places = [-1, *picked(moments, choose(moments, rules, proposal)), len(moments)]
    if len(moments) <= STRETCH * rules.max_chapters:
        assert max((b - a for a, b in pairwise(places)), default=0) <= STRETCH


@given(any_case())
def test_each_equal_stretch_gives_one_where_the_maximum_is_too_small(case: Case) -> None:
    moments, rules, proposal = case
    n, count = len(moments), rules.max_chapters
    if n > STRETCH * count:
        places = picked(moments, choose(moments, rules, proposal))
        stretches = [range(k * n // count, (k + 1) * n // count) for k in range(count)]
        assert [sum(place in stretch for place in places) for stretch in stretches] == [1] * count


@given(any_case())
def test_no_three_are_in_a_row_when_the_maximum_forces_a_choice(case: Case) -> None:
    moments, rules, proposal = case
    n = len(moments)
    without_three = n - n // 3  # two of every three, and what is left over
    if n > rules.max_chapters and rules.min_chapters <= without_three:
        assert triples(picked(moments, choose(moments, rules, proposal))) == 0


@given(any_case())
def test_every_choice_has_a_reason(case: Case) -> None:
    moments, rules, proposal = case
    for choice in choose(moments, rules, proposal).choices:
        assert choice.reason.strip()
        assert "\n" not in choice.reason


@given(any_case())
def test_a_pick_that_is_kept_keeps_its_reason(case: Case) -> None:
    moments, rules, proposal = case
    if proposal is None:
        return
    first_said: dict[str, str] = {}
    for pick in proposal.picks:
        first_said.setdefault(pick.window_id, " ".join(pick.reason.split()))
    for choice in choose(moments, rules, proposal).choices:
        said = first_said.get(choice.moment.window.id)
        assert not said or choice.reason == said


@given(any_case())
def test_changed_has_a_line_for_each_repair_and_nothing_else(case: Case) -> None:
    moments, rules, proposal = case
    chosen = choose(moments, rules, proposal)
    if proposal is None:
        assert chosen.changed == ()
        return
    known = {each.window.id for each in moments}
    wished = {pick.window_id for pick in proposal.picks} & known
    kept = {choice.moment.window.id for choice in chosen.choices}
    dropped = len(proposal.picks) - len(wished)
    repairs = len(wished ^ kept) if wished else 1
    assert len(chosen.changed) == dropped + repairs
    assert all(line and "\n" not in line for line in chosen.changed)


@given(any_case())
def test_the_order_in_which_moments_come_does_not_matter(case: Case) -> None:
    moments, rules, proposal = case
    assert choose(moments, rules, proposal) == choose(moments[::-1], rules, proposal)


@given(any_case())
def test_what_was_chosen_is_left_as_it_is_when_proposed_again(case: Case) -> None:
    moments, rules, proposal = case
    first = choose(moments, rules, proposal)
    again = Proposal(tuple(Pick(each.moment.window.id, each.reason) for each in first.choices))
    assert choose(moments, rules, again).choices == first.choices
    assert choose(moments, rules, again).changed == () or not first.choices


def test_a_good_proposal_is_kept_whole() -> None:
    moments = [moment(i, importance=i % 3) for i in range(20)]
    wishes = [0, 3, 6, 9, 12, 15, 19]
    proposal = Proposal(tuple(Pick(f"front-0-{i:05}", f"because of {i}") for i in wishes))
    chosen = choose(moments, RULES, proposal)
    assert picked(moments, chosen) == wishes
    assert [choice.reason for choice in chosen.choices] == [f"because of {i}" for i in wishes]
    assert chosen.changed == ()


def test_repairs_state_what_was_done_and_why() -> None:
    moments = [moment(i, title=f"Title {i}") for i in range(12)]
    ids = ["front-0-00000", "front-0-00001", "front-0-00002", "front-0-00001", "no\nsuch"]
    changed = choose(moments, RULES, Proposal(tuple(Pick(each, "") for each in ids))).changed
    assert changed[0] == 'Dropped moment 2 of 12, "Title 1": it was picked twice.'
    assert changed[1] == 'Dropped "no such": there is no such moment.'
    assert any(line.startswith("Left out") and "no three in a row" in line for line in changed)
    assert 'Added moment 12 of 12, "Title 11": the closing moment is always shown.' in changed
    assert any("at least 7 chapters" in line for line in changed)


def test_the_worst_picks_are_dropped_when_there_are_too_many() -> None:
    moments = [moment(i, importance=float(i not in {4, 10})) for i in range(20)]
    wishes = [0, 2, 4, 6, 8, 10, 12, 13, 15, 16, 18, 19]
    chosen = choose(moments, RULES, Proposal(tuple(Pick(f"front-0-{i:05}", "x") for i in wishes)))
    assert picked(moments, chosen) == [i for i in wishes if i not in {4, 10}]
    assert all("at most 10 chapters" in line for line in chosen.changed)


def test_a_proposal_of_nothing_known_leaves_the_choice_to_the_ranking() -> None:
    moments = [moment(i, importance=i % 7) for i in range(30)]
    chosen = choose(moments, RULES, Proposal((Pick("nobody", "x"),)))
    assert chosen.choices == choose(moments, RULES).choices
    assert chosen.changed[-1] == "Nothing usable was proposed: the built-in ranking chose."


def test_the_ranking_takes_the_important_moments() -> None:
    moments = [moment(i, importance=9.0 if i % 4 == 1 else 2.0) for i in range(30)]
    places = picked(moments, choose(moments, RULES))
    assert {i for i in range(30) if i % 4 == 1} <= set(places)


def test_the_ranking_prefers_another_kind_to_more_of_the_same() -> None:
    moments = [moment(i, importance=6.0, tags=["pair"]) for i in range(30)]
    moments[16] = moment(16, importance=4.5, tags=["light"])
    assert 16 in picked(moments, choose(moments, RULES))


def test_cameras_are_merged_by_time_and_then_by_name() -> None:
    moments = [moment(1), moment(0), moment(0, camera="back")]
    order = [(each.window.index, each.window.camera) for each in in_order(moments)]
    assert order == [(0, "back"), (0, "front"), (1, "front")]


def test_three_in_a_row_are_left_only_where_the_minimum_leaves_no_other_way() -> None:
    moments = [moment(i) for i in range(11)]
    chosen = choose(moments, ReelSettings(min_chapters=10, max_chapters=10))
    assert len(chosen.choices) == 10
    assert choose(moments, ReelSettings(min_chapters=8, max_chapters=10)).choices != chosen.choices


@pytest.mark.parametrize(("least", "most"), [(0, 5), (5, 4), (-1, -1)])
def test_bounds_that_make_no_sense_are_refused(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="min_chapters"):
        ReelSettings(min_chapters=least, max_chapters=most)
