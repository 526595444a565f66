"""Errors of a broker's connection. Each message is one clear line."""

from __future__ import annotations


class BrokerError(Exception):
    """There is no connection, or it was lost."""


class TakenOverError(BrokerError):
    """The broker ended the connection for another client with the same id (MQTT 5 only)."""


class MessageLossError(BrokerError):
    """The connection ended while a single outbox message was under way, which may be the cause."""


class RefusedError(BrokerError):
    """The broker received a message and refused it (MQTT 5 only: 3.1.1 has no such answer)."""


class TooLargeError(RefusedError):
    """A message can never be sent on this connection: it is larger than the broker accepts."""
