"""Steps and fades are changes of light; flicker and drift are not."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.signal.light import LightChange, LightMeter

FRAME_S = 0.04


def measure(levels: Iterable[float]) -> tuple[LightChange, ...]:
    """The changes in a picture that has these brightnesses, 25 a second."""
    meter = LightMeter()
    for i, (before, level) in enumerate(pairwise(levels), 1):
        meter.add(i * FRAME_S, level - before)
    return meter.close()


def fade(start: float, end: float, seconds: float) -> list[float]:
    frames = round(seconds / FRAME_S)
    return [start + (end - start) * (i + 1) / frames for i in range(frames)]


def still(level: float, seconds: float) -> list[float]:
    return [level] * round(seconds / FRAME_S)


@pytest.mark.parametrize("levels", [-60.0, -15.0, 15.0, 60.0])
def test_a_step_is_one_change(levels: float) -> None:
    (change,) = measure([*still(100, 3), *still(100 + levels, 3)])
    assert change.levels == pytest.approx(levels)
    assert change.at_s == pytest.approx(3.0, abs=2 * FRAME_S)


@pytest.mark.parametrize("levels", [-50.0, 30.0])
def test_a_fade_is_one_change_over_its_whole_length(levels: float) -> None:
    (change,) = measure([*still(100, 1), *fade(100, 100 + levels, 3), *still(100 + levels, 3)])
    assert change.levels == pytest.approx(levels, abs=1)
    assert change.at_s == pytest.approx(1.0, abs=0.2)


def test_dark_and_light_again_are_two_changes() -> None:
    changes = measure([*still(110, 1), *fade(110, 60, 1), *still(60, 2), *fade(60, 110, 1), *still(110, 1)])
    assert [round(change.levels) for change in changes] == [-50, 50]


def test_a_flash_is_two_changes() -> None:
    changes = measure([*still(80, 1), *still(200, 0.12), *still(80, 1)])
    assert [round(change.levels) for change in changes] == [120, -120]


def test_a_slow_drift_is_none() -> None:
    assert measure([*fade(100, 140, 20)]) == ()


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=200))
def test_flicker_about_a_level_is_none(noise: list[float]) -> None:
    assert measure([100 + each for each in noise]) == ()


def test_brightness_is_not_compared_across_a_cut() -> None:
    meter = LightMeter()
    for i in range(5):
        meter.add(i * FRAME_S, 2.0)
    meter.cut()
    for i in range(5, 8):
        meter.add(i * FRAME_S, 2.0)
    assert meter.close() == ()


def test_a_change_is_reported_once() -> None:
    meter = LightMeter()
    meter.add(1.0, 40.0)
    assert len(meter.close()) == 1
    meter.add(3.0, 0.0)
    assert meter.close() == ()
