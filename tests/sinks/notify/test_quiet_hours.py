"""Quiet hours in local time, over midnight and over changes of the clocks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sinks.notify.pace import QuietHours
from tests.conftest import BERLIN


@pytest.fixture(autouse=True)
def berlin() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = BERLIN
    time.tzset()
    yield
    os.environ["TZ"] = before or "UTC"
    time.tzset()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "at", "end"),
    [
        ("22:00-06:00", "2026-11-26T20:59:59", None),
        ("22:00-06:00", "2026-11-26T21:00:00", "2026-11-27T05:00:00"),
        ("22:00-06:00", "2026-11-27T04:59:59", "2026-11-27T05:00:00"),
        ("22:00-06:00", "2026-11-27T05:00:00", None),
        ("13:00-15:30", "2026-07-01T11:00:00", "2026-07-01T13:30:00"),
        ("13:00-15:30", "2026-07-01T13:30:00", None),
        # The night in which clocks go from 2:00 to 3:00, and the one in which they go from 3:00 to 2:00
        ("22:00-06:00", "2026-03-28T22:00:00", "2026-03-29T04:00:00"),
        ("22:00-06:00", "2026-10-24T21:00:00", "2026-10-25T05:00:00"),
    ],
)
def test_the_end_of_quiet_hours(hours: str, at: str, end: str | None) -> None:
    assert QuietHours.parse(hours).end_after(utc(at)) == (utc(end) if end else None)


@pytest.mark.parametrize("text", ["", "22-6", "22:00", "24:00-06:00", "22:60-06:00", "6:00-06:00", "night"])
def test_what_is_no_span_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="expected two times of a day, such as 22:00-06:00"):
        QuietHours.parse(text)
