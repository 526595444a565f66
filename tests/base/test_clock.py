"""Wall time: one way to write it, and a mapping that follows a drifting camera without a jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.clock import MediaClock, parse_utc, utc_after, utc_text

START = datetime(2026, 1, 31, 14, 2, 10, 250_000, UTC)


class Now:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


def test_time_is_formatted_in_utc_to_the_millisecond() -> None:
    assert utc_text(START) == "2026-01-31T14:02:10.250Z"
    assert utc_text(START.astimezone(timezone(timedelta(hours=-8)))) == "2026-01-31T14:02:10.250Z"
    assert utc_text(START.replace(tzinfo=None)) == "2026-01-31T14:02:10.250Z"
    assert utc_text(START.replace(microsecond=0)) == "2026-01-31T14:02:10.000Z"


@given(st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001  # naive is what is given
def test_formatted_time_can_be_parsed(at: datetime) -> None:
    text = utc_text(at)
    assert utc_text(parse_utc(text)) == text
    assert abs(parse_utc(text) - at.replace(tzinfo=UTC)) < timedelta(milliseconds=1)


def test_any_iso_time_can_be_read() -> None:
    for text in ("2026-01-31T14:02:10.25Z", "2026-01-31T15:02:10.250+01:00", "2026-01-31 14:02:10.250"):
        assert parse_utc(text) == START
    with pytest.raises(ValueError, match="yesterday"):
        parse_utc("yesterday")


def test_text_sorts_as_time_does() -> None:
    texts = [utc_after(utc_text(START), seconds) for seconds in (-90_000, -1, -0.001, 0, 0.75, 60, 10**7)]
    assert texts == sorted(texts)


def test_a_files_clock_counts_on_from_its_start() -> None:
    clock = MediaClock(START)
    clock.note_arrival(5.0)
    clock.follow()
    assert clock.utc(0.0) == "2026-01-31T14:02:10.250Z"
    assert clock.utc(61.5) == "2026-01-31T14:03:11.750Z"
    assert clock.after(10.0).utc(1.0) == clock.utc(11.0)


def test_a_live_clock_follows_slowly_and_repeats_no_time() -> None:
    now = Now()
    clock = MediaClock(START, now)
    told = []
    for second in range(200):
        now.at = START + timedelta(seconds=second * 1.01)  # a camera a percent slow
        clock.note_arrival(float(second))
        clock.follow()
        told.append(clock.utc(float(second)))
        assert abs(clock.off_s) < 0.06
    assert told == sorted(set(told))
    assert abs(parse_utc(told[-1]) - now.at) < timedelta(seconds=0.1)


def test_a_late_frame_does_not_move_a_live_clock() -> None:
    """Frames are delayed on their way, never early."""
    now = Now()
    clock = MediaClock(START, now)
    now.at = START + timedelta(seconds=9)
    clock.note_arrival(1.0)  # eight seconds late
    now.at = START + timedelta(seconds=10)
    clock.note_arrival(10.0)
    clock.follow()
    assert clock.off_s == 0.0
    assert clock.utc(0.0) == utc_text(START)


def test_a_live_clock_reports_its_error() -> None:
    now = Now()
    clock = MediaClock(START, now)
    now.at = START + timedelta(seconds=100)
    clock.note_arrival(1.0)
    clock.follow()
    assert clock.off_s == pytest.approx(99.0)
    assert clock.utc(0.0) == utc_after(utc_text(START), MediaClock.MAX_SLEW_S)
    assert clock.after(1.0).utc(0.0) == utc_text(now.at), "another epoch begins now"
