"""Clocks that run at a wrong rate are corrected; what arrives unevenly is left alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from stream.timing.clock_times import ClockTimes


def corrected(
    rate: float, came_s: Callable[[float], float] = float, *, seconds: float = 60.0, fps: float = 10.0
) -> list[tuple[float, float]]:
    """True and corrected times of a stream whose clock runs at this rate, by when its packets come."""
    times = ClockTimes()
    found = []
    for nth in range(round(seconds * fps)):
        true_s = nth / fps
        times.note_arrival(true_s * rate, 500.0 + came_s(true_s))
        found.append((true_s, times.at(true_s * rate)))
    assert all(after > before for (_, before), (_, after) in pairwise(found))
    return found


@pytest.mark.parametrize("rate", [0.2, 0.8, 0.95, 0.98, 1.02, 1.05, 1.25, 2.0])
@pytest.mark.parametrize("fps", [10.0, 25.0])
def test_a_wrong_rate_is_corrected_and_what_it_cost_is_made_up_for(rate: float, fps: float) -> None:
    found = corrected(rate, seconds=90, fps=fps)
    assert found[-1][1] == pytest.approx(90, abs=0.25)
    (true_a, at_a), (true_b, at_b) = found[-300], found[-1]
    assert (at_b - at_a) / (true_b - true_a) == pytest.approx(1.0, abs=0.004)


def test_a_rate_is_found_beneath_jitter() -> None:
    rng = random.Random(1)  # noqa: S311  # a jitter that can be had again
    found = corrected(1.02, lambda at_s: at_s + rng.uniform(0, 0.1), seconds=120)
    assert found[-1][1] == pytest.approx(120, abs=0.4)


def test_a_slow_stream_is_measured_too() -> None:
    assert corrected(0.5, seconds=300, fps=0.5)[-1][1] == pytest.approx(298, abs=2.5)


def burst_at_connect(at_s: float) -> float:
    """Eight seconds had been stored and come at once."""
    return max(8.0, at_s)


def slow_burst(at_s: float) -> float:
    """They come at four times their speed."""
    return max(at_s, 8.0 + at_s / 4)


def stall_made_up_for(at_s: float) -> float:
    return 20.0 if 10 <= at_s < 20 else at_s


def stalls_again_and_again(at_s: float) -> float:
    return at_s - at_s % 15 + 4 if at_s % 15 < 4 else at_s


def pause_of_the_clock(at_s: float) -> float:
    """From then on all comes three seconds late."""
    return at_s + 3 if at_s > 25 else at_s


def segments(at_s: float) -> float:
    """Four seconds at a time, found when the list is read again, at a period that is not quite theirs."""
    ready_s = at_s - at_s % 4 + 4
    return ready_s + (-ready_s) % 2.05


def wifi(at_s: float) -> float:
    return at_s + random.Random(round(at_s * 1000)).expovariate(1 / 0.1)  # noqa: S311  # as above


@pytest.mark.parametrize(
    "came_s",
    [
        burst_at_connect,
        slow_burst,
        stall_made_up_for,
        stalls_again_and_again,
        pause_of_the_clock,
        segments,
        wifi,
    ],
)
def test_uneven_arrival_is_not_a_wrong_rate(came_s: Callable[[float], float]) -> None:
    newest = 0.0

    def in_order(at_s: float) -> float:
        nonlocal newest
        newest = max(newest, came_s(at_s))
        return newest

    found = corrected(1.0, in_order, seconds=300)
    assert all(at_s == true_s for true_s, at_s in found)


def test_a_jump_of_the_stream_stays_visible() -> None:
    times = ClockTimes()
    for nth in range(600):
        times.note_arrival(5000 + nth / 10 * 1.02, nth / 10)
    assert times.rate == pytest.approx(1 / 1.02, rel=0.004)
    times.note_arrival(100.0, 60.0)
    assert times.at(100.0) == 100.0
    assert times.at(102.0) == pytest.approx(102 - 0.04, abs=0.02)


def set_ahead(
    step_s: float, came_s: Callable[[float], float] = float, *, rate: float = 1.0
) -> tuple[ClockTimes, list[tuple[float, float]]]:
    """True and corrected times of a stream whose clock is set ahead by a step each 16 s, from 32 s on."""
    times, found = ClockTimes(), []
    for nth in range(2500):
        true_s = nth / 25
        at_s = 3600 + true_s * rate + step_s * max(0, true_s // 16 - 1)
        times.note_arrival(at_s, came_s(true_s))
        found.append((true_s, times.at(at_s) - 3600))
    return times, found


@pytest.mark.parametrize(
    ("step_s", "came_s"),
    [
        *((step_s, came_s) for step_s in (0.8, 1.5, 7.0, 60.0) for came_s in (float, stall_made_up_for)),
        *((step_s, segments) for step_s in (7.0, 60.0)),  # a smaller step hides in their length
    ],
)
def test_a_clock_that_is_set_ahead_is_corrected_at_once(
    step_s: float, came_s: Callable[[float], float]
) -> None:
    times, found = set_ahead(step_s, came_s)
    assert times.rate == 1.0
    assert times.shift_s == pytest.approx(5 * step_s, abs=0.01)
    assert all(at_s == pytest.approx(true_s, abs=0.05) for true_s, at_s in found)


@pytest.mark.parametrize("came_s", [float, segments])
def test_a_clock_that_is_set_back_a_little_is_corrected_at_once(came_s: Callable[[float], float]) -> None:
    times, found = set_ahead(-0.8, came_s)
    assert times.shift_s == pytest.approx(5 * -0.8, abs=0.01)
    assert all(at_s == pytest.approx(true_s, abs=0.05) for true_s, at_s in found)


def test_presentation_times_may_go_back() -> None:
    times = ClockTimes()
    for nth in range(500):
        at_s = (nth + (2, 0, -1)[nth % 3]) / 5
        times.note_arrival(at_s, nth / 5, decoding=False)
        assert times.at(at_s) == at_s


def test_timestamps_that_jitter_are_left_alone() -> None:
    rng = random.Random(2)  # noqa: S311  # a jitter that can be had again
    times = ClockTimes()
    for nth in range(2500):
        at_s = nth / 25 + rng.uniform(-0.06, 0.06)
        times.note_arrival(at_s, nth / 25)
        assert times.at(at_s) == at_s


def test_a_clock_that_is_set_ahead_and_fast_is_corrected() -> None:
    _, found = set_ahead(3.0, rate=1.02)
    assert all(at_s == pytest.approx(true_s, abs=0.5) for true_s, at_s in found)


def test_sound_that_comes_after_the_step_keeps_its_time() -> None:
    times = ClockTimes()
    for nth in range(500):
        times.note_arrival(nth / 25, nth / 25)
    times.note_arrival(20.0 + 5.0, 20.0)
    assert times.at(25.1) == pytest.approx(20.1)
    assert times.at(19.8) == pytest.approx(19.8)


def test_pauses_of_a_camera_are_not_a_set_clock() -> None:
    """It sends no frame while nothing moves: in time, and in segments of which each comes at once."""

    def pausing(nth: int) -> float:
        return nth // 50 * 4 + nth % 50 / 25

    for came_s in (float, segments):
        times = ClockTimes()
        for nth in range(2500):
            times.note_arrival(pausing(nth), came_s(pausing(nth)))
        assert (times.rate, times.shift_s) == (1.0, 0.0)
