"""The Outbox protocol: events that a sink must deliver, stored in the commit that makes them.

The ledger implements it. A sink says how an event becomes a message (``Encode``), reads the messages in
their order, and marks each as done once its peer has acknowledged it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from sinks.events import LateText


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message to be stored before it is sent.

    Attributes:
        key: identifies the message on its topic: the same key is the same message.
        body: the JSON object to send, without ``seq``, which the outbox adds.
    """

    topic: str
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message in the outbox.

    Attributes:
        number: its position in the outbox, over all topics, ascending.
        payload: the JSON object, encoded; it begins with ``seq``, the number on its topic from 1.
    """

    number: int
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How many messages wait, and how many were dropped, as too much waited, since the outbox was made."""

    waiting: int
    dropped: int


Encode = Callable[[Moment | Reel | LateText], OutboxMessage | None]
"""Builds the message of an event, None for an event that the sink does not deliver.

It is quick and without side effects, as it runs within the event's commit.
"""


class Outbox(Protocol):
    """One sink's messages, first in, first out. Calls block for a commit, are thread-safe, raise SinkError.

    A topic takes a key once, also after its message was done or dropped. When what waits exceeds a cap in
    bytes, the oldest messages are dropped and counted; their ``seq`` is missing.
    """

    def messages_after(self, number: int, limit: int) -> list[StoredMessage]:
        """Return the next messages after ``number`` (0: from the first), oldest first."""
        ...

    def mark_done(self, number: int) -> None:
        """Remove all messages up to ``number``: they have been acknowledged."""
        ...

    def counts(self) -> OutboxCounts:
        """Return how many messages wait and were dropped."""
        ...

    def retained(self) -> set[str]:
        """Return the topics given to ``set_retained``, by this run or an earlier one."""
        ...

    def set_retained(self, topics: Iterable[str]) -> None:
        """Store the topics at which the peer may hold a retained message of this livereel."""
        ...
