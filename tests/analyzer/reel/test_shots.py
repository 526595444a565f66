"""Shots: one for each event of a window, tight around its peaks and never in its middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reel.records import Span
from analyzer.reel.shots import LEAD_S, MARGIN_S, MAX_SHOT_S, TAIL_S, shots
from analyzer.signal.activity import Activity, Mover
from analyzer.signal.window import Keyframe, Window
from tests.kit.records.windows import STEP_S, measured


def window(
    *events: tuple[float, float, float], peaks: Sequence[tuple[float, float]] = (), cuts: Sequence[float] = ()
) -> Window:
    """The window from 20 to 30 s; events are (start, end, height), with a keyframe in the middle of each."""
    signal = [20.0] * 50
    keyframes = [Keyframe(at_s, value) for at_s, value in peaks]
    for start_s, end_s, value in events:
        for step in range(round((start_s - 20) / STEP_S), round((end_s - 20) / STEP_S)):
            signal[step] = value
        keyframes.append(Keyframe((start_s + end_s) / 2, value))
    keyframes.sort(key=lambda keyframe: keyframe.pts_s)
    empty = measured(2, [(1.0, 500.0)])
    activity = Activity(cuts=tuple(cuts))
    return replace(empty, keyframes=tuple(keyframes), signal=tuple(signal), activity=activity)


def near(span: Span, start_s: float, end_s: float) -> bool:
    return [span.start_s, span.end_s] == pytest.approx([start_s, end_s])


def test_a_shot_leads_up_to_its_event_and_follows_it() -> None:
    (shot,) = shots(window((24.0, 25.2, 500.0)))
    assert near(shot.event, 24.0 - MARGIN_S, 25.2 + MARGIN_S)
    assert near(shot.full, 24.6 - LEAD_S, 24.6 + TAIL_S)
    assert shot.ends


def test_a_long_event_is_not_cut_in_its_middle() -> None:
    (shot,) = shots(window((22.0, 28.0, 500.0)))
    assert near(shot.full, 22.0 - MARGIN_S, 28.0 + MARGIN_S)


def test_each_event_is_a_shot_of_its_own() -> None:
    first, second = shots(window((21.0, 22.0, 500.0), (26.0, 27.0, 300.0)))
    assert first.full.end_s < second.full.start_s
    assert [first.value, second.value] == [1.0, 0.6]


def test_a_short_calm_does_not_end_an_event() -> None:
    (shot,) = shots(window((22.0, 23.0, 500.0), (23.8, 25.0, 300.0)))
    assert near(shot.event, 22.0 - MARGIN_S, 25.0 + MARGIN_S)


def test_what_is_small_compared_with_the_windows_peak_is_left_out() -> None:
    """A shadow of 3 % of the peak is not to pull the chapter seconds early."""
    (shot,) = shots(window((21.4, 21.8, 300.0), (26.0, 27.4, 10_000.0)))
    assert shot.full.start_s > 25.0
    assert len(shots(window((21.4, 21.8, 500.0), (26.0, 27.4, 10_000.0)))) == 2


def test_a_hard_cut_begins_an_event() -> None:
    """Two scenes that both move are two shots, each with its own peak."""
    moving = window((22.0, 28.0, 500.0), peaks=[(25.4, 900.0)], cuts=[25.4])
    moving = replace(moving, keyframes=(Keyframe(23.0, 700.0), Keyframe(25.4, 900.0)))
    first, second = shots(moving)
    assert first.event.end_s < 25.4 + MARGIN_S + 1e-9
    assert second.core.holds(25.4)


def test_a_keyframe_outside_of_all_activity_is_an_event() -> None:
    first, second = shots(window((26.0, 27.0, 500.0), peaks=[(22.0, 400.0)]))
    assert first.core.holds(22.0)
    assert second.core.holds(26.5)


def test_what_goes_on_all_the_time_cannot_be_shown_whole() -> None:
    (shot,) = shots(window((20.0, 30.0, 500.0)))
    assert not shot.ends
    assert shot.full.length_s == pytest.approx(MAX_SHOT_S)


def busy(*movers: tuple[float, float, float]) -> Window:
    """A window in which all goes on; movers are (start, end, share). Its highest peak is at 21 s."""
    peaks = [(21.0, 900.0), (25.0, 500.0), (27.0, 700.0), (27.8, 600.0)]
    made = replace(window((20.0, 30.0, 400.0)), keyframes=tuple(Keyframe(*each) for each in peaks))
    found = tuple(Mover(start_s, end_s, 0.1, 0.9, 0.9, 0.1, share) for start_s, end_s, share in movers)
    return replace(made, activity=Activity(movers=found))


CARS = [(20.0, 25.0, 0.02), (22.0, 28.0, 0.03), (24.0, 29.0, 0.03)]


def test_in_traffic_a_shot_is_cut_around_the_truck_that_passes() -> None:
    """The signal is the sum of all that moves: it is highest elsewhere."""
    (shot,) = shots(busy(*CARS, (20.0, 30.0, 0.1), (26.0, 29.5, 0.1)))
    assert shot.core.holds(27.0)
    assert not shot.core.holds(21.0)
    assert shot.value == 1.0


@pytest.mark.parametrize(
    "movers",
    [
        [],
        CARS,
        [*CARS, (26.0, 29.5, 0.04)],
        [*CARS, (20.0, 30.0, 0.2)],
        [*CARS, (28.5, 29.5, 0.2)],
    ],
    ids=["no movers", "all alike", "hardly larger", "there all the time", "no peak of its own"],
)
def test_where_nothing_stands_out_a_shot_is_cut_around_the_highest_peak(
    movers: list[tuple[float, float, float]],
) -> None:
    (shot,) = shots(busy(*movers))
    assert shot.core.holds(21.0)


def test_an_event_that_ends_is_cut_around_its_highest_peak() -> None:
    """Another large mover changes nothing: the whole event is shown where there is room."""
    ending = replace(busy(*CARS, (26.0, 29.5, 0.1)), signal=(20.0,) * 4 + (400.0,) * 36 + (20.0,) * 10)
    shot, *_ = shots(ending)
    assert shot.ends
    assert shot.core.holds(21.0)


def test_a_window_without_keyframes_shows_its_middle() -> None:
    (shot,) = shots(measured(2))
    assert shot.core.holds(25.0)


@st.composite
def any_window(draw: st.DrawFn) -> Window:
    """A window of any length with any signal and peaks, which need not agree."""
    length_s = draw(st.floats(0.5, 10.0))
    values = st.floats(0.0, 1000.0)
    peaks = draw(st.lists(st.tuples(st.floats(0.0, 0.99), values), min_size=1, max_size=12))
    keyframes = sorted((20.0 + share * length_s, value) for share, value in peaks)
    signal = draw(st.lists(values, max_size=int(length_s / STEP_S)))
    cuts = tuple(sorted(draw(st.lists(st.floats(20.0, 20.0 + length_s), max_size=3))))
    return replace(
        measured(2, [(1.0, 500.0)]),
        end_s=20.0 + length_s,
        keyframes=tuple(Keyframe(at_s, value) for at_s, value in keyframes),
        signal=tuple(signal),
        activity=Activity(cuts=cuts),
    )


@given(any_window(), st.floats(0.0, 12.0))
def test_shots_lie_in_their_window_each_span_around_the_one_before(made: Window, length_s: float) -> None:
    found = shots(made)
    highest = max(keyframe.value for keyframe in made.keyframes)
    assert highest == max(keyframe.value for shot in found for keyframe in shot.keyframes)
    assert max(shot.value for shot in found) == (1.0 if highest else 0.0)
    for before, after in pairwise(found):
        assert before.keyframes[-1].pts_s <= after.keyframes[0].pts_s
    for shot in found:
        best_s = max(shot.keyframes, key=lambda k: k.value).pts_s
        spans = [shot.core, shot.event, shot.full]
        for inner, outer in pairwise([*spans, Span(made.start_s, made.end_s)]):
            assert outer.start_s - 1e-6 <= inner.start_s <= inner.end_s <= outer.end_s + 1e-6
        assert shot.core.holds(best_s)
        assert shot.full.length_s <= MAX_SHOT_S + 1e-6
        part = shot.of_length(length_s)
        wanted_s = min(max(length_s, shot.core.length_s), shot.full.length_s)
        assert part.length_s == pytest.approx(wanted_s, abs=1e-6)
        assert part.start_s - 1e-6 <= shot.core.start_s <= shot.core.end_s <= part.end_s + 1e-6


def test_a_peak_of_sound_is_a_shot_of_its_own_even_where_nothing_moves() -> None:
    still = replace(window(), keyframes=(Keyframe(24.0, 0.0, sound=0.7),), peaks=())
    (shot,) = shots(still)
    assert shot.core.holds(24.0)
    assert shot.full.holds(23.1)
    assert shot.full.holds(24.9)
    assert shot.value == 0.7


def test_a_shot_is_cut_around_the_louder_of_two_equal_movements() -> None:
    moving = window((21.0, 22.0, 500.0), (26.0, 27.0, 500.0))
    first, second = moving.keyframes
    loud = replace(moving, keyframes=(first, replace(second, sound=0.9)))
    assert [shot.value for shot in shots(loud)] == [1.0, 1.9]


def test_a_faint_movement_is_shown_where_it_is_loud() -> None:
    faint = window((21.0, 22.0, 10_000.0), (26.0, 26.4, 150.0))
    first, second = faint.keyframes
    assert len(shots(faint)) == 1
    assert len(shots(replace(faint, keyframes=(first, replace(second, sound=0.5))))) == 2


def test_an_event_that_goes_on_in_the_next_window_is_followed_there() -> None:
    own, after = window((28.0, 30.0, 500.0)), measured(3, [])
    after = replace(after, signal=tuple(500.0 if step < 7 else 20.0 for step in range(50)))
    (alone,) = shots(own)
    (followed,) = shots(own, [after])
    assert near(alone.full, 28.0 - MARGIN_S, 30.0)
    assert near(followed.full, 28.0 - MARGIN_S, 31.4 + MARGIN_S)
    assert followed.ends


def test_an_event_that_began_in_the_window_before_is_shown_from_its_beginning() -> None:
    own, before = window((20.0, 21.0, 500.0)), measured(1, [])
    before = replace(before, signal=tuple(500.0 if step >= 45 else 20.0 for step in range(50)))
    (shot,) = shots(own, [before])
    assert shot.event.start_s == pytest.approx(19.0 - MARGIN_S)


def test_a_shot_reaches_no_further_than_the_middle_of_a_neighbour() -> None:
    own, after = window((29.0, 30.0, 500.0)), replace(measured(3, []), signal=(500.0,) * 50)
    (shot,) = shots(own, [after])
    assert shot.full.end_s <= 35.0
    assert shot.full.length_s <= MAX_SHOT_S
