"""Feedback in the ledger: one verdict for each moment, the newest of them, and what outlives a window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.preference.feedback import Movement, Verdict
from analyzer.signal.activity import Activity
from analyzer.signal.window import Outcome
from base.clock import utc_after
from livereel.ledger.feedback import MAX_JUDGED
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from sinks.archive import ArchiveError
from tests.kit.records.moments import moment, mover
from tests.kit.records.windows import START_UTC, measured


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def store(ledger: Ledger, *moments: Moment) -> None:
    for described in moments:
        ledger.windows.add(described.window, PENDING)
        ledger.windows.end(described.window.id, Outcome.DESCRIBED, described)


def verdicts(ledger: Ledger) -> list[tuple[str, Verdict]]:
    return [(it.traits.window_id, it.verdict) for it in ledger.feedback.judged()]


def test_a_verdict_is_replaced_and_withdrawn(ledger: Ledger) -> None:
    store(ledger, moment(0), moment(1))
    assert ledger.feedback.judge("front-0-00000", Verdict.KEEP)
    assert ledger.feedback.judge("front-0-00001", Verdict.KEEP)
    assert ledger.feedback.judge("front-0-00000", Verdict.DULL)
    assert verdicts(ledger) == [("front-0-00001", Verdict.KEEP), ("front-0-00000", Verdict.DULL)]
    assert ledger.feedback.verdicts(["front-0-00000", "front-0-00002"]) == {"front-0-00000": Verdict.DULL}
    assert ledger.feedback.judge("front-0-00000", None)
    assert ledger.feedback.judge("front-0-00000", None)
    assert verdicts(ledger) == [("front-0-00001", Verdict.KEEP)]


def test_only_moments_are_judged_and_only_those_of_the_camera_that_is_named(ledger: Ledger) -> None:
    store(ledger, moment(0))
    ledger.windows.add(measured(1, [(2.0, 900.0)]), PENDING)
    assert not ledger.feedback.judge("front-0-00001", Verdict.KEEP)  # not described yet
    assert not ledger.feedback.judge("front-0-00002", Verdict.KEEP)
    assert not ledger.feedback.judge("front-0-00000", Verdict.KEEP, camera="yard-2")
    assert ledger.feedback.judge("front-0-00000", Verdict.KEEP, camera="front")
    assert verdicts(ledger) == [("front-0-00000", Verdict.KEEP)]


def test_what_is_compared_outlives_the_window(ledger: Ledger) -> None:
    told = moment(0, tags=["car", "red"], title="A red car parks")
    activity = Activity(movers=(mover((1.0, 3.0), x=(0.1, 0.7), y=(0.5, 0.4), share=0.03),))
    store(ledger, replace(told, window=replace(told.window, activity=activity)))
    ledger.feedback.judge("front-0-00000", Verdict.KEEP)
    ledger.files.forget_before(utc_after(START_UTC, 3600.0))
    assert ledger.windows.find("front-0-00000") is None
    (judged,) = ledger.feedback.judged()
    traits = judged.traits
    assert (traits.camera, traits.start_utc, traits.title) == ("front", START_UTC, "A red car parks")
    assert traits.tags == ("car", "red")
    assert traits.movements == (Movement(0.6, -0.1, 0.03),)


def test_only_the_newest_are_kept(ledger: Ledger) -> None:
    store(ledger, moment(0), moment(1))
    ledger.feedback.judge("front-0-00000", Verdict.KEEP)
    full = """WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO feedback SELECT 'w' || i, i, verdict, judged_utc, traits FROM feedback, n"""
    with ledger.database.writing() as connection:
        connection.exec_driver_sql(full, (MAX_JUDGED,))
    assert len(ledger.feedback.judged()) == MAX_JUDGED
    ledger.feedback.judge("front-0-00001", Verdict.DULL)
    kept = ledger.feedback.judged()
    assert len(kept) == MAX_JUDGED
    assert kept[-1].verdict == Verdict.DULL
    assert ledger.feedback.verdicts(["front-0-00000"]) == {}  # the oldest


def test_a_ledger_that_cannot_be_written_is_an_archive_error(ledger: Ledger) -> None:
    ledger.close()
    with pytest.raises(ArchiveError, match=r"ledger\.db: the ledger is closed"):
        ledger.feedback.judge("front-0-00000", Verdict.KEEP)
