"""A time as a person types it, wherever that person is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from base.clock import parse_utc
from livereel.config.schema import UsageError
from livereel.config.since import EXAMPLES, parse_since
from tests.conftest import BERLIN, KOLKATA

InZone = Callable[[str], None]

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)


def utc(text: str, now: datetime = NOW) -> str:
    return parse_since(text, now).removesuffix(".000Z")


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("90m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("3d", timedelta(days=3)),
        ("2h ago", timedelta(hours=2)),
        ("10 minutes ago", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("1 hour, 30 mins", timedelta(minutes=90)),
        ("2 Days 1 HR ago", timedelta(days=2, hours=1)),
        ("1w", timedelta(weeks=1)),
        ("45sec", timedelta(seconds=45)),
    ],
)
def test_a_length_is_that_long_ago(text: str, ago: timedelta) -> None:
    assert parse_utc(parse_since(text, NOW)) == NOW - ago


def test_nothing_said_is_the_beginning() -> None:
    assert parse_since(None, NOW) == ""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("UTC", "today", "2026-03-12T00:00:00"),
        (BERLIN, "today", "2026-03-11T23:00:00"),
        (KOLKATA, "today", "2026-03-11T18:30:00"),
        (BERLIN, "yesterday", "2026-03-10T23:00:00"),
        (BERLIN, "yesterday 8pm", "2026-03-11T19:00:00"),
        (BERLIN, "Yesterday at 20:15", "2026-03-11T19:15:00"),
        (BERLIN, "today 8:05 am", "2026-03-12T07:05:00"),
        ("UTC", "8am", "2026-03-12T08:00:00"),
        (BERLIN, "8am", "2026-03-12T07:00:00"),
        (KOLKATA, "8am", "2026-03-12T02:30:00"),
        (BERLIN, "12am", "2026-03-11T23:00:00"),
        (BERLIN, "12pm", "2026-03-12T11:00:00"),
        (BERLIN, "20:00", "2026-03-11T19:00:00"),
        (KOLKATA, "20:00", "2026-03-12T14:30:00"),
        (KOLKATA, "20:00:01", "2026-03-11T14:30:01"),
        (BERLIN, "2026-03-12", "2026-03-11T23:00:00"),
        (KOLKATA, "2026-03-12 09:00", "2026-03-12T03:30:00"),
        (BERLIN, "2026-03-12T09:00", "2026-03-12T08:00:00"),
        (BERLIN, "2026-03-12T09:00:00Z", "2026-03-12T09:00:00"),
        (KOLKATA, "2026-03-12T15:00:00+01:00", "2026-03-12T14:00:00"),
        (BERLIN, "1773325800", "2026-03-12T14:30:00"),
    ],
)
def test_what_names_no_zone_is_local(name: str, text: str, expected: str, in_zone: InZone) -> None:
    in_zone(name)
    assert utc(text) == expected


@pytest.mark.parametrize(
    ("now", "text", "expected"),
    [
        # Clocks go from 02:00 to 03:00 on 29 March, and from 03:00 back to 02:00 on 25 October.
        ("2026-03-29T08:00:00Z", "today", "2026-03-28T23:00:00"),
        ("2026-03-29T08:00:00Z", "8am", "2026-03-29T06:00:00"),
        ("2026-03-29T08:00:00Z", "yesterday 8am", "2026-03-28T07:00:00"),
        # 02:30 is skipped: half an hour after the change.
        ("2026-03-29T08:00:00Z", "2:30", "2026-03-29T01:30:00"),
        ("2026-03-29T08:00:00Z", "today 2:30", "2026-03-29T01:30:00"),
        ("2026-03-29T08:00:00Z", "2026-03-29 02:30", "2026-03-29T01:30:00"),
        ("2026-10-25T12:00:00Z", "today", "2026-10-24T22:00:00"),
        ("2026-10-25T12:00:00Z", "2:30", "2026-10-25T01:30:00"),
        ("2026-10-25T01:10:00Z", "2:30", "2026-10-25T00:30:00"),
        ("2026-10-25T12:00:00Z", "yesterday", "2026-10-23T22:00:00"),
        ("2026-10-25T12:00:00Z", "24h", "2026-10-24T12:00:00"),
    ],
)
def test_days_on_which_clocks_change(now: str, text: str, expected: str, in_zone: InZone) -> None:
    in_zone(BERLIN)
    assert utc(text, parse_utc(now)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "25:00", "12:60", "13pm", "0am", "5mo", "-3h", "1h30", "99999999999d", "2026-13-01", "12"],
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_since(text, NOW)
    assert str(refused.value) == f"--since {text}: not a time; examples: {EXAMPLES}"


@pytest.mark.parametrize("text", ["2026-03-12 16:00", "tomorrow", "today 8pm", "1773329400"])
def test_a_time_in_the_future_is_said_to_be_so(text: str, in_zone: InZone) -> None:
    in_zone(BERLIN)
    said = rf"^--from {re.escape(text)}: is in the future \(2026-.* CET; it is 2026-03-12 15:30:00 CET\)$"
    with pytest.raises(UsageError, match=said):
        parse_since(text, NOW, "--from")


@pytest.mark.parametrize("example", EXAMPLES.replace(" or ", ", ").split(", ")[:-1])
def test_each_example_is_a_time(example: str) -> None:
    assert parse_since(example, NOW) < "2026-03-12T14:30:00.000Z"
