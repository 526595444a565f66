"""The protocol of the store that keeps pending windows; the ledger implements it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from analyzer.describe.moment import Moment
from analyzer.signal.window import Outcome, Window


class WindowStoreError(Exception):
    """The store cannot be read or written at present."""


class WindowStore(Protocol):
    """Stores pending windows. Calls block only briefly and may raise WindowStoreError."""

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        """Return camera and id of the newest pending window of each camera, except those in ``without``."""
        ...

    def window(self, window_id: str) -> Window:
        """Return a window by its id."""
        ...

    def count_pending(self) -> int:
        """Return how many windows are pending."""
        ...

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        """End up to ``count`` windows as ``skipped_overload``, least ``worth`` first; returns how many."""
        ...

    def end_window(self, window_id: str, outcome: Outcome, moment: Moment | None = None) -> None:
        """Record how a window ended."""
        ...
