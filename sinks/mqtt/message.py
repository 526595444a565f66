"""MQTT messages: to be sent at once or never, to be stored first, and as stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is published or received."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


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
        payload: the JSON object, encoded.
    """

    number: int
    topic: str
    payload: bytes
