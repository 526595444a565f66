"""Windows as shapes: nothing that happened gets lost on the way to the screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from analyzer.reel.records import Gap, GapReason
from analyzer.report.axis import Axis, horizon
from analyzer.report.chart import HEIGHT, MAX_BORDERS, MAX_STEPS, WIDTH, Chart, chart, dots, thin
from analyzer.signal.window import Window
from base.clock import utc_after
from tests.kit.records.windows import START_UTC, measured


def drawn(
    windows: Sequence[Window], gaps: Sequence[Gap] = (), *, max_points: int = 20_000, max_marks: int = 5_000
) -> Chart:
    axis = Axis.of(windows, gaps, media_time=True)
    labelled = [(gap, gap.reason) for gap in gaps]
    shown = horizon(windows, gaps, axis)
    return chart("front", windows, labelled, axis, shown, max_points=max_points, max_marks=max_marks)


def places(path: str) -> list[tuple[int, int]]:
    """The points of a chart's line, from its path data with relative steps."""
    points = []
    for x, y, steps in re.findall(r"M(\d+) (\d+)l([-\d ]*)", path):
        points.append((int(x), int(y)))
        numbers = [int(number) for number in steps.split()]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            points.append((points[-1][0] + dx, points[-1][1] + dy))
    return points


def noisy(index: int, rng: np.random.Generator) -> Window:
    signal = rng.gamma(0.5, 900.0, 50)
    return replace(measured(index), signal=tuple(signal.tolist()), signal_max=float(signal.max()))


@pytest.mark.parametrize("max_points", [7, 100, 999, 20_000])
def test_thinning_keeps_the_highest_value_of_each_step(max_points: int) -> None:
    rng = np.random.default_rng(1)
    windows = [noisy(n, rng) for n in range(60)]
    series = drawn(windows, max_points=max_points).series
    samples = np.concatenate([w.signal for w in windows])
    assert len(series.values) <= max_points
    each = round(series.step_s / 0.2)
    assert series.values.tolist() == [samples[n : n + each].max() for n in range(0, len(samples), each)]


def test_the_line_is_as_high_as_the_signal() -> None:
    rng = np.random.default_rng(2)
    windows = [noisy(n, rng) for n in range(3)]
    shown = drawn(windows)
    heights = [(1 - y / HEIGHT) ** 2 * shown.ceiling for _, y in places(shown.line)]
    samples = np.concatenate([w.signal for w in windows])
    assert heights == pytest.approx(samples, abs=shown.ceiling / 400)


def test_points_stand_at_their_times() -> None:
    xs = [x for x, _ in places(drawn([measured(0), measured(1)]).line)]
    assert xs == pytest.approx([(n + 0.5) / 100 * WIDTH for n in range(100)], abs=1)


def test_time_that_was_not_observed_is_left_open() -> None:
    gap = Gap("front", utc_after(START_UTC, 10.0), utc_after(START_UTC, 30.0), GapReason.SOURCE_DOWN)
    shown = drawn([measured(0), measured(3)], [gap])
    assert shown.line.count("M") == 2
    assert shown.threshold.count("M") == 2
    assert (shown.gaps[0].left, shown.gaps[0].right) == pytest.approx((0.25, 0.75))
    assert not any(0.25 * WIDTH < x < 0.75 * WIDTH for x, _ in places(shown.line))


def test_a_lone_sample_is_wide_enough_to_see() -> None:
    window = replace(measured(0), signal=(500.0,), end_s=0.2)
    (left, _), (right, _) = places(drawn([window]).line)
    assert right > left


def test_every_peak_has_one_dot_at_its_place() -> None:
    shown = drawn([measured(0, [(2.1, 400.0), (7.3, 900.0)]), measured(1, [(5.5, 250.0)])])
    found = re.findall(r"M(\d+) (\d+)h0", dots(shown.marks))
    assert [int(x) / WIDTH * 20 for x, _ in found] == pytest.approx([2.1, 7.3, 15.5], abs=0.001)
    heights = [(1 - int(y) / HEIGHT) ** 2 * shown.ceiling for _, y in found]
    assert heights == pytest.approx([400.0, 900.0, 250.0], rel=0.01)


def test_too_many_peaks_leave_the_highest_of_each_stretch() -> None:
    windows = [measured(n, [(5.0, 200.0 + n % 10)]) for n in range(100)]
    shown = drawn(windows, max_marks=10)
    assert shown.peaks == 100
    assert [mark.value for mark in shown.marks] == [209.0] * 10


def test_thin_keeps_order_and_all_that_fits() -> None:
    assert thin([3, 1, 2], 3, float) == [3, 1, 2]
    assert thin([3, 1, 2, 9, 4], 2, float) == [3, 9]


def test_equal_thresholds_are_one_level_and_changes_are_steps() -> None:
    windows = [measured(0), measured(1), measured(2, threshold=150.0)]
    level = drawn(windows).threshold
    assert level.count("M") == 1
    assert level.count("V") == 1


def test_quiet_neighbours_share_a_shade() -> None:
    shown = drawn([measured(0), measured(1), measured(2, [(5.0, 300.0)]), measured(3)])
    boxes = re.findall(rf"M(\d+) 0H(\d+)V{HEIGHT}H\1Z", shown.quiet)
    assert boxes == [("0", str(WIDTH // 2)), (str(WIDTH * 3 // 4), str(WIDTH))]


def test_a_day_is_drawn_with_bounded_shapes() -> None:
    windows = [measured(n, [(5.0, 300.0)] if n % 2 else [], threshold=100.0 + n % 5) for n in range(8640)]
    shown = drawn(windows)
    assert len(places(shown.line)) <= 20_000
    assert shown.threshold.count("H") <= MAX_STEPS
    assert shown.quiet.count("M") <= MAX_STEPS
    assert len(windows) > MAX_BORDERS
    assert shown.borders == ""


@pytest.mark.parametrize("value", [0.0, 0.4, 7.0, 99.0, 120_000.0])
def test_the_scale_names_distinct_heights_from_zero_up(value: float) -> None:
    windows = [measured(0, [(5.0, value)] if value else [], noise=0.0, threshold=0.0)]
    ticks = drawn(windows).y_ticks
    assert ticks[0].label == "0"
    assert ticks[0].at == 1.0
    tops = [tick.at for tick in ticks]
    assert tops == sorted(tops, reverse=True)
    assert len({tick.label for tick in ticks}) == len(ticks) >= 3


def test_no_windows_make_an_empty_chart() -> None:
    shown = drawn([])
    assert (shown.line, shown.area, shown.threshold, shown.quiet, shown.marks) == ("", "", "", "", ())
