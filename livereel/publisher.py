"""Events to every sink; what a sink must keep and cannot is offered again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from sinks.sink import Event, Sink, SinkError

log = logging.getLogger(__name__)

# Events that wait for a sink's disk. When it is full the oldest goes, and is counted.
MAX_WAITING = 10_000


class Publisher:
    """Hands events on in their order; never waits for a peer and never raises.

    Attributes:
        lost: events given up, so far.
    """

    def __init__(self) -> None:
        self._sinks: Sequence[Sink] = ()
        self._waiting: deque[tuple[Sink, Event]] = deque()
        self.lost = 0

    def attach(self, sinks: Sequence[Sink]) -> None:
        """Publish to these from now on."""
        self._sinks = sinks

    async def publish(self, event: Event) -> None:
        """Hand an event to every sink, after all that waits."""
        for sink in self._sinks:
            if len(self._waiting) == MAX_WAITING:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append((sink, event))
        await self.retry()

    async def retry(self) -> None:
        """Offer again what waits, as far as it is taken."""
        while self._waiting:
            sink, event = self._waiting[0]
            try:
                await sink.take(event)
            except SinkError as error:
                log.warning("not published yet: %s", error)
                return
            if self._waiting and self._waiting[0] == (sink, event):
                self._waiting.popleft()
