"""A reel is never longer than its limit; what gives way first are the shots' lengths."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reel.choose import Chosen
from analyzer.reel.length import Limit, fit_clips, fit_slides
from analyzer.reel.records import Choice
from analyzer.reel.shots import AFTER_SPEECH_S, CORE_LEAD_S, CORE_TAIL_S, MARGIN_S, shots
from analyzer.signal.sound.record import Sound, Speech
from analyzer.signal.window import Clip, Keyframe, Window
from tests.kit.records.moments import moment

CORE_S = CORE_LEAD_S + CORE_TAIL_S


def choice(index: int, *events: tuple[float, float, float], importance: float = 5.0) -> Choice:
    """The window ``index``; events are (second in the window, length, height)."""
    told = moment(index, importance=importance, title=f"Title {index}")
    signal = [20.0] * 50
    keyframes = []
    for at_s, length_s, value in events:
        for step in range(round(at_s / 0.2), round((at_s + length_s) / 0.2)):
            signal[step] = value
        keyframes.append(Keyframe(index * 10 + at_s + length_s / 2, value))
    window = replace(told.window, signal=tuple(signal), keyframes=tuple(keyframes))
    return Choice(replace(told, window=window), "strongest")


def chosen(*choices: Choice) -> Chosen:
    return Chosen(choices, ("a proposal was changed",))


def length_s(fitted: Chosen) -> float:
    return sum(span.length_s for each in fitted.choices for span in each.spans)


def shown(fitted: Chosen) -> list[int]:
    return [each.moment.window.index for each in fitted.choices]


def test_with_room_all_is_shown_in_full() -> None:
    one = chosen(choice(0, (2, 1, 500)), choice(3, (3, 4, 500)))
    fitted = fit_clips(one, Limit(90.0))
    assert [len(each.spans) for each in fitted.choices] == [1, 1]
    assert length_s(fitted) == pytest.approx(2.0 + 4.0 + 2 * MARGIN_S)
    assert fitted.changed == one.changed


def crossing(file_start_s: float) -> tuple[Chosen, Window]:
    """An event from 8 to 11.4 s whose first window is chosen; the second one's clip begins then."""
    one, after = choice(0, (8, 2, 500)), choice(1, (0, 1.4, 500)).moment.window
    own = replace(one.moment.window, clip=Clip(Path("0.mp4"), 0.0))
    return (
        chosen(replace(one, moment=replace(one.moment, window=own))),
        replace(after, clip=Clip(Path("1.mp4"), file_start_s)),
    )


def test_an_event_that_goes_on_is_shown_from_its_neighbours_clip() -> None:
    one, after = crossing(file_start_s=8.6)
    (fitted,) = fit_clips(one, Limit(90.0), [one.choices[0].moment.window, after]).choices
    assert fitted.spans[-1].end_s == pytest.approx(11.4 + MARGIN_S)
    assert fitted.neighbours == (after,)


def test_an_event_ends_at_the_border_where_the_neighbours_clip_has_lost_its_beginning() -> None:
    one, after = crossing(file_start_s=10.5)
    (fitted,) = fit_clips(one, Limit(90.0), [after]).choices
    assert (fitted.spans[-1].end_s, fitted.neighbours) == (10.0, ())


def test_a_neighbour_that_is_not_needed_is_not_named() -> None:
    one, after = crossing(file_start_s=10.0)
    early = chosen(replace(choice(0, (2, 1, 500)), moment=one.choices[0].moment))
    still = replace(early.choices[0].moment.window, signal=(20.0,) * 50, keyframes=(Keyframe(3.0, 500.0),))
    early = chosen(replace(early.choices[0], moment=replace(early.choices[0].moment, window=still)))
    assert fit_clips(early, Limit(90.0), [after]).choices[0].neighbours == ()


def test_shots_are_shortened_before_any_is_left_out() -> None:
    four = chosen(*(choice(i, (2, 5, 500)) for i in range(4)))
    fitted = fit_clips(four, Limit(8.0))
    assert shown(fitted) == [0, 1, 2, 3]
    assert length_s(fitted) == pytest.approx(8.0)
    for each in fitted.choices:
        assert each.spans[0].holds(each.moment.window.keyframes[0].pts_s)


def test_short_events_are_shown_whole_before_long_ones() -> None:
    fitted = fit_clips(chosen(choice(0, (2, 6, 500)), choice(1, (2, 1, 500))), Limit(5.0))
    (long,), (short,) = (each.spans for each in fitted.choices)
    assert short.start_s <= 12.0
    assert short.end_s >= 13.0
    assert long.length_s < 6


def test_the_least_important_go_when_no_shot_can_be_shorter() -> None:
    three = chosen(
        choice(0, (2, 2, 500)), choice(1, (2, 2, 500), importance=2.0), choice(2, (2, 2, 500), importance=8.0)
    )
    fitted = fit_clips(three, Limit(2 * CORE_S + 0.1))
    assert shown(fitted) == [0, 2]
    assert fitted.changed[-1] == 'Left out "Title 1": the reel lasts at most 3 seconds.'


def test_of_several_events_of_a_window_the_lowest_go_first() -> None:
    two = chosen(choice(0, (1, 1, 900), (6, 1, 300)), choice(1, (1, 1, 100), importance=1.0))
    fitted = fit_clips(two, Limit(2 * CORE_S + 0.1))
    assert shown(fitted) == [0, 1]
    (span,) = fitted.choices[0].spans
    assert span.holds(1.5)


def test_a_short_limit_may_be_exceeded_to_show_one_event_whole() -> None:
    """A quarter of a file of 10 s is 2.5 s: less than its one event."""
    one = chosen(choice(0, (2, 4, 500)))
    (whole,) = fit_clips(one, Limit(2.5, whole=True)).choices[0].spans
    assert [whole.start_s, whole.end_s] == pytest.approx([2 - MARGIN_S, 6 + MARGIN_S])
    assert length_s(fit_clips(one, Limit(2.5))) == pytest.approx(2.5)


def test_shots_that_nearly_touch_are_one_where_there_is_room() -> None:
    two = chosen(choice(0, (2, 1, 500), (5, 1, 500)))
    assert len(fit_clips(two, Limit(90.0)).choices[0].spans) == 1
    assert len(fit_clips(two, Limit(3.0)).choices[0].spans) == 2


@st.composite
def any_chosen(draw: st.DrawFn) -> Chosen:
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - data for tests, not secrets
    choices = []
    for index in range(random.randrange(1, 11)):
        starts = sorted(random.sample(range(9), random.randrange(1, 5)))
        ends = [*starts[1:], 10]
        events = [
            (a, random.uniform(0.2, b - a), random.uniform(50, 900))
            for a, b in zip(starts, ends, strict=True)
        ]
        choices.append(choice(index, *events, importance=random.uniform(0, 10)))
    return chosen(*choices)


@given(one=any_chosen(), max_s=st.floats(1.0, 120.0), whole=st.booleans())
def test_the_limit_holds_and_each_choice_that_is_left_shows_its_highest_peak(
    one: Chosen, max_s: float, *, whole: bool
) -> None:
    fitted = fit_clips(one, Limit(max_s, whole=whole))
    assert fitted.choices
    longest_s = max(shot.event.length_s for each in one.choices for shot in shots(each.moment.window))
    assert length_s(fitted) <= max(max_s + (longest_s if whole else 0.0), CORE_S) + 1e-6
    assert len(fitted.changed) == 1 + len(one.choices) - len(fitted.choices)
    for each in fitted.choices:
        window = each.moment.window
        best_s = max(window.keyframes, key=lambda k: k.value).pts_s
        assert any(span.holds(best_s) for span in each.spans)
        for before, after in pairwise(each.spans):
            assert before.end_s < after.start_s
        assert each.spans[0].start_s >= window.start_s
        assert each.spans[-1].end_s <= window.end_s


@given(any_chosen(), st.floats(1.0, 120.0))
def test_a_longer_limit_never_shows_less(one: Chosen, max_s: float) -> None:
    shorter, longer = fit_clips(one, Limit(max_s)), fit_clips(one, Limit(max_s * 1.5))
    assert length_s(shorter) <= length_s(longer) + 1e-6
    assert len(shorter.choices) <= len(longer.choices)


@given(any_chosen(), st.floats(0.5, 30.0), st.floats(0.2, 1.0))
def test_a_slideshow_holds_its_limit_and_shows_the_highest_keyframes(
    one: Chosen, max_s: float, hold_s: float
) -> None:
    fitted = fit_slides(one, Limit(max_s), hold_s)
    count = sum(len(each.spans) for each in fitted.choices)
    assert count * hold_s <= max(max_s, hold_s) + 1e-6
    for each in fitted.choices:
        best_s = max(each.moment.window.keyframes, key=lambda k: k.value).pts_s
        assert any(span.holds(best_s) for span in each.spans)


def spoken(it: Choice, *spans: tuple[float, float]) -> Choice:
    """The choice with speech in these spans (media time)."""
    speech = tuple(Speech(start_s, end_s) for start_s, end_s in spans)
    window = replace(it.moment.window, sound=Sound(-20.0, -45.0, -35.0, speech=speech))
    return replace(it, moment=replace(it.moment, window=window))


def test_nothing_is_cut_in_mid_word_where_a_pause_is_near() -> None:
    """Each end moves to the nearer pause: in or out."""
    event = choice(0, (4, 0.2, 500))
    (plain,) = fit_clips(chosen(event), Limit(90.0)).choices[0].spans
    said = spoken(event, (plain.start_s - 0.5, plain.start_s + 0.4), (plain.end_s - 0.2, plain.end_s + 1.2))
    (span,) = fit_clips(chosen(said), Limit(90.0)).choices[0].spans
    assert span.start_s == pytest.approx(plain.start_s + 0.4)
    assert span.end_s == pytest.approx(plain.end_s - 0.2)
    said = spoken(event, (plain.start_s - 0.5, plain.end_s + 1.2))
    (span,) = fit_clips(chosen(said), Limit(90.0)).choices[0].spans
    assert span.start_s == pytest.approx(plain.start_s - 0.5)
    assert span.end_s == pytest.approx(plain.end_s + 1.2 + AFTER_SPEECH_S)


def test_an_end_stays_where_no_pause_is_near_or_the_reel_is_full() -> None:
    event = choice(0, (4, 0.2, 500))
    plain = fit_clips(chosen(event), Limit(90.0)).choices[0].spans
    far = spoken(event, (plain[0].start_s - 1.6, plain[0].end_s + 1.6))
    assert fit_clips(chosen(far), Limit(90.0)).choices[0].spans == plain
    near = spoken(event, (plain[0].start_s - 0.5, plain[0].end_s + 0.5))
    assert fit_clips(chosen(near), Limit(plain[0].length_s)).choices[0].spans == plain


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0.3, 4)), max_size=4), st.floats(2, 12))
def test_with_speech_a_reel_is_no_longer_than_its_limit_and_shows_its_peaks(
    said: list[tuple[float, float]], max_s: float
) -> None:
    spans: list[tuple[float, float]] = []
    for start_s, lasts_s in sorted(said):
        if not spans or start_s > spans[-1][1] + 0.4:
            spans.append((start_s, min(10.0, start_s + lasts_s)))
    one = spoken(choice(0, (1, 1, 500), (7, 0.6, 300)), *spans)
    fitted = fit_clips(chosen(one, choice(3, (4, 2, 500))), Limit(max_s))
    assert length_s(fitted) <= max_s + 1e-6
    for each in fitted.choices:
        window = each.moment.window
        assert all(before.end_s <= after.start_s for before, after in pairwise(each.spans))
        assert all(window.start_s <= it.start_s < it.end_s <= window.end_s for it in each.spans)
        best = max(window.keyframes, key=lambda keyframe: keyframe.value)
        assert any(it.holds(best.pts_s) for it in each.spans)
