"""The index of moments: what a search finds, and in which order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.describe.moment import Moment
from analyzer.signal.window import Outcome
from base.clock import parse_utc, utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.moments import SLOTS
from livereel.ledger.records import FILE, PENDING
from sinks.archive import MomentQuery
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def describe(ledger: Ledger, *moments: Moment) -> None:
    for made in moments:
        ledger.windows.add(made.window, PENDING)
        ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)


def at(seconds: float) -> str:
    return utc_text(parse_utc(START_UTC) + timedelta(seconds=seconds))


def found(ledger: Ledger, text: str = "", **options: object) -> list[int]:
    query = MomentQuery(text, **options)  # type: ignore[arg-type]  # fields by name
    entries = ledger.search(query)
    if len(entries) < query.limit:
        assert ledger.moments.count(query) == len(entries)
    return [entry.window.index for entry in entries]


@pytest.fixture
def street(ledger: Ledger) -> Ledger:
    describe(
        ledger,
        moment(0, title="A red car parks", text="A red car parks at the kerb.", tags=["car"], importance=3.2),
        moment(
            1, title="Two people walk", text="Two people are walking past the parked car.", importance=6.9
        ),
        moment(2, title="A café opens", text="Chairs are put out.", tags=["person"], importance=9.0),
        moment(
            2, title="A dog", text="A dog crosses the yard.", tags=["dog"], importance=5.0, camera="yard-2"
        ),
    )
    return ledger


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("car", [1, 0]),  # newest first
        ("CARS", [1, 0]),  # by stem, in any case
        ("walk", [1]),
        ("red car", [0]),
        ('"parked car"', [1]),
        ('"car parked"', [0]),  # "A red car parks", by stems
        ('"kerb car"', []),
        ("car -people", [0]),
        ("-car", [2, 2, 1, 0]),  # an exclusion alone says nothing
        ("cafe", [2]),
        ("caf*", [2]),
        ("person", [2]),  # a tag
        ("title:car", []),  # no operator but quotes, minus and star
        ("car OR dog", []),
        ("tyrannosaurus", []),
    ],
)
def test_words_are_found(text: str, indexes: list[int], street: Ledger) -> None:
    assert found(street, text) == indexes


@pytest.mark.parametrize(
    ("options", "indexes"),
    [
        ({}, [2, 2, 1, 0]),
        ({"cameras": ("front",)}, [2, 1, 0]),
        ({"cameras": ("yard",)}, []),  # not a part of a name
        ({"cameras": ("yard-2", "front")}, [2, 2, 1, 0]),
        ({"tags": ("car", "dog")}, [2, 0]),
        ({"min_importance": 6}, [2, 1]),
        ({"min_importance": 9.5}, [2]),  # rounded down
        ({"since_utc": at(10)}, [2, 2, 1]),
        ({"until_utc": at(10)}, [0]),
        ({"since_utc": at(10), "until_utc": at(20)}, [1]),
        ({"limit": 2}, [2, 2]),
        ({"text": "car", "min_importance": 5, "cameras": ("front",)}, [1]),
        ({"text": "car", "until_utc": at(10)}, [0]),
    ],
)
def test_filters_narrow_a_search(options: dict[str, object], indexes: list[int], street: Ledger) -> None:
    assert found(street, **options) == indexes  # type: ignore[arg-type]  # fields by name


def test_only_alerts(ledger: Ledger) -> None:
    describe(ledger, moment(0), replace(moment(1), alerts=("a person at the gate",)))
    assert found(ledger, alerts_only=True) == [1]


def test_moments_of_one_millisecond_are_all_found(ledger: Ledger) -> None:
    describe(ledger, *(moment(0, camera=f"camera{n}") for n in range(5)))
    assert len(found(ledger)) == 5
    assert SLOTS > 1000  # cameras whose windows start together


def test_a_late_description_stands_at_its_own_time(ledger: Ledger) -> None:
    describe(ledger, moment(3), moment(1), moment(2))
    assert found(ledger, "mover") == [3, 2, 1]


def test_a_window_that_was_removed_is_not_found(ledger: Ledger, tmp_path: Path) -> None:
    describe(ledger, moment(0), moment(1))
    ledger.files.forget_before(at(10))
    assert found(ledger, "mover") == [1]
    assert found(ledger) == [1]
    with closing(sqlite3.connect(tmp_path / FILE)) as database:  # raises if index and table differ
        database.execute("INSERT INTO moment_text(moment_text, rank) VALUES ('integrity-check', 1)")


def test_a_window_without_a_description_is_not_found(ledger: Ledger) -> None:
    made = moment(0)
    ledger.windows.add(made.window, PENDING)
    assert found(ledger) == []
    ledger.windows.end(made.window.id, Outcome.MODEL_FAILED)
    assert found(ledger) == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), names=st.lists(st.text(min_size=1), max_size=3))
def test_no_text_is_an_error(text: str, names: Sequence[str], ledger: Ledger) -> None:
    found(ledger, text, tags=tuple(names), cameras=tuple(names))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text('ab "*-:()^+{}', max_size=20))
def test_no_syntax_of_the_index_is_an_error(text: str, ledger: Ledger) -> None:
    found(ledger, text)
