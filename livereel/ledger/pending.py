"""The ledger's windows that wait to be described, as the describe queue wants them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import bindparam, func, select, update

from analyzer.describe.moment import Moment
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.window import Outcome, Window
from livereel.ledger.database import Database
from livereel.ledger.records import LedgerError
from livereel.ledger.tables import IS_PENDING, windows
from livereel.ledger.windows import Windows

_it = windows.c
_NOT_THESE = _it.id.not_in(bindparam("without", expanding=True))
_COUNT = select(func.count()).select_from(windows).where(IS_PENDING)
_OLDEST = select(func.min(_it.start_utc)).where(IS_PENDING)
_RANK = func.row_number().over(partition_by=_it.camera, order_by=_it.start_utc.desc())
_RANKED = select(_it.camera, _it.id, _RANK.label("rank")).where(IS_PENDING, _NOT_THESE).subquery()
_NEWEST = select(_RANKED.c.camera, _RANKED.c.id).where(_RANKED.c.rank == 1)
_LOWEST = (
    select(_it.id).where(IS_PENDING, _NOT_THESE).order_by(_it.signal_max, _it.id).limit(bindparam("count"))
)
_SKIP_LOWEST = update(windows).where(_it.id.in_(_LOWEST)).values(outcome=Outcome.SKIPPED_OVERLOAD.value)


class PendingWindows:
    """Implements ``analyzer.describe.window_store.WindowStore``; raises WindowStoreError for LedgerError."""

    def __init__(self, database: Database, windows: Windows) -> None:
        self._database = database
        self._windows = windows

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        """Camera and id of each camera's newest pending window, except those in ``without``."""
        with _mapped():
            rows = self._database.read(_NEWEST, {"without": list(without)})
        return [(row.camera, row.id) for row in rows]

    def window(self, window_id: str) -> Window:
        """Return a window by its id."""
        with _mapped():
            return self._windows.get(window_id)

    def count_pending(self) -> int:
        """How many wait."""
        with _mapped():
            return int(self._database.read_one(_COUNT))

    def oldest_pending_utc(self) -> str | None:
        """The start of the oldest that waits; None where none does."""
        with _mapped():
            oldest: str | None = self._database.read_one(_OLDEST)
        return oldest

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        """End up to ``count`` as ``skipped_overload``, those of least worth first; returns how many."""
        values = {"count": count, "without": list(without)}
        with _mapped(), self._database.writing() as connection:
            return connection.execute(_SKIP_LOWEST, values).rowcount

    def end_window(self, window_id: str, outcome: Outcome, moment: Moment | None = None) -> None:
        """Set how a window ended."""
        with _mapped():
            self._windows.end(window_id, outcome, moment)


@contextmanager
def _mapped() -> Iterator[None]:
    """Raise WindowStoreError for LedgerError: the describe queue knows nothing of the ledger."""
    try:
        yield
    except LedgerError as error:
        raise WindowStoreError(str(error)) from error
