"""Events to every sink; moments and reels from the ledger, until each sink has taken them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from livereel.ledger.ledger import Ledger, LedgerError
from sinks.sink import Event, Sink, SinkError

log = logging.getLogger(__name__)

# Moments and reels are read from the ledger by so many.
BATCH = 100
_ALL = 2**63 - 1  # SQLite's largest number


class Publisher:
    """Hands events on; never waits for a peer and never raises.

    Moments and reels wait in the ledger, on disk, for ``tell``, which hands them on in their order, one
    at a time, as a sink may wait for its disk with them; while it cannot keep one, those behind it wait.
    They are marked as told once every sink has taken them, so each is taken at least once, whatever is
    killed when. All else goes past them at once: a peak that waited would be told too late, and whoever
    tells of it, a camera, would wait with it.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lines: list[_Line] = []
        self._marked = 0
        self._news = asyncio.Event()

    @property
    def lost(self) -> int:
        """Events given up, so far."""
        return sum(line.lost for line in self._lines)

    def attach(self, sinks: Sequence[Sink]) -> None:
        """Publish to these from now on; with none, what is untold is told to nobody."""
        self._lines = [_Line(sink, self._ledger) for sink in sinks]

    async def publish(self, event: Event) -> None:
        """Hand an event to every sink; a moment or a reel, which is in the ledger, by the next ``tell``."""
        if isinstance(event, Moment | Reel):
            self._news.set()
            return
        for line in self._lines:
            await line.pass_on(event)

    async def run(self, retry_s: float) -> None:
        """Tell for ever: at once what is published, and each ``retry_s`` what could not be taken."""
        while True:
            self._news.clear()
            await self.tell()
            try:
                async with asyncio.timeout(retry_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def tell(self) -> None:
        """Hand on the moments and reels that wait, as far as they are taken; not to be called twice at once.

        Cancelled, it leaves what is under way to be offered again.
        """
        try:
            while any([await line.move() for line in self._lines]):
                self._mark()
        finally:
            self._mark()

    def _mark(self) -> None:
        until = min((line.taken for line in self._lines), default=_ALL)
        if self._marked < until or not self._lines:
            try:
                self._ledger.told(until)
            except LedgerError as error:  # it is tried again; at worst it is told twice
                log.debug("not marked as told: %s", error)
            else:
                self._marked = until

    async def remind(self, event: Moment | Reel) -> None:
        """Hand on again what has been told, unless something is still waiting to be told before it."""
        for line in self._lines:
            if not line.is_stuck:
                await line.pass_on(event)


class _Line:
    """What one sink has taken: up to the number ``taken``."""

    def __init__(self, sink: Sink, ledger: Ledger) -> None:
        self._sink = sink
        self._ledger = ledger
        self.taken = 0
        self.is_stuck = False
        self.lost = 0

    async def move(self) -> bool:
        """Hand on the next of what waits; False when there is nothing, or it is not taken."""
        try:
            batch = self._ledger.untold(self.taken, BATCH)
            for untold in batch:
                await self._sink.take(untold.event)
                self.taken = untold.number
        except (SinkError, LedgerError) as error:
            self._say_stuck(error)
            return False
        self._say_going()
        return bool(batch)

    async def pass_on(self, event: Event) -> None:
        """Hand on what is worth it only now."""
        try:
            await self._sink.take(event)
        except SinkError as error:
            self.lost += 1
            log.warning("not published: %s", error)

    def _say_stuck(self, error: Exception) -> None:
        if not self.is_stuck:
            self.is_stuck = True
            log.warning("captions and reels cannot be kept for their peer, it will be tried again: %s", error)

    def _say_going(self) -> None:
        if self.is_stuck:
            self.is_stuck = False
            log.info("captions and reels are kept for their peer again, with all that waited")
