"""When the next notification may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sinks.notify.pace import LONGEST_PAUSE_S, Pace
from sinks.notify.quiet_hours import QuietHours

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_the_first_is_sent_at_once_and_the_next_after_the_interval() -> None:
    pace = Pace(300, None)
    assert pace.wait_s(NOON) == 0
    pace.sent(NOON)
    assert [pace.wait_s(after(s)) for s in (0, 100, 299, 300)] == [300, 200, 1, 0]


def test_pauses_after_failures_double_up_to_a_bound_and_end_with_a_success() -> None:
    pace = Pace(0, None)
    assert [pace.failed(NOON) for _ in range(9)] == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert pace.wait_s(NOON) == LONGEST_PAUSE_S
    pace.sent(NOON)
    assert pace.wait_s(NOON) == 0
    assert pace.failed(NOON) == 5


def test_quiet_hours_hold_back_what_an_interval_would_let_pass() -> None:
    pace = Pace(60, QuietHours.parse("11:00-13:00"))
    assert pace.wait_s(NOON) == 3600
    assert pace.wait_s(after(3600)) == 0
    pace.sent(after(3600))
    assert pace.wait_s(after(3601)) == 59
