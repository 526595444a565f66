"""Small places that change in a regular beat are taken out of the motion, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product

import numpy as np
import pytest

from analyzer.signal.flicker.filter import FlickerFilter
from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS, Motion
from tests.kit.films.flickers import jittered

THRESHOLD = 80.0
CELL_PX = 100.0  # of an analysis picture of 400x300
Changes = Callable[[float], dict[tuple[int, int], int]]
"""By time: the cells (row, column) that changed, and how much of each (0 to 255)."""


def motions(changes: Changes, seconds: float, fps: float = 12.5) -> Iterator[Motion]:
    for nth in range(round(seconds * fps)):
        at_s = nth / fps
        cells = changes(at_s)
        value, shown = 0.0, None
        if cells:
            shown = np.zeros((GRID_ROWS, GRID_COLUMNS), np.uint8)
            for cell, amount in cells.items():
                shown[cell] = amount
            value = float(shown.sum()) / 255 * CELL_PX
        above = shown if value > THRESHOLD else None
        yield Motion(at_s, value, 1.0, THRESHOLD, 0.0, cut=False, grid=above, changes=shown)


def block(rows: Iterable[int], columns: Iterable[int], amount: int = 200) -> dict[tuple[int, int], int]:
    return dict.fromkeys(product(rows, columns), amount)


def ticking(period_s: float, from_s: float = 0.3, until_s: float = 1e9) -> Changes:
    """A digit of 2x2 cells: a change is seen for 0.2 s."""

    def changes(at_s: float) -> dict[tuple[int, int], int]:
        on = from_s <= at_s < until_s and (at_s - from_s + 1e-6) % period_s < 0.2
        return block(range(2, 4), range(10, 12)) if on else {}

    return changes


def dripping(times_s: list[float]) -> Changes:
    def changes(at_s: float) -> dict[tuple[int, int], int]:
        on = any(0 <= at_s - from_s < 0.24 for from_s in times_s)
        return block(range(2, 4), range(10, 12)) if on else {}

    return changes


def left_of(changes: Changes, seconds: float, fps: float = 12.5) -> tuple[FlickerFilter, list[Motion]]:
    """What is left of the motions, as far as is known at the end of them."""
    flickers = FlickerFilter(400, 300)
    pushed = list(motions(changes, seconds, fps))
    for motion in pushed:
        flickers.push(motion)
    flickers.look(seconds)
    return flickers, flickers.revise(pushed)


def active_s(left: list[Motion]) -> list[float]:
    return [motion.pts_s for motion in left if motion.value > motion.threshold]


@pytest.mark.parametrize(
    ("period_s", "fps"),
    [
        (period_s, fps)
        for period_s in (0.5, 0.8, 1.0, 1.5, 2.0)
        for fps in (5, 8, 10, 12.5, 15)
        if (period_s, fps) != (0.8, 5)  # of its four frames two change, so that it hardly ever rests
    ],
)
def test_a_beat_is_learned_from_the_first_ten_seconds(period_s: float, fps: float) -> None:
    flickers, left = left_of(ticking(period_s), 10.0, fps)
    assert active_s(left) == []
    (found,) = flickers.found
    assert found.x_px < 100
    assert found.x_px + found.width_px > 120
    assert found.y_px < 20
    assert found.y_px + found.height_px > 40


def test_what_is_left_has_neither_value_nor_place() -> None:
    _, left = left_of(ticking(1.0), 10.0)
    assert {motion.value for motion in left} == {0.0}
    assert all(motion.grid is None and motion.changes is None for motion in left)


def test_once_learned_a_beat_is_hidden_at_once() -> None:
    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(ticking(1.0), 30)]
    assert max(active_s(left)) < 10.1


@pytest.mark.parametrize("seed", range(20))
def test_drops_that_come_when_they_come_are_left_alone(seed: int) -> None:
    rng, times_s = np.random.default_rng(seed), [0.4]
    while times_s[-1] < 60:
        times_s.append(times_s[-1] + rng.uniform(0.5, 3.0))
    flickers = FlickerFilter(400, 300)
    changes = dripping(times_s)
    left = [flickers.push(motion) for motion in motions(changes, 60)]
    seen = [motion.pts_s for motion in motions(changes, 60) if motion.value > THRESHOLD]
    assert len(active_s(left)) > 0.85 * len(seen)


@pytest.mark.parametrize("drifts", [True, False])
@pytest.mark.parametrize("jitter", [0.2, 0.25, 0.3, 0.4])
@pytest.mark.parametrize("period_s", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("place", [(2, 10), (27, 37)])
def test_changes_with_jitter_are_left(
    place: tuple[int, int], period_s: float, jitter: float, *, drifts: bool
) -> None:
    """Of many taps, hardly one is hidden for a moment: a few may be regular for ten seconds by chance."""
    cells = block(range(place[0], place[0] + 2), range(place[1], place[1] + 2))
    hidden = shown = 0
    for seed in range(3):
        times_s = jittered(period_s, jitter, 90, seed, drifts=drifts)
        drip = dripping(times_s)
        flickers = FlickerFilter(400, 300)
        pushed = list(motions(lambda at_s, drip=drip: cells if drip(at_s) else {}, 90))  # type: ignore[misc]
        left = [flickers.push(motion) for motion in pushed]
        shown += len(active_s(pushed))
        hidden += len(active_s(pushed)) - len(active_s(left))
    assert hidden <= 0.15 * shown


@pytest.mark.parametrize("period_s", [2.0, 3.0])
@pytest.mark.parametrize("fps", [10, 12.5, 15])
def test_seven_beats_are_enough(period_s: float, fps: float) -> None:
    flickers = FlickerFilter(400, 300)
    for motion in motions(ticking(period_s), 7 * period_s, fps):
        flickers.push(motion)
    flickers.look(7 * period_s)
    assert [round(found.period_s, 1) for found in flickers.found] == [period_s]


@pytest.mark.parametrize("period_s", [0.7, 1.0, 1.9, 3.0, 5.0])
@pytest.mark.parametrize("off_s", [0.5, 0.8])
def test_no_later_window_leaks(period_s: float, off_s: float) -> None:
    """A lamp that goes on and off: once learned, none of its changes counts in five minutes."""
    on, off = ticking(period_s), ticking(period_s, from_s=0.3 + min(off_s, 0.45 * period_s))
    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: on(at_s) | off(at_s), 300)]
    assert flickers.found
    assert max(active_s(left)) < 31


def test_a_beat_goes_on_behind_who_passes() -> None:
    beacon = ticking(3.0)

    def walker(at_s: float) -> dict[tuple[int, int], int]:
        column = round(4 * (at_s - 60))
        return block(range(1, 8), range(column, column + 3)) if 60 <= at_s < 69 else {}

    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: beacon(at_s) | walker(at_s), 120)]
    seen = [at_s for at_s in active_s(left) if at_s > 25]
    assert seen[0] >= 60
    assert seen[-1] < 70.5


def test_who_passes_a_gap_at_regular_intervals_is_left() -> None:
    def gap(at_s: float) -> dict[tuple[int, int], int]:
        column = 20 + round(at_s % 8.0 * 4)
        return block(range(12, 17), range(column, column + 1)) if column < 25 else {}

    flickers = FlickerFilter(400, 300)
    pushed = list(motions(gap, 120))
    left = [flickers.push(motion) for motion in pushed]
    assert active_s(left) == active_s(pushed)


def test_a_beat_that_ends_is_dropped_and_what_follows_there_counts() -> None:
    rng, times_s = np.random.default_rng(1), [31.3]
    while times_s[-1] < 90:
        times_s.append(times_s[-1] + rng.uniform(0.6, 3.0))
    clock, tap = ticking(1.0, until_s=30.0), dripping(times_s)
    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: clock(at_s) | tap(at_s), 90)]
    seen = active_s(left)
    assert all(any(from_s <= at_s < from_s + 0.3 for at_s in seen) for from_s in times_s[:-1] if from_s > 52)


def test_a_person_who_walks_over_a_clock_still_counts() -> None:
    clock = ticking(1.0)

    def walker(at_s: float) -> dict[tuple[int, int], int]:
        column = round(4 * (at_s - 15))
        return block(range(1, 8), range(column, column + 3)) if 15 <= at_s < 22 else {}

    flickers = FlickerFilter(400, 300)
    changes = list(motions(lambda at_s: clock(at_s) | walker(at_s), 40))
    left = [flickers.push(motion) for motion in changes]
    assert [at_s for at_s in active_s(left) if at_s > 11] == [
        motion.pts_s for motion in changes if 15 <= motion.pts_s < 22
    ]


def test_what_goes_on_inside_the_place_of_a_clock_is_left() -> None:
    clock = ticking(1.0)

    def within(at_s: float) -> dict[tuple[int, int], int]:
        return block(range(2, 4), range(10, 12), 180) if 20 <= at_s < 24 else {}

    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: clock(at_s) | within(at_s), 40)]
    seen = [at_s for at_s in active_s(left) if at_s > 11]
    assert seen[0] < 21.0
    assert 23.8 < seen[-1] < 26.0
    assert len(seen) > 0.7 * 4 * 12.5


def test_the_minutes_change_with_the_seconds() -> None:
    clock = ticking(1.0)

    def minutes(at_s: float) -> dict[tuple[int, int], int]:
        return block(range(2, 4), range(4, 8)) if 20.3 <= at_s < 20.5 else {}

    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: clock(at_s) | minutes(at_s), 40)]
    assert not [at_s for at_s in active_s(left) if at_s > 11]


def hundredths(seed: int = 4) -> Changes:
    """Digits of 2x3 cells that always change, and each second in the same way."""
    by_hundredth = np.random.default_rng(seed).integers(60, 255, 100).tolist()
    return lambda at_s: block(range(2, 4), range(10, 13), by_hundredth[round(at_s * 100) % 100])


def test_the_line_of_hundredths_changes_at_a_full_minute() -> None:
    stopwatch = hundredths()

    def line(at_s: float) -> dict[tuple[int, int], int]:
        if 20.3 <= at_s < 20.5 or 30.3 <= at_s < 30.5:
            return block(range(2, 4), range(1, 10))
        return {}

    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: stopwatch(at_s) | line(at_s), 40)]
    assert not [at_s for at_s in active_s(left) if at_s > 11]
    (found,) = flickers.found
    assert str(found).endswith("changes all the time and does not count as motion")


def test_who_passes_in_the_line_of_hundredths_is_left() -> None:
    stopwatch = hundredths()

    def others(at_s: float) -> dict[tuple[int, int], int]:
        column = 14 + round(4 * (at_s - 15))
        walker = block(range(1, 5), range(column, column + 2)) if 15 <= at_s < 20 else {}
        dripping = at_s > 24 and (at_s - 24) % 2.3 < 0.24
        return walker | (block(range(2, 4), range(20, 22)) if dripping else {})

    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: stopwatch(at_s) | others(at_s), 45)]
    seen = [at_s for at_s in active_s(left) if at_s > 11]
    assert len([at_s for at_s in seen if at_s < 21]) >= 0.9 * 5 * 12.5
    assert len({round((at_s - 24) // 2.3) for at_s in seen if at_s > 23}) >= 6, "of nine drops"


def test_a_date_far_from_the_seconds_changes_with_them() -> None:
    clock = ticking(1.0)

    def date(at_s: float) -> dict[tuple[int, int], int]:
        return block(range(2, 4), range(30, 36)) if 20.3 <= at_s < 20.5 else {}

    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(lambda at_s: clock(at_s) | date(at_s), 40)]
    assert not [at_s for at_s in active_s(left) if at_s > 11]


@pytest.mark.parametrize("gap", [1, 2, 4])
def test_lamps_that_blink_side_by_side_are_one(gap: int) -> None:
    def hazard(at_s: float) -> dict[tuple[int, int], int]:
        on = (at_s + 1e-6) % 1.0 < 0.2
        return block(range(12, 14), [*range(8, 10), *range(10 + gap, 12 + gap)]) if on else {}

    flickers, left = left_of(hazard, 10.0)
    assert active_s(left) == []
    assert len(flickers.found) == 1


def test_a_clock_that_shows_no_seconds_is_learned_in_minutes() -> None:
    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(ticking(60.0), 600)]
    assert max(active_s(left)) < 310


@pytest.mark.parametrize("fps", [5, 10, 12.5, 15])
def test_what_always_changes_is_hidden_where_its_changes_come_back(fps: float) -> None:
    flickers, left = left_of(hundredths(), 10.0, fps)
    assert active_s(left) == []
    assert len(flickers.found) == 1


@pytest.mark.parametrize("seed", range(5))
def test_what_always_moves_in_a_small_place_is_left(seed: int) -> None:
    rng, amount = np.random.default_rng(seed), 150.0
    amounts = []
    for _ in range(800):
        amount = min(250.0, max(60.0, amount + rng.normal(0, 25)))
        amounts.append(round(amount))

    def busy(at_s: float) -> dict[tuple[int, int], int]:
        return block(range(10, 14), range(10, 12), amounts[round(at_s * 12.5)])

    flickers = FlickerFilter(400, 300)
    left = [flickers.push(motion) for motion in motions(busy, 60)]
    assert len(active_s(left)) == len(left)
    assert not flickers.found


def test_a_picture_that_beats_as_a_whole_is_left() -> None:
    """A coder's key pictures come in a beat, too."""

    def refresh(at_s: float) -> dict[tuple[int, int], int]:
        on = (at_s + 1e-6) % 2.0 < 0.2
        return block(range(0, GRID_ROWS, 2), range(GRID_COLUMNS), 30) if on else {}

    flickers, left = left_of(refresh, 30.0)
    assert active_s(left)
    assert not flickers.found


def test_a_lane_of_traffic_is_left() -> None:
    starts_s = np.cumsum(np.random.default_rng(8).uniform(1.0, 4.0, 40)).tolist()

    def lane(at_s: float) -> dict[tuple[int, int], int]:
        changes: dict[tuple[int, int], int] = {}
        for start_s in starts_s:
            column = round((at_s - start_s) * 20)
            if 0 < column <= GRID_COLUMNS:
                changes |= block(range(10, 14), range(max(0, column - 2), column))
        return changes

    flickers = FlickerFilter(400, 300)
    pushed = list(motions(lane, 60))
    left = [flickers.push(motion) for motion in pushed]
    assert active_s(left) == active_s(pushed)
