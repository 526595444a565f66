"""A daily reel has its time once a day, also where clocks skip it or show it twice."""

from __future__ import annotations

import time as clock
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livereel.reels.schedule import Daily, Every, Schedule, time_of_day, zone_names

DAY = timedelta(days=1)
ALL_ZONES = sorted(available_timezones())


def from_then_on(schedule: Schedule, at: datetime) -> Iterator[datetime]:
    while True:
        at = schedule.next_after(at)
        yield at


def local_times(zone: str, at: str, first: str, days: int) -> list[str]:
    """The times of so many days from the local midnight of the first, as clocks there show them."""
    daily = Daily(time_of_day(at), ZoneInfo(zone))
    midnight = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    times = islice(from_then_on(daily, midnight - timedelta(seconds=1)), days)
    return [it.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") for it in times]


# Time, first of three days, and what clocks show.
CHANGES = {
    "spring, the time is skipped": (
        "Europe/Berlin", "02:30", "2026-03-28",
        ["2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"],
    ),
    "spring, the first minute that is skipped": (
        "Europe/Berlin", "02:00", "2026-03-28",
        ["2026-03-28T02:00+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
    ),
    "spring, a time that is there": (
        "Europe/Berlin", "20:00", "2026-03-28",
        ["2026-03-28T20:00+01:00", "2026-03-29T20:00+02:00", "2026-03-30T20:00+02:00"],
    ),
    "autumn, the time comes twice": (
        "Europe/Berlin", "02:30", "2026-10-24",
        ["2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
    ),
    "autumn, the hour at which clocks are set back": (
        "Europe/Berlin", "03:00", "2026-10-24",
        ["2026-10-24T03:00+02:00", "2026-10-25T03:00+01:00", "2026-10-26T03:00+01:00"],
    ),
    "America, spring": (
        "America/New_York", "02:15", "2026-03-07",
        ["2026-03-07T02:15-05:00", "2026-03-08T03:15-04:00", "2026-03-09T02:15-04:00"],
    ),
    "America, autumn": (
        "America/New_York", "01:59", "2026-10-31",
        ["2026-10-31T01:59-04:00", "2026-11-01T01:59-04:00", "2026-11-02T01:59-05:00"],
    ),
    "the south, clocks go forward in October by half an hour": (
        "Australia/Lord_Howe", "02:10", "2026-10-03",
        ["2026-10-03T02:10+10:30", "2026-10-04T02:40+11:00", "2026-10-05T02:10+11:00"],
    ),
    "midnight is skipped": (
        "America/Sao_Paulo", "00:00", "2018-11-03",
        ["2018-11-03T00:00-03:00", "2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"],
    ),
    "a day is skipped": (
        "Pacific/Apia", "20:00", "2011-12-28",
        ["2011-12-28T20:00-10:00", "2011-12-29T20:00-10:00", "2011-12-31T20:00+14:00"],
    ),
    "no change, ever": (
        "Asia/Kolkata", "06:05", "2026-03-28",
        ["2026-03-28T06:05+05:30", "2026-03-29T06:05+05:30", "2026-03-30T06:05+05:30"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("zone", "at", "first", "shown"), CHANGES.values(), ids=CHANGES.keys())
def test_each_day_has_its_time_once(zone: str, at: str, first: str, shown: list[str]) -> None:
    assert local_times(zone, at, first, len(shown)) == shown


def exists(shown: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks of the zone show this: what they do not show comes back as another time."""
    return shown.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == shown


@settings(deadline=None)
@given(
    st.sampled_from(ALL_ZONES).map(ZoneInfo),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    st.dates(date(1972, 1, 1), date(2037, 1, 1)),
)
def test_in_each_zone_a_day_that_shows_the_time_has_it_once_the_first_time(
    zone: ZoneInfo, at: time, first: date
) -> None:
    start = datetime.combine(first, time(12), UTC)
    times = islice(from_then_on(Daily(at, zone), start), 30)
    shown = Counter(it.astimezone(zone).replace(tzinfo=None, fold=it.astimezone(zone).fold) for it in times)
    days = [datetime.combine(first + n * DAY, at) for n in range(3, 25)]
    assert {day: shown[day] for day in days} == {day: int(exists(day, zone)) for day in days}
    assert not any(it.fold for it in shown)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_the_machines_own_zone_is_as_good_as_a_named_one(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    clock.tzset()
    try:
        start = datetime(2026, 1, 1, tzinfo=UTC)
        own = list(islice(from_then_on(Daily(time(2, 10)), start), 365))
    finally:
        monkeypatch.undo()
        clock.tzset()
    assert own == list(islice(from_then_on(Daily(time(2, 10), ZoneInfo(zone)), start), 365))


def test_times_again_and_again_are_counted_from_their_anchor() -> None:
    anchor = datetime(2026, 1, 1, 12, 0, 7, tzinfo=UTC)
    every = Every(60.0, anchor)
    assert every.next_after(anchor) == anchor + timedelta(minutes=1)
    assert every.last_until(anchor + timedelta(seconds=130)) == anchor + timedelta(minutes=2)
    assert every.last_until(anchor - timedelta(seconds=1)) == anchor - timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["24:00", "7:00", "20", "20:00:61", "\u0662\u0660:00", "20:00 ", "-1:00", "20:00:00:00", ""]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        time_of_day(text)


def test_a_schedule_is_written_as_people_say_it() -> None:
    assert Daily(time_of_day("20:00"), ZoneInfo("Europe/Berlin")).text == "daily at 20:00 (Europe/Berlin)"
    assert Daily(time_of_day("06:30:15")).text == "daily at 06:30:15 (local time)"
    assert Every(90.0, datetime(2026, 1, 1, tzinfo=UTC)).text == "every 90 s"
    assert {"Europe/Berlin", "UTC"} <= zone_names()
