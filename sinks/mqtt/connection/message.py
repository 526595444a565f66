"""An MQTT message; those that are stored first are in ``sinks.outbox``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is published or received."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
