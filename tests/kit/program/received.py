"""A sink that keeps in memory what it takes."""

from __future__ import annotations

from typing import TypeVar

from sinks.events import CameraState
from sinks.sink import Event, SinkError

T = TypeVar("T", bound=Event)


class Received:
    """Implements ``sinks.sink.Sink``; while ``full`` it takes nothing."""

    name = "received"

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    async def take(self, event: Event) -> None:
        if self.full:
            raise SinkError("no space left")
        self.events.append(event)

    def counters(self) -> dict[str, float]:
        return {"events": len(self.events)}

    async def close(self) -> None:
        """Nothing is held."""

    def states(self, camera: str) -> list[tuple[str, str | None]]:
        """The camera's states so far, with their reasons."""
        return [(it.state, it.reason) for it in self.of(CameraState) if it.camera == camera]

    def of(self, kind: type[T]) -> list[T]:
        """The events of this kind so far."""
        return [it for it in self.events if isinstance(it, kind)]
