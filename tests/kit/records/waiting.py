"""Pending windows: of a ledger, and in memory for tests of the describe queue."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from analyzer.describe.moment import Moment
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.window import Outcome, Window
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING


def pending_in(ledger: Ledger) -> list[Window]:
    """The windows that wait to be described, in time order."""
    return [entry.window for entry in ledger.windows.entries("") if entry.outcome == PENDING]


@dataclass
class Store:
    """Implements ``analyzer.describe.window_store.WindowStore`` in memory.

    Attributes:
        waiting: the windows that are pending.
        ended: the outcome of each window that has ended, by its id.
        moments: of those that were described.
    """

    waiting: list[Window] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        newest: dict[str, Window] = {}
        for one in sorted(self.waiting, key=lambda w: w.index):
            if one.id not in without:
                newest[one.camera] = one
        return [(one.camera, one.id) for one in newest.values()]

    def window(self, window_id: str) -> Window:
        for one in self.waiting:
            if one.id == window_id:
                return one
        raise WindowStoreError(f"no window {window_id}")

    def count_pending(self) -> int:
        return len(self.waiting)

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        free = sorted((w for w in self.waiting if w.id not in without), key=lambda w: w.worth)
        for one in free[:count]:
            self.end_window(one.id, Outcome.SKIPPED_OVERLOAD)
        return len(free[:count])

    def end_window(self, window_id: str, outcome: str, moment: Moment | None = None) -> None:
        assert window_id not in self.ended
        self.ended[window_id] = outcome
        self.waiting = [w for w in self.waiting if w.id != window_id]
        if moment:
            self.moments.append(moment)
