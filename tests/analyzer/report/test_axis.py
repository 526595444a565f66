"""Where times stand on a page, and what they are called."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from analyzer.reel.records import Gap, GapReason
from analyzer.report.axis import Axis, Horizon, horizon, unix_s, x_ticks
from base.clock import utc_after
from tests.conftest import KATHMANDU
from tests.kit.records.windows import START_UTC, measured


def test_media_time_counts_from_the_first_frame() -> None:
    window = measured(3)
    axis = Axis.of([window], (), media_time=True)
    assert axis.media(window, 31.5) == pytest.approx(31.5)
    assert axis.label(axis.media(window, 31.5), tenths=True) == "0:31.5"


def test_a_later_epoch_follows_after_the_time_between() -> None:
    first = measured(0)
    second = measured(0, epoch=1, start_utc=utc_after(START_UTC, 40.0))
    axis = Axis.of([first, second], (), media_time=True)
    assert axis.media(second, 2.0) == pytest.approx(42.0)


def test_wall_time_is_the_clock_of_the_window() -> None:
    window = measured(6)
    axis = Axis.of([window], (), media_time=False)
    assert axis.label(axis.media(window, window.start_s + 5)) == "14:01:05"
    assert axis.media(window, window.start_s) == unix_s(window.start_utc)


def test_wall_time_and_its_round_ticks_are_the_readers(in_zone: Callable[[str], None]) -> None:
    in_zone(KATHMANDU)
    axis = Axis.of([measured(6)], (), media_time=False)
    assert axis.label(unix_s("2026-03-12T14:01:05Z")) == "19:46:05"
    start_s = unix_s("2026-03-12T12:00:00Z")
    ticks = x_ticks(Horizon(start_s, start_s + 4 * 3600), axis)
    hours = [tick.label.partition(":") for tick in ticks]
    assert {rest for _, __, rest in hours} == {"00:00", "30:00"}
    assert (ticks[0].label, ticks[-1].label) == ("18:00:00", "21:30:00")


def test_a_camera_that_was_never_seen_shares_the_others_time() -> None:
    window = measured(0)
    axis = Axis.of([window], (), media_time=True)
    assert axis.wall("garden", utc_after(START_UTC, 12.0)) == pytest.approx(12.0)


def test_gaps_alone_start_media_time() -> None:
    gap = Gap("front", START_UTC, utc_after(START_UTC, 5.0), GapReason.UNREADABLE)
    axis = Axis.of([], [gap], media_time=True)
    assert horizon([], [gap], axis) == Horizon(0.0, 5.0)


def test_the_horizon_reaches_over_windows_and_gaps() -> None:
    gap = Gap("front", utc_after(START_UTC, 20.0), utc_after(START_UTC, 35.0), GapReason.SOURCE_DOWN)
    windows = [measured(0), measured(1)]
    axis = Axis.of(windows, [gap], media_time=True)
    assert horizon(windows, [gap], axis) == Horizon(0.0, 35.0)


def test_a_horizon_has_a_length_even_of_nothing() -> None:
    shown = horizon([], [], Axis.of([], [], media_time=False))
    assert shown.end_s > shown.start_s


@pytest.mark.parametrize("span_s", [1.0, 10.0, 61.0, 300.0, 3600.0, 86_400.0, 30 * 86_400.0])
def test_ticks_are_few_round_and_inside(span_s: float) -> None:
    shown = Horizon(1000.0, 1000.0 + span_s)
    ticks = x_ticks(shown, Axis.of([], [], media_time=True))
    assert 3 <= len(ticks) <= 9
    assert all(0 < tick.at < 1 for tick in ticks)
    steps = {round((b.at - a.at) * span_s, 3) for a, b in pairwise(ticks)}
    assert len(steps) == 1
