"""The measurements are described, in good English, and nothing else."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.describe.builtin.describer import BuiltinDescriber, importance
from analyzer.describe.describer import Describer
from analyzer.describe.moment import MAX_TITLE_CHARS, Moment
from analyzer.signal.activity import Activity, LightChange, Mover
from analyzer.signal.window import Window
from tests.kit.records.moments import active, mover

LEFT_TO_RIGHT = mover((1.0, 5.0), x=(0.05, 0.95))
RIGHT_TO_LEFT = mover((1.0, 5.0), x=(0.95, 0.05), y=(0.7, 0.7))
INVENTED = re.compile(
    r"\b(person|people|man|woman|men|women|child|someone|somebody|who|car|cars|vehicle|lorry|truck|dog|cat|"
    r"animal|bird|ball|walk\w*|run\w*|driv\w*|camera)\b",
    re.IGNORECASE,
)


def tell(window: Window) -> Moment:
    describer: Describer = BuiltinDescriber()
    return asyncio.run(describer.describe(window))


def activity(*movers: Mover, share: float = 0.03, active_s: float = 5.0) -> Activity:
    return Activity(active_s=active_s, share=share, movers=movers)


def random_activity(random: Random, start_s: float) -> Activity:
    """Any measurements that a window of ten seconds may hold, the odd ones often."""

    def place() -> float:
        return random.choice([0.0, 0.5, 1.0, random.random()])

    def any_mover() -> Mover:
        first, last = sorted(start_s + random.uniform(0, 10) for _ in range(2))
        x0, x1 = place(), place()
        y0, y1 = place(), random.choice([place(), place()])
        turn = random.choice([None, None, None, (place(), place())])
        return Mover(first, last, x0, y0, x1, y1, 10 ** random.uniform(-3.5, 0), turn)

    return Activity(
        active_s=random.uniform(0, 10),
        share=random.choice([0.0, 1.0, 10 ** random.uniform(-4, 0)]),
        movers=tuple(any_mover() for _ in range(random.choice([0, 1, 1, 2, 2, 3, 6, 12]))),
        cuts=tuple(sorted(start_s + random.uniform(0, 10) for _ in range(random.choice([0, 0, 0, 1, 2, 9])))),
        light=tuple(
            LightChange(start_s + at_s, random.choice([-80.0, -13.0, 13.0, 200.0]))
            for at_s in sorted(random.uniform(0, 10) for _ in range(random.choice([0, 0, 0, 1, 2, 5])))
        ),
    )


any_window = st.tuples(st.integers(0, 2**32), st.integers(0, 50)).map(
    lambda drawn: active(drawn[1], random_activity(Random(drawn[0]), 10.0 * drawn[1]))  # noqa: S311 - test data
)


@given(any_window)
def test_titles_fit_and_texts_are_one_to_three_sentences(window: Window) -> None:
    moment = tell(window)
    assert 0 < len(moment.title) <= MAX_TITLE_CHARS
    assert "\n" not in moment.title + moment.text
    assert 1 <= len(re.findall(r"[.!?](?= |$)", moment.text)) <= 3


@given(any_window)
def test_the_english_is_well_formed(window: Window) -> None:
    moment = tell(window)
    for text in (moment.title, moment.text):
        assert text[0].isupper()
        assert text == text.strip()
        assert not re.search(r"  |,,|\.\.| [,.;]|\bnone\b|\bNone\b", text), text
        assert not re.search(r"\b(\w+) \1\b", text), text
        assert not re.search(r"\bone (movers|hard cuts)\b|\b(two|three|nine) mover\b", text, re.IGNORECASE), (
            text
        )
        assert not re.search(r"\ba [aeio]\w+\b", text.lower()), text
        assert not re.search(r"\bthe first a\b|\b(one|1|a) (seconds|times|cuts|movers)\b", text.lower()), text
        assert not re.search(r"[,;:](?=[.!?]|$)|[.!?]{2}|[,;:]{2}| [.,;:!?]|\(\)", text), text
    assert not re.search(r"[.,;:!?]$", moment.title), moment.title
    assert moment.text.endswith(".")
    assert all(sentence[0].isupper() for sentence in moment.text.split(". "))


@given(any_window)
def test_no_object_is_ever_named(window: Window) -> None:
    moment = tell(window)
    assert not INVENTED.search(f"{moment.title} {moment.text}"), moment.text


@given(any_window)
def test_importance_and_tags_are_within_their_bounds(window: Window) -> None:
    moment = tell(window)
    assert 0.0 <= moment.importance <= 10.0
    assert all(re.fullmatch(r"[a-z-]+", tag) for tag in moment.tags)
    assert len(set(moment.tags)) == len(moment.tags)


@given(any_window)
def test_a_description_is_the_same_on_every_run(window: Window) -> None:
    assert replace(tell(window), latency_s=0.0) == replace(tell(window), latency_s=0.0)


@pytest.mark.parametrize(
    ("x", "y", "words", "tag"),
    [
        ((0.05, 0.95), (0.5, 0.5), "left to right", "left-to-right"),
        ((0.95, 0.05), (0.5, 0.5), "right to left", "right-to-left"),
        ((0.5, 0.5), (0.05, 0.95), "top to bottom", "down"),
        ((0.5, 0.5), (0.95, 0.05), "bottom to top", "up"),
        ((0.1, 0.9), (0.9, 0.1), "towards the upper right", "towards-the-upper-right"),
    ],
)
def test_the_way_is_the_measured_one(
    x: tuple[float, float], y: tuple[float, float], words: str, tag: str
) -> None:
    for index in range(8):
        start_s = 10.0 * index
        moment = tell(active(index, activity(mover((start_s + 1, start_s + 5), x, y))))
        assert words in moment.title
        assert words in moment.text
        assert tag in moment.tags


def test_movers_are_counted_up_to_three() -> None:
    lanes = [mover((1.0, 5.0), x=(0.05, 0.95), y=(y / 10, y / 10)) for y in range(1, 9)]
    for count, words, tag in (
        (2, "two movers", "pair"),
        (3, "three movers", "several"),
        (5, "several movers", "several"),
        (8, "many movers", "many"),
    ):
        moment = tell(active(0, activity(*lanes[:count])))
        assert words in moment.text.lower()
        assert words in moment.title.lower()
        assert tag in moment.tags


@given(any_window)
def test_no_more_movers_are_stated_than_were_there_at_the_same_time(window: Window) -> None:
    moment = tell(window)
    for text in (moment.title, moment.text):
        for words in re.findall(r"(two|three|several|many) movers", text.lower()):
            least = {"two": 2, "three": 3, "several": 4, "many": 7}[words]
            assert least <= window.activity.at_once, text
    counted = {"single": {1}, "in-turn": {1}, "pair": {2}, "several": {3, 4, 5, 6}, "many": set(range(7, 13))}
    tags = counted.keys() & set(moment.tags)
    assert len(tags) == bool(window.activity.movers)
    assert all(window.activity.at_once in counted[tag] for tag in tags)


def test_two_in_turn_are_described_without_a_number() -> None:
    for index in range(6):
        first = mover((10.0 * index + 1, 10.0 * index + 3), x=(0.05, 0.95))
        second = mover((10.0 * index + 6, 10.0 * index + 8), x=(0.95, 0.05))
        moment = tell(active(index, activity(first, second)))
        assert not re.search(r"\b(two|both|movers)\b", f"{moment.title} {moment.text}")
        assert moment.text.index("left to right") < moment.text.index("right to left")
        assert "in-turn" in moment.tags


def test_one_that_turns_back_is_described_as_such() -> None:
    for index in range(6):
        there = replace(mover((10.0 * index + 1, 10.0 * index + 7), x=(0.1, 0.12)), turn=(0.8, 0.5))
        moment = tell(active(index, activity(there)))
        assert "the right" in moment.text
        assert "back" in moment.text
        assert "back" in moment.title
        assert "there-and-back" in moment.tags


def test_opposite_ways_are_described_as_such() -> None:
    for index in range(6):
        moved = [
            replace(each, start_s=each.start_s + 10 * index, end_s=each.end_s + 10 * index)
            for each in (LEFT_TO_RIGHT, RIGHT_TO_LEFT)
        ]
        text = tell(active(index, activity(*moved))).text
        assert "left to right" in text
        assert "right to left" in text


def test_a_cut_comes_first_with_its_time() -> None:
    moment = tell(active(0, Activity(active_s=1.0, share=0.0, cuts=(4.1,))))
    assert "cut" in moment.title.lower()
    assert "four seconds" in moment.text
    assert moment.tags[0] == "cut"


@pytest.mark.parametrize(("levels", "words"), [(-40.0, ("dark", "down")), (40.0, ("bright", "up"))])
def test_light_is_described_by_its_sign(levels: float, words: tuple[str, ...]) -> None:
    for index in range(6):
        light = (LightChange(10.0 * index + 3.0, levels),)
        moment = tell(active(index, Activity(active_s=0.5, light=light)))
        assert any(word in moment.title for word in words)
        assert "three seconds" in moment.text.lower()
        assert "light" in moment.tags


def test_a_flash_is_not_called_a_fade() -> None:
    light = (LightChange(3.0, 90.0), LightChange(3.2, -90.0))
    assert "flash" in tell(active(0, Activity(active_s=0.5, light=light))).text


def test_where_nothing_could_be_followed_no_mover_is_described() -> None:
    for index in range(6):
        assert "mover" not in tell(active(index, Activity(active_s=1.0, share=0.004))).text


def test_windows_in_a_row_are_worded_differently() -> None:
    moments = [
        tell(active(i, activity(mover((10.0 * i + 1, 10.0 * i + 5), x=(0.05, 0.95))))) for i in range(24)
    ]
    assert len({moment.text.split(". ")[0] for moment in moments}) >= 8
    assert sum(a.title == b.title for a, b in pairwise(moments)) <= 4


def test_it_takes_the_clock_and_the_models_place() -> None:
    describer = BuiltinDescriber()
    moment = tell(active(0, activity(LEFT_TO_RIGHT)))
    assert moment.model == describer.model == "builtin"
    assert moment.latency_s >= 0.0
    asyncio.run(describer.close())
    asyncio.run(describer.close())


any_activity = st.builds(lambda seed: random_activity(Random(seed), 0.0), st.integers(0, 2**32))  # noqa: S311 - test data


@given(any_activity, st.floats(0, 1), st.floats(0, 10))
def test_importance_never_falls_when_more_is_measured(
    measured: Activity, share: float, active_s: float
) -> None:
    base = importance(measured, 10.0)
    more = (
        replace(measured, share=min(1.0, measured.share + share)),
        replace(measured, active_s=min(10.0, measured.active_s + active_s)),
        replace(measured, movers=(*measured.movers, LEFT_TO_RIGHT)),
        replace(measured, cuts=(*measured.cuts, 5.0)),
        replace(measured, light=(*measured.light, LightChange(5.0, 40.0))),
    )
    assert all(importance(each, 10.0) >= base for each in more)


def test_importance_spreads_over_the_scale() -> None:
    flicker = importance(Activity(active_s=0.4, share=0.0008), 10.0)
    far_walker = importance(activity(mover((0, 6), x=(0.2, 0.6)), share=0.004, active_s=6), 10.0)
    lorry = importance(activity(mover((0, 8), x=(0.0, 1.0)), share=0.25, active_s=8), 10.0)
    crowd = importance(activity(*[LEFT_TO_RIGHT] * 8, share=0.3, active_s=10), 10.0)
    assert flicker < 1.0
    assert 2.0 < far_walker < 4.0 < lorry < 8.0 < crowd


def test_a_window_without_length_is_of_no_duration() -> None:
    assert importance(Activity(), 0.0) == 0.0
