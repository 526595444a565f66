"""The ledger's pending windows as the describe queue wants them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from analyzer.describe.moment import Moment
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.window import Outcome, Window
from livereel.ledger.records import LedgerError
from livereel.ledger.windows import Windows


class PendingWindows:
    """Implements WindowStore over the ledger; raises WindowStoreError for LedgerError."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        """Camera and id of each camera's newest pending window, except those in ``without``."""
        with _mapped():
            return self._windows.newest_pending(without)

    def window(self, window_id: str) -> Window:
        """Return a window by its id."""
        with _mapped():
            return self._windows.get(window_id)

    def count_pending(self) -> int:
        """How many wait."""
        with _mapped():
            return self._windows.count_pending()

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        """End up to ``count`` as ``skipped_overload``, lowest signal first; returns how many."""
        with _mapped():
            return self._windows.skip_lowest(count, without)

    def end_window(self, window_id: str, outcome: Outcome, moment: Moment | None = None) -> None:
        """Set how a window ended."""
        with _mapped():
            self._windows.end(window_id, outcome, moment)


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except LedgerError as error:
        raise WindowStoreError(str(error)) from error
