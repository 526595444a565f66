"""The record of an MQTT message; ``sinks.outbox`` has those that are stored before they are sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is published or received."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
