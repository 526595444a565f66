"""Times as people read them: their clock, its zone, and lengths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from base.clock import parse_utc
from base.local_time import date_time_text, interval_text, length_text, local, span_text, utc_offsets_s, zone
from tests.conftest import BERLIN, KATHMANDU, KOLKATA

InZone = Callable[[str], None]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("UTC", "2026-03-12 14:00:10 UTC"),
        (BERLIN, "2026-03-12 15:00:10 CET"),
        (KOLKATA, "2026-03-12 19:30:10 IST"),
        (KATHMANDU, "2026-03-12 19:45:10 UTC+05:45"),
    ],
)
def test_a_time_is_shown_with_the_users_zone(name: str, shown: str, in_zone: InZone) -> None:
    in_zone(name)
    assert date_time_text("2026-03-12T14:00:10.900Z") == shown
    assert date_time_text(datetime(2026, 3, 12, 14, 0, 10, tzinfo=UTC)) == shown


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2026-03-12T14:00:00Z", "2026-03-12T15:00:00Z", "2026-03-12 15:00:00 to 16:00:00 CET"),
        ("2026-03-12T22:30:00Z", "2026-03-12T23:30:00Z", "2026-03-12 23:30:00 to 2026-03-13 00:30:00 CET"),
        ("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29 01:30:00 CET to 03:30:00 CEST"),
        ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00 CEST to 02:30:00 CET"),
    ],
)
def test_a_span_repeats_only_what_differs(start: str, end: str, shown: str, in_zone: InZone) -> None:
    in_zone(BERLIN)
    assert span_text(start, end) == shown


@pytest.mark.parametrize(
    ("seconds", "shown", "with_tenths"),
    [
        (0.0, "0:00", "0:00.0"),
        (-0.04, "0:00", "0:00.0"),
        (15.92, "0:16", "0:15.9"),
        (15.4, "0:15", "0:15.4"),
        (59.96, "1:00", "1:00.0"),
        (0.1 + 0.2, "0:00", "0:00.3"),
        (3599.96, "1:00:00", "1:00:00.0"),
        (3723.0, "1:02:03", "1:02:03.0"),
        (360_000.0, "100:00:00", "100:00:00.0"),
    ],
)
def test_a_length_has_hours_only_from_one_on(seconds: float, shown: str, with_tenths: str) -> None:
    assert length_text(seconds) == shown
    assert length_text(seconds, tenths=True) == with_tenths


def test_the_offsets_of_a_span_name_each_change(in_zone: InZone) -> None:
    in_zone(BERLIN)
    start, change = parse_utc("2026-10-24T22:10:00Z"), parse_utc("2026-10-25T01:00:00Z")
    offsets = [(start.timestamp(), 7200.0), (change.timestamp(), 3600.0)]
    assert utc_offsets_s(start, parse_utc("2026-10-25T06:00:00Z")) == offsets
    assert utc_offsets_s(start, parse_utc("2026-10-25T00:59:00Z")) == offsets[:1]


def test_a_local_time_is_the_same_instant(in_zone: InZone) -> None:
    in_zone(KOLKATA)
    assert local("2026-03-12T14:00:00Z") == parse_utc("2026-03-12T14:00:00Z")
    assert zone("2026-03-12T14:00:00Z") == "IST"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (15.0, "15 s"),
        (7.5, "7.5 s"),
        (60.0, "minute"),
        (90.0, "90 s"),
        (900.0, "15 minutes"),
        (3600.0, "hour"),
        (5400.0, "90 minutes"),
        (7200.0, "2 hours"),
        (86_400.0, "day"),
        (129_600.0, "36 hours"),
    ],
)
def test_an_interval_is_written_as_people_say_it(seconds: float, text: str) -> None:
    assert interval_text(seconds) == text
