"""Timestamps, without media: repaired, cut without holes, put in order, spread over a segment."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream.media.timeline import (
    closed_prefix,
    decode_times,
    evened,
    in_order,
    repaired,
    shown_between,
)

TICKS = st.integers(-(2**40), 2**40)
STAMPS = st.lists(st.tuples(st.none() | TICKS, st.none() | TICKS), max_size=30)
# Presentation order of pictures in decoding order, with what B-frames do to it.
PYRAMID = [0, 4, 2, 1, 3, 8, 6, 5, 7]


def rises(times: list[int]) -> bool:
    return all(a < b for a, b in pairwise(times))


@given(STAMPS)
def test_repaired_stamps_can_be_muxed(stamps: list[tuple[int | None, int | None]]) -> None:
    pairs = repaired(stamps)
    assert len({pts for pts, _ in pairs}) == len(stamps)
    assert rises([dts for _, dts in pairs])
    assert all(dts <= pts for pts, dts in pairs)


@given(st.permutations(range(12)), st.integers(0, 5))
def test_good_stamps_stay_as_they_are(order: list[int], delay: int) -> None:
    late = max(i - pts for i, pts in enumerate(order)) + delay
    stamps: list[tuple[int | None, int | None]] = [(pts, i - late) for i, pts in enumerate(order)]
    assert repaired(stamps) == stamps


def test_missing_stamps_are_filled_in() -> None:
    assert repaired([(0, None), (40, None), (80, None)]) == [(0, 0), (40, 40), (80, 80)]
    assert repaired([(None, 0), (None, 40), (None, 80)]) == [(0, 0), (40, 40), (80, 80)]
    assert repaired([(0, 0), (None, None), (80, 80)]) == [(0, 0), (40, 40), (80, 80)]
    assert repaired([(None, None), (None, None)]) == [(0, 0), (1, 1)]


def test_decoding_times_that_step_back_are_made_anew_from_what_is_shown() -> None:
    assert repaired([(0, 0), (80, 80), (40, 40)]) == [(0, -40), (80, 0), (40, 40)]


def test_a_time_that_is_taken_moves_to_the_next_tick() -> None:
    assert [pts for pts, _ in repaired([(10, 10), (10, 10), (11, 11)])] == [10, 11, 12]


@given(st.lists(TICKS, unique=True, max_size=30))
def test_decoding_times_are_as_late_as_they_can_be(pts: list[int]) -> None:
    dts = decode_times(pts)
    assert rises(dts)
    assert min((p - d for p, d in zip(pts, dts, strict=True)), default=0) == 0


@given(st.permutations(range(10)), st.integers(-2, 12))
def test_a_closed_prefix_holds_all_before_the_end_and_no_hole(pts: list[int], end: int) -> None:
    def closed(count: int) -> bool:
        kept, left = pts[:count], pts[count:]
        return all(p >= end for p in left) and max(kept, default=-1) < min(left, default=99)

    smallest = next((n for n in range(len(pts)) if closed(n)), None)
    assert closed_prefix(pts, end) == (smallest if end <= max(pts) else None)


@pytest.mark.parametrize(("end", "kept"), [(1, 1), (2, 5), (5, 5), (6, 9)])
def test_b_frames_are_kept_with_the_picture_that_they_need(end: int, kept: int) -> None:
    assert closed_prefix([*PYRAMID, 12], end) == kept


@given(st.lists(TICKS, max_size=30), st.integers(1, 5))
def test_times_rise_and_items_keep_their_order(times: list[int], depth: int) -> None:
    found = list(in_order(((time, i) for i, time in enumerate(times)), depth))
    assert [i for _, i in found] == list(range(len(times)))
    assert rises([time for time, _ in found])


def test_neighbours_with_exchanged_times_get_them_back() -> None:
    assert [time for time, _ in in_order([(t, t) for t in (1, 4, 6, 5, 7, 9)], 3)] == [1, 4, 5, 6, 7, 9]


def test_an_even_film_is_cut_to_the_nearest_picture() -> None:
    film = [(t, t) for t in range(0, 1000, 40)]
    assert [t for t, _, _ in shown_between(film, 119, 241, 40, 20)] == [120, 160, 200]
    assert [t for t, _, _ in shown_between(film, 121, 239, 40, 20)] == [120, 160, 200]
    assert [until for _, until, _ in shown_between(film, 120, 240, 40, 20)] == [160, 200, 240]


def test_the_last_picture_of_a_film_is_shown_for_a_usual_step() -> None:
    assert list(shown_between([(0, "a"), (40, "b")], 0, 500, 40, 20)) == [(0, 40, "a"), (40, 80, "b")]


def test_a_picture_that_stands_long_is_shown_from_start_to_end() -> None:
    film = [(0, "a"), (1000, "b"), (9000, "c")]
    assert list(shown_between(film, 300, 600, 40, 20)) == [(300, 600, "a")]
    assert list(shown_between(film, 300, 2000, 40, 20)) == [(300, 1000, "a"), (1000, 2000, "b")]


def test_nothing_is_shown_after_the_film() -> None:
    assert list(shown_between([(0, "a"), (40, "b")], 500, 600, 40, 20)) == []


@given(st.integers(0, 900), st.integers(1, 300))
def test_shown_pictures_follow_each_other_without_a_gap(start: int, length: int) -> None:
    film = [(t, t) for t in range(0, 2000, 40)]
    found = list(shown_between(film, start, start + length, 40, 20))
    assert all(until == begin for (_, until, _), (begin, _, _) in pairwise(found))
    if length > 40:
        assert abs(float(found[0][0]) - start) <= 20
        assert abs(float(found[-1][1]) - start - length) <= 20


@given(st.lists(st.integers(-12, 12), min_size=8, max_size=60))
@example([-9, 12, 0, 0, 0, 0, 0, -8, -12, -3])
def test_a_jittering_clock_is_evened_out(jitter: list[int]) -> None:
    times = [i * 40 + j for i, j in enumerate(jitter)]
    even = evened(times, 40)
    assert even is not None
    assert len(set(even)) == len(even)
    assert even[0] == times[0]
    assert all(abs(a - b) <= 40 for a, b in zip(even, times, strict=True))


def test_even_times_and_pauses_stay_as_they_are() -> None:
    times = [0, 40, 80, 500, 540]
    assert evened(times, 40) == times
    assert evened([7], 40) == [7]


def test_more_pictures_than_places_cannot_be_evened() -> None:
    assert evened([0, 40, 80, 81, 82, 83, 84, 85, 120, 160, 200, 240, 280, 320], 40) is None
