"""A sink that keeps in memory what it takes."""

from __future__ import annotations

from sinks.events import CameraState
from sinks.sink import Event


class Received:
    """A sink that remembers."""

    name = "received"

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def take(self, event: Event) -> None:
        self.events.append(event)

    def counters(self) -> dict[str, float]:
        return {"events": len(self.events)}

    async def close(self) -> None:
        """Nothing is held."""

    def states(self, camera: str) -> list[tuple[str, str | None]]:
        return [
            (it.state, it.reason) for it in self.events if isinstance(it, CameraState) and it.camera == camera
        ]

    def of(self, kind: type[object]) -> list[Event]:
        return [it for it in self.events if isinstance(it, kind)]
