"""Passes events to every sink."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sinks.sink import Event, Sink, SinkError

log = logging.getLogger(__name__)


class Publisher:
    """Passes events on; never waits for a peer and never raises.

    A moment or a reel is published once it is in the ledger, whose outboxes hold it for every sink from the
    same commit on: passing it here makes them send it now.

    Attributes:
        lost: events that a sink could not take, so far.
    """

    def __init__(self) -> None:
        self._sinks: Sequence[Sink] = ()
        self.lost = 0

    def attach(self, sinks: Sequence[Sink]) -> None:
        """Publish to these sinks from now on."""
        self._sinks = sinks

    def counters(self) -> dict[str, dict[str, float]]:
        """Return the counters of each sink by its name; raises SinkError where an outbox cannot be read."""
        return {sink.name: dict(sink.counters()) for sink in self._sinks}

    async def publish(self, event: Event) -> None:
        """Pass an event to every sink; one that cannot take it does not affect the others."""
        for sink in self._sinks:
            try:
                await sink.take(event)
            except SinkError as error:
                self.lost += 1
                log.warning("not published: %s", error)
