"""Writes wait in their order while the ledger cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from analyzer.signal.window import Outcome
from livereel.ledger.ledger import Ledger
from livereel.live.write_queue import Write, WriteQueue
from tests.kit.records.full_ledger import full
from tests.kit.records.windows import measured


def adding(ledger: Ledger, index: int) -> Write:
    return lambda: ledger.windows.add(measured(index), Outcome.QUIET)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def kept(ledger: Ledger) -> list[int]:
    return [entry.window.index for entry in ledger.windows.entries("")]


def test_what_can_be_written_is_written_at_once(ledger: Ledger) -> None:
    WriteQueue().write(adding(ledger, 0))
    assert kept(ledger) == [0]


def test_what_cannot_be_written_is_written_later_in_order(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    queue = WriteQueue()
    with full(tmp_path, "windows"):
        for index in range(3):
            queue.write(adding(ledger, index))
            queue.retry()
        assert queue.waiting == 3
    queue.write(adding(ledger, 3))
    assert queue.waiting == 0
    assert kept(ledger) == [0, 1, 2, 3]
    assert queue.lost == 0
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"], "a line a change of state"


def test_too_much_that_waits_costs_the_oldest_and_is_counted(ledger: Ledger, tmp_path: Path) -> None:
    queue = WriteQueue(max_waiting=3)
    with full(tmp_path, "windows"):
        for index in range(5):
            queue.write(adding(ledger, index))
        assert queue.waiting == 3
        assert queue.lost == 2
    queue.retry()
    assert kept(ledger) == [2, 3, 4]


def test_a_mistake_of_ours_is_not_taken_for_a_full_disk() -> None:
    def mistake() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        WriteQueue().write(mistake)
