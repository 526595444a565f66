"""Detects an outbox message that is too large for a broker that hangs up instead of refusing it."""

from __future__ import annotations

# This many connections in a row that end at one message are not a coincidence of the network.
LOSSES = 10


class OversizeDetector:
    """Tracks the message at which connections end, and the largest payload acknowledged meanwhile.

    A broker that is down, or a client that another one with its id disconnects, is not mistaken for it:
    there, smaller messages are not acknowledged either, or equally large ones are.
    """

    def __init__(self) -> None:
        self._number = 0
        self._losses = 0
        self._acknowledged_bytes = 0

    def connection_lost(self, number: int) -> None:
        """Count a connection that ended while this message alone was unacknowledged."""
        if number != self._number:
            self._number, self._losses, self._acknowledged_bytes = number, 0, 0
        self._losses += 1

    def answered(self) -> None:
        """Forget the message: one was answered, if only by a refusal."""
        self._number = 0

    def acknowledged(self, payload_bytes: int) -> None:
        """Note that the broker acknowledged a payload of this size."""
        self._acknowledged_bytes = max(self._acknowledged_bytes, payload_bytes)

    def is_too_large(self, number: int, payload_bytes: int) -> bool:
        """Return whether to give a message up: it alone does not arrive, and it is the largest."""
        is_largest = payload_bytes > self._acknowledged_bytes > 0
        return number == self._number and self._losses >= LOSSES and is_largest
