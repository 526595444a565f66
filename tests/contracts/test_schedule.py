"""What every schedule keeps to: its times are a set, in order, the same whenever they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from livereel.reels.schedule import Daily, Every, Schedule, previous

# Zones of all kinds: none of their own, half hours, 45 minutes, a change of half an hour, the date line.
ZONES = [
    "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "Australia/Lord_Howe",
    "Asia/Kathmandu", "Pacific/Apia", "Pacific/Chatham", "Africa/Casablanca", "America/Sao_Paulo", "UTC",
]  # fmt: skip

instants = st.integers(631_152_000, 2_051_222_400).map(lambda at_s: datetime.fromtimestamp(at_s, UTC))
times = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.sampled_from([0, 30, 59]))
schedules: st.SearchStrategy[Schedule] = st.one_of(
    st.builds(Every, st.floats(5, 100_000).map(lambda it: round(it, 3)), instants),
    st.builds(Daily, times, st.sampled_from(ZONES).map(ZoneInfo) | st.none()),
)


@given(schedules, instants)
def test_the_next_time_is_later_and_no_other_lies_between(schedule: Schedule, at: datetime) -> None:
    after = schedule.next_after(at)
    assert after > at
    assert after.tzinfo is UTC
    assert schedule.last_until(after) == after
    assert previous(schedule, after) == schedule.last_until(at) <= at
    assert schedule.next_after(schedule.last_until(at)) == after


@given(schedules, instants, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_later_question_has_no_earlier_answer(schedule: Schedule, at: datetime, later: timedelta) -> None:
    assert schedule.next_after(at) <= schedule.next_after(at + later)
    assert schedule.last_until(at) <= schedule.last_until(at + later)


@given(schedules, instants, st.sampled_from(ZONES))
def test_the_zone_in_which_is_asked_does_not_matter(schedule: Schedule, at: datetime, zone: str) -> None:
    assert schedule.next_after(at) == schedule.next_after(at.astimezone(ZoneInfo(zone)))
