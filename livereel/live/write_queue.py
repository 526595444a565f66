"""Writes to the ledger that must not be lost while its disk is full."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from livereel.ledger.records import LedgerError

log = logging.getLogger(__name__)

# An hour of 28 cameras. Beyond it the oldest write is dropped and counted: its time becomes a gap.
MAX_WAITING = 10_000

Write = Callable[[], None]


class WriteQueue:
    """Does writes in their order; while one raises LedgerError, it and those behind it wait.

    Attributes:
        lost: writes dropped so far, as too many waited.
    """

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._waiting: deque[Write] = deque()
        self.lost = 0

    @property
    def waiting(self) -> int:
        """How many writes the ledger could not take yet."""
        return len(self._waiting)

    def write(self, write: Write) -> None:
        """Write now if possible, after all that waits; never raises LedgerError."""
        if len(self._waiting) == self._max_waiting:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(write)
        self._flush(new=1)

    def retry(self) -> None:
        """Write what waits, as far as possible."""
        self._flush(new=0)

    def _flush(self, new: int) -> None:
        waited = len(self._waiting) - new
        while self._waiting:
            try:
                self._waiting[0]()
            except LedgerError as error:
                if not waited:
                    log.error("the ledger cannot be written, retrying: %s", error)  # noqa: TRY400  # one line
                return
            self._waiting.popleft()
        if waited:
            log.info("the ledger can be written again; all waiting writes are stored")
