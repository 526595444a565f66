"""At which letter a broker hangs up, again and again: one that is too large, where it cannot say so."""

from __future__ import annotations

# So many connections in a row that end at one letter are no accident of the network.
LOSSES = 10


class OversizeDetector:
    """The letter at which connections end, by its number, and what was taken since the first of them did.

    A broker that is away, or a client that is pushed out by another of its name, is not mistaken for it:
    there, what is smaller is not taken either, or what is as large is.
    """

    def __init__(self) -> None:
        self._number = 0
        self._losses = 0
        self._acknowledged_bytes = 0

    def connection_lost(self, number: int) -> None:
        """A connection has ended while this letter was under way, and nothing else."""
        if number != self._number:
            self._number, self._losses, self._acknowledged_bytes = number, 0, 0
        self._losses += 1

    def answered(self) -> None:
        """A letter has been answered, be it with a refusal."""
        self._number = 0

    def acknowledged(self, payload_bytes: int) -> None:
        """The broker has acknowledged a message of this size."""
        self._acknowledged_bytes = max(self._acknowledged_bytes, payload_bytes)

    def is_too_large(self, number: int, payload_bytes: int) -> bool:
        """Whether to give it up: all else arrives, it does not, and it is the largest."""
        is_largest = payload_bytes > self._acknowledged_bytes > 0
        return number == self._number and self._losses >= LOSSES and is_largest
