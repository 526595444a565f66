"""How far apart pictures are, and when one is missing."""

from __future__ import annotations

import math

from stream.timing.pace import Pace


def test_nothing_is_missing_while_the_pace_is_unknown() -> None:
    pace = Pace(25.0)
    assert pace.interval_s is None
    assert pace.pause_s == math.inf


def test_a_pace_is_learned_from_a_few_pictures() -> None:
    pace = Pace()
    for _ in range(3):
        pace.note_interval(0.04)
    assert (pace.interval_s, pace.pause_s) == (0.04, 3.0)


def test_a_slow_camera_has_its_own_pace() -> None:
    pace = Pace(0.2)
    assert (pace.interval_s, pace.pause_s) == (5.0, 50.0)


def test_a_pause_does_not_change_the_pace_and_a_camera_may_go_on_at_another() -> None:
    pace = Pace()
    for interval_s in (0.1, 0.1, 0.1, 2.0):
        pace.note_interval(interval_s)
    assert pace.interval_s == 0.1
    pace.reset()
    for interval_s in (5.0, 5.0):
        pace.note_interval(interval_s)
    assert pace.interval_s == 5.0
