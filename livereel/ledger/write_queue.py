"""Writes to the ledger that must not be lost though its disk be full for a while."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from livereel.ledger.ledger import Ledger, LedgerError

log = logging.getLogger(__name__)

# An hour of 28 cameras. When it is full the oldest goes, and is counted: its time will be told as a gap.
MAX_WAITING = 10_000

Write = Callable[[Ledger], None]


class Journal:
    """Passes writes on in their order; what the ledger cannot take now waits until it can.

    Attributes:
        lost: writes given up, so far.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: deque[Write] = deque()
        self.lost = 0

    @property
    def waiting(self) -> int:
        """How many writes the ledger could not take yet."""
        return len(self._waiting)

    def write(self, write: Write) -> None:
        """Write now if that can be done, after all that waits; never raises LedgerError."""
        if len(self._waiting) == MAX_WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(write)
        self._flush(new=1)

    def retry(self) -> None:
        """Write what waits, as far as that can be done."""
        self._flush(new=0)

    def _flush(self, new: int) -> None:
        waited = len(self._waiting) - new
        while self._waiting:
            try:
                self._waiting[0](self._ledger)
            except LedgerError as error:
                if not waited:
                    log.error("the ledger cannot be written, it will be tried again: %s", error)  # noqa: TRY400  # one line
                return
            self._waiting.popleft()
        if waited:
            log.info("the ledger is written again, with all that waited")
