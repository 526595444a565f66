"""Times of streams without any: by arrival, smoothed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from stream.timing.arrival_times import ArrivalTimes

BEGUN_S = 1000.0


def timed(arrivals: Sequence[float], *, begun_s: float = BEGUN_S) -> list[float]:
    """Times of pictures that came so long after the beginning, on the same scale as the last one's."""
    times = ArrivalTimes()
    found = [at_s for came_s in arrivals for at_s in times.push(BEGUN_S + came_s, begun_s=begun_s)]
    found += times.flush(begun_s=begun_s)
    assert len(found) == len(arrivals)
    assert all(after > before for before, after in pairwise(found))
    return found


def errors(arrivals: Sequence[float], true_s: Sequence[float]) -> list[float]:
    """By how much times are off, where the first picture's is taken as right."""
    found = timed(arrivals)
    return [at_s - found[0] - (true - true_s[0]) for at_s, true in zip(found, true_s, strict=True)]


@pytest.mark.parametrize("fps", [0.2, 1.0, 5.0, 12.5, 30.0, 60.0])
def test_pictures_have_the_rate_at_which_they_come(fps: float) -> None:
    true_s = [nth / fps for nth in range(round(max(20, 10 * fps)))]
    assert max(map(abs, errors(true_s, true_s))) < 1e-6


def test_jitter_is_evened_out() -> None:
    rng = random.Random(1)  # noqa: S311  # a jitter that can be had again
    true_s = [nth / 10 for nth in range(300)]
    came_s = sorted(at_s + rng.uniform(0, 0.15) for at_s in true_s)
    found = timed(came_s)
    assert max(map(abs, errors(came_s, true_s))) < 0.2
    steps = [after - before for before, after in pairwise(found[50:])]
    assert max(steps) - min(steps) < 0.08, "arrival itself has steps of 0 to 0.25 s"


def test_what_was_buffered_while_opening_lies_before_it() -> None:
    true_s = [nth / 10 for nth in range(100)]
    assert max(map(abs, errors([max(5.0, at_s) for at_s in true_s], true_s))) < 0.05


def test_what_a_server_has_stored_lies_before_the_connection() -> None:
    true_s = [nth / 25 for nth in range(500)]
    assert max(map(abs, errors([max(8.0, at_s) for at_s in true_s], true_s))) < 0.05


def test_a_burst_alone_is_spread_over_the_time_of_opening() -> None:
    assert timed([4.0] * 20) == pytest.approx([nth / 5 for nth in range(20)])


@pytest.mark.parametrize("stall_s", [0.4, 1.0, 6.0])
def test_a_stall_that_is_made_up_for_costs_nothing(stall_s: float) -> None:
    true_s = [nth / 5 for nth in range(200)]
    came_s = [
        10 + stall_s + nth * 1e-3 if 10 <= at_s < 10 + stall_s else at_s for nth, at_s in enumerate(true_s)
    ]
    assert max(map(abs, errors(sorted(came_s), true_s))) < 0.5


@pytest.mark.parametrize("pause_s", [1.0, 6.0, 60.0])
def test_after_a_pause_time_goes_on_by_the_clock(pause_s: float) -> None:
    true_s = [nth / 5 + (pause_s if nth >= 50 else 0) for nth in range(150)]
    assert max(map(abs, errors(true_s, true_s))) < 0.2


@pytest.mark.parametrize(("before", "after"), [(5, 30), (30, 5), (10, 1), (1, 10)])
def test_a_rate_that_changes_is_followed(before: int, after: int) -> None:
    true_s = [nth / before for nth in range(20 * before)] + [20 + nth / after for nth in range(20 * after)]
    off_s = errors(true_s, true_s)
    assert max(map(abs, off_s)) < 1.0
    assert abs(off_s[-1]) < 0.2


def test_a_late_picture_is_held_only_until_the_next() -> None:
    times = ArrivalTimes()
    for nth in range(20):
        times.push(BEGUN_S + nth / 5, begun_s=BEGUN_S)
    assert not times.push(BEGUN_S + 9.0, begun_s=BEGUN_S)
    assert len(times.push(BEGUN_S + 9.2, begun_s=BEGUN_S)) == 2
