"""Writes wait in their order while the ledger cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from livereel.ledger import write_queue as journal
from livereel.ledger.ledger import Ledger, LedgerError
from livereel.ledger.write_queue import Journal, Write
from tests.kit.measured import measured


class Disk:
    """Room, or none: writes made here fail while it is full."""

    def __init__(self) -> None:
        self.full = False

    def window(self, index: int) -> Write:
        def write(ledger: Ledger) -> None:
            if self.full:
                raise LedgerError("ledger.db: database or disk is full")
            ledger.add_window(measured(index), "quiet")

        return write


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def kept(ledger: Ledger) -> list[int]:
    return [entry.window.index for entry in ledger.entries("")]


def test_what_can_be_written_is_written_at_once(ledger: Ledger) -> None:
    Journal(ledger).write(Disk().window(0))
    assert kept(ledger) == [0]


def test_what_cannot_be_written_is_written_later_in_order(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    disk, it = Disk(), Journal(ledger)
    disk.full = True
    for index in range(3):
        it.write(disk.window(index))
        it.retry()
    assert it.waiting == 3
    disk.full = False
    it.write(disk.window(3))
    assert it.waiting == 0
    assert kept(ledger) == [0, 1, 2, 3]
    assert it.lost == 0
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"], "a line a change of state"


def test_too_much_that_waits_costs_the_oldest_and_is_counted(ledger: Ledger) -> None:
    disk, it = Disk(), Journal(ledger)
    disk.full = True
    for index in range(journal.MAX_WAITING + 2):
        it.write(disk.window(index))
    assert it.waiting == journal.MAX_WAITING
    assert it.lost == 2


def test_a_mistake_of_ours_is_not_taken_for_a_full_disk(ledger: Ledger) -> None:
    def mistake(_: Ledger) -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        Journal(ledger).write(mistake)
