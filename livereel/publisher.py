"""Events to every sink; what a sink must keep and cannot is offered again."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from analyzer.chapter import Reel
from analyzer.moment import Moment
from sinks.sink import Event, Sink, SinkError

log = logging.getLogger(__name__)

# Moments and reels that wait for a sink's disk. When it is full the oldest goes, and is counted.
MAX_WAITING = 10_000


class Publisher:
    """Hands events on; never waits for a peer and never raises.

    Moments and reels are handed on in their order, one at a time, as a sink may wait for its disk with
    them; while it cannot keep one, those behind it wait. All else goes past them at once: a peak that
    waited would be told too late, and whoever tells of it, a camera, would wait with it.
    """

    def __init__(self) -> None:
        self._lines: list[_Line] = []

    @property
    def lost(self) -> int:
        """Events given up, so far."""
        return sum(line.lost for line in self._lines)

    def attach(self, sinks: Sequence[Sink]) -> None:
        """Publish to these from now on."""
        self._lines = [_Line(sink) for sink in sinks]

    async def publish(self, event: Event) -> None:
        """Hand an event to every sink; returns before that where others are under way before it."""
        for line in self._lines:
            if isinstance(event, Moment | Reel):
                await line.add(event)
            else:
                await line.pass_on(event)

    async def retry(self) -> None:
        """Offer again what waits, as far as it is taken."""
        for line in self._lines:
            await line.move()


class _Line:
    """What waits for one sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: deque[Moment | Reel] = deque()
        self._moving = False
        self._stuck = False
        self.lost = 0

    async def add(self, event: Moment | Reel) -> None:
        if len(self._waiting) == MAX_WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(event)
        await self.move()

    async def move(self) -> None:
        """Hand on what waits. Cancelled, it leaves what is under way at the head of the line."""
        if self._moving:
            return
        self._moving = True
        try:
            while self._waiting:
                event = self._waiting[0]
                await self._sink.take(event)
                if self._waiting and self._waiting[0] is event:  # the line may have lost its head meanwhile
                    self._waiting.popleft()
        except SinkError as error:
            self._say_stuck(error)
        else:
            self._say_going()
        finally:
            self._moving = False

    async def pass_on(self, event: Event) -> None:
        """Hand on what is worth it only now."""
        try:
            await self._sink.take(event)
        except SinkError as error:
            self.lost += 1
            log.warning("not published: %s", error)

    def _say_stuck(self, error: SinkError) -> None:
        if not self._stuck:
            self._stuck = True
            log.warning("captions and reels cannot be kept for their peer, it will be tried again: %s", error)

    def _say_going(self) -> None:
        if self._stuck:
            self._stuck = False
            log.info("captions and reels are kept for their peer again, with all that waited")
