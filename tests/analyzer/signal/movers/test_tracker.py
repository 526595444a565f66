"""Blobs drawn on a grid are found, followed and distinguished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import cos, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer.signal.movers.mover import MAX_MOVERS, Mover, most_at_once
from analyzer.signal.movers.tracker import MoverTracker

ROWS, COLUMNS = 30, 40
FRAME_S = 0.04

Path = Callable[[float], tuple[float, float] | None]
"""Where a thing's centre is at a time, as fractions of the picture; None when it does not move."""


def line(start_s: float, end_s: float, start: tuple[float, float], end: tuple[float, float]) -> Path:
    def at(pts_s: float) -> tuple[float, float] | None:
        if not start_s <= pts_s <= end_s:
            return None
        done = (pts_s - start_s) / (end_s - start_s)
        return start[0] + done * (end[0] - start[0]), start[1] + done * (end[1] - start[1])

    return at


def draw(pts_s: float, paths: Sequence[Path]) -> NDArray[np.uint8] | None:
    grid = np.zeros((ROWS, COLUMNS), np.uint8)
    for path in paths:
        if (centre := path(pts_s)) is not None:
            left, top = round(centre[0] * COLUMNS - 1.5), round(centre[1] * ROWS - 1.5)
            grid[max(0, top) : top + 3, max(0, left) : left + 3] = 255
    return grid if grid.any() else None


def follow(*paths: Path, frame_s: float = FRAME_S) -> tuple[Mover, ...]:
    tracker = MoverTracker()
    for i in range(round(10.0 / frame_s)):
        tracker.add(i * frame_s, draw(i * frame_s, paths))
    return tracker.close(10.0)


def test_one_thing_that_crosses_is_one_mover_with_its_way_and_time() -> None:
    (mover,) = follow(line(2, 7, (0.1, 0.5), (0.9, 0.6)))
    assert (mover.start_s, mover.end_s) == pytest.approx((2.0, 7.0), abs=0.2)
    assert (mover.x0, mover.y0, mover.x1, mover.y1) == pytest.approx((0.1, 0.5, 0.9, 0.6), abs=0.05)
    assert 9 / (ROWS * COLUMNS) <= mover.share <= 18 / (ROWS * COLUMNS)


@pytest.mark.parametrize("frame_s", [1 / 60, 0.04, 0.1, 0.4])
def test_the_frame_rate_does_not_matter(frame_s: float) -> None:
    (mover,) = follow(line(1, 9, (0.1, 0.2), (0.9, 0.8)), frame_s=frame_s)
    assert (mover.x0, mover.x1) == pytest.approx((0.1, 0.9), abs=0.08)


def test_two_things_are_two_movers() -> None:
    movers = follow(line(0, 9, (0.1, 0.2), (0.9, 0.2)), line(0, 9, (0.9, 0.8), (0.1, 0.8)))
    assert sorted(round(mover.x1 - mover.x0, 1) for mover in movers) == [-0.8, 0.8]


def test_two_that_pass_each_other_keep_their_ways() -> None:
    movers = follow(line(0, 8, (0.1, 0.45), (0.9, 0.45)), line(0, 8, (0.9, 0.55), (0.1, 0.55)))
    assert sorted(round(mover.x1 - mover.x0, 1) for mover in movers) == [-0.8, 0.8]


def test_a_rest_shorter_than_the_bridge_does_not_part_a_mover() -> None:
    path = line(1, 8, (0.1, 0.5), (0.8, 0.5))
    assert len(follow(lambda pts_s: None if 4 < pts_s < 4.5 else path(pts_s))) == 1


def test_what_goes_on_where_it_should_have_come_to_is_the_same() -> None:
    path = line(0, 9, (0.1, 0.5), (0.9, 0.5))
    assert len(follow(lambda pts_s: None if 3 < pts_s < 5 else path(pts_s))) == 1


def test_what_goes_on_where_it_rested_is_the_same_however_long_it_rested() -> None:
    before, after = line(0, 2, (0.1, 0.5), (0.5, 0.5)), line(7, 9.5, (0.5, 0.5), (0.9, 0.5))
    (mover,) = follow(lambda pts_s: before(pts_s) or after(pts_s))
    assert (mover.x0, mover.x1) == pytest.approx((0.1, 0.9), abs=0.06)


def test_what_begins_elsewhere_is_another() -> None:
    first, second = line(0, 2, (0.1, 0.5), (0.4, 0.5)), line(5, 9, (0.6, 0.9), (0.9, 0.9))
    assert len(follow(lambda pts_s: first(pts_s) or second(pts_s))) == 2


def test_what_comes_in_where_something_has_left_is_another_one() -> None:
    out, back = line(0, 3, (0.5, 0.5), (1.05, 0.5)), line(5, 9, (1.05, 0.5), (0.4, 0.5))
    movers = follow(lambda pts_s: out(pts_s) or back(pts_s))
    assert [mover.x1 > mover.x0 for mover in sorted(movers, key=lambda mover: mover.start_s)] == [True, False]
    assert most_at_once(movers) == 1


def test_one_that_goes_there_and_back_has_its_turning_point() -> None:
    there, back = line(1, 4, (0.1, 0.3), (0.8, 0.3)), line(4, 7, (0.8, 0.3), (0.1, 0.3))
    (mover,) = follow(lambda pts_s: there(pts_s) or back(pts_s))
    assert mover.turn == pytest.approx((0.8, 0.3), abs=0.05)
    assert follow(there)[0].turn is None


def test_limbs_that_come_and_go_are_one_mover() -> None:
    def limb(nth: int) -> Path:
        def at(pts_s: float) -> tuple[float, float] | None:
            turn = pts_s * 5 + nth * 2
            return (0.5 + 0.09 * cos(turn), 0.5 + 0.12 * sin(turn + nth)) if sin(turn / 2) > -0.3 else None

        return at

    movers = follow(limb(0), limb(1), limb(2))
    assert len(movers) == 1
    assert (movers[0].x0, movers[0].y0) == pytest.approx((0.5, 0.5), abs=0.12)


def test_two_that_go_the_same_way_at_different_speeds_are_two() -> None:
    assert len(follow(line(0, 6, (0.1, 0.4), (0.9, 0.4)), line(0, 9, (0.1, 0.6), (0.9, 0.6)))) == 2


def test_two_that_touch_all_the_way_but_not_at_the_same_speed_are_two() -> None:
    # Three cells high each, one directly above the other, side by side in the middle of the way.
    movers = follow(line(0, 8, (0.1, 0.45), (0.8, 0.45)), line(0, 8, (0.2, 0.55), (0.7, 0.55)))
    assert len(movers) == 2


def test_two_that_touch_all_the_way_at_the_same_speed_are_not_counted() -> None:
    assert len(follow(line(0, 8, (0.1, 0.45), (0.8, 0.45)), line(0, 8, (0.1, 0.55), (0.8, 0.55)))) == 1


def test_two_that_are_together_for_a_moment_only_are_not_counted_together() -> None:
    first, second = Mover(0, 5, 0, 0, 1, 0, 0.1), Mover(4.8, 9, 0, 0, 1, 0, 0.1)
    assert most_at_once([first, second]) == 1
    assert most_at_once([first, replace(second, start_s=4.0)]) == 2
    assert most_at_once([]) == 0


def test_the_two_edges_of_a_large_plain_thing_are_one_mover() -> None:
    front = line(1, 6, (0.4, 0.5), (0.95, 0.5))
    rear = line(1, 6, (0.15, 0.5), (0.7, 0.5))

    def edges(pts_s: float) -> NDArray[np.uint8] | None:
        grid = np.zeros((ROWS, COLUMNS), np.uint8)
        for path in (front, rear):
            if (centre := path(pts_s)) is not None:
                left = round(centre[0] * COLUMNS)
                grid[7:23, left : left + 2] = 255
        return grid if grid.any() else None

    tracker = MoverTracker()
    for i in range(200):
        tracker.add(i * FRAME_S, edges(i * FRAME_S))
    assert len(tracker.close(8.0)) == 1


def test_a_flicker_is_no_mover() -> None:
    assert follow(lambda pts_s: (0.5, 0.5) if pts_s % 2 < 0.1 else None) == ()


def test_noise_in_single_cells_is_no_mover() -> None:
    random = np.random.default_rng(1)
    tracker = MoverTracker()
    for i in range(250):
        tracker.add(i * FRAME_S, ((random.random((ROWS, COLUMNS)) < 0.002) * 255).astype(np.uint8))
    assert all(mover.share < 0.005 for mover in tracker.close(10.0))


def test_faint_cells_are_none() -> None:
    tracker = MoverTracker()
    for i in range(100):
        tracker.add(i * FRAME_S, np.full((ROWS, COLUMNS), 20, np.uint8))
    assert tracker.close(4.0) == ()


def test_what_goes_on_is_a_new_mover_in_the_next_window() -> None:
    tracker = MoverTracker()
    path = line(5, 15, (0.1, 0.5), (0.9, 0.5))
    windows = []
    for i in range(500):
        if i == 250:
            windows.append(tracker.close(10.0))
        tracker.add(i * FRAME_S, draw(i * FRAME_S, [path]))
    windows.append(tracker.close(20.0))
    (first,), (second,) = windows
    assert (first.x0, first.x1) == pytest.approx((0.1, 0.5), abs=0.05)
    assert (second.x0, second.x1) == pytest.approx((0.5, 0.9), abs=0.05)
    assert first.end_s <= 10.0 <= second.start_s
    assert tracker.close(30.0) == ()


def test_a_cut_ends_what_moved_before() -> None:
    tracker = MoverTracker()
    path = line(0, 4, (0.1, 0.5), (0.9, 0.5))
    for i in range(100):
        if i == 50:
            tracker.cut()
        tracker.add(i * FRAME_S, draw(i * FRAME_S, [path]))
    before, after = sorted(tracker.close(4.0), key=lambda mover: mover.start_s)
    assert before.end_s < 2.0 <= after.start_s


def test_the_most_important_come_first_and_not_too_many() -> None:
    places = [(0.05 + 0.35 * column, 0.1 + 0.2 * row) for column in range(3) for row in range(5)]
    movers = follow(*(line(0, 2 + 0.5 * i, (x, y), (x + 0.2, y)) for i, (x, y) in enumerate(places)))
    weights = [(mover.end_s - mover.start_s) * mover.share for mover in movers]
    assert len(movers) == MAX_MOVERS
    assert weights == sorted(weights, reverse=True)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.booleans(), st.integers(0, 2**32)), max_size=40))
def test_movers_stay_within_their_window_and_the_picture(steps: list[tuple[float, bool, int]]) -> None:
    tracker, pts_s = MoverTracker(), 0.0
    for step_s, moves, seed in steps:
        pts_s += step_s
        grid = np.random.default_rng(seed).integers(0, 256, (ROWS, COLUMNS), np.uint8)
        tracker.add(pts_s, grid * (grid > 230) if moves else None)
    for mover in tracker.close(pts_s):
        assert 0 <= mover.start_s <= mover.end_s <= pts_s
        assert all(0 <= each <= 1 for each in (mover.x0, mover.y0, mover.x1, mover.y1, mover.share))
