"""When the next notification may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sinks.notify.pace import Pace, QuietHours

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Clock:
    """A monotonic clock that the test moves."""

    now_s = 5000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_is_sent_at_once_and_the_next_after_the_interval(clock: Clock) -> None:
    pace = Pace(300, None, now_s=clock)
    assert pace.wait_s(NOON) == 0
    pace.sent()
    waits_s = []
    for clock.now_s in (5000, 5100, 5299, 5300):
        waits_s.append(pace.wait_s(NOON))
    assert waits_s == [300, 200, 1, 0]


def test_quiet_hours_hold_back_what_an_interval_would_let_pass(clock: Clock) -> None:
    pace = Pace(60, QuietHours.parse("11:00-13:00"), now_s=clock)
    assert pace.wait_s(NOON) == 3600
    one = NOON + timedelta(hours=1)
    assert pace.wait_s(one) == 0
    pace.sent()
    clock.now_s += 1
    assert pace.wait_s(one) == 59


@pytest.mark.parametrize("step", [timedelta(days=-365), timedelta(days=365)])
def test_a_wall_clock_that_is_set_changes_no_interval(step: timedelta, clock: Clock) -> None:
    pace = Pace(300, None, now_s=clock)
    pace.sent()
    assert pace.wait_s(NOON + step) == 300
