"""``OutboxSink``: delivers what its outbox holds, and no other event."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from base.backoff import Backoff
from base.tasks import cancel_all
from sinks.events import LateText
from sinks.outbox import Outbox, StoredMessage
from sinks.outbox_reader import OutboxReader
from sinks.sink import Event, SinkError

log = logging.getLogger(__name__)

# A run that ends waits so long for what can still be delivered.
CLOSE_S = 2.0
# A delivery that is not due is asked again so often: the wall clock, by which it may go, can be set.
CHECK_S = 30.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """What has become of the messages of one delivery.

    Attributes:
        done: so many, from the first, are to be removed from the outbox.
        counts: what to add to the sink's counters, by name.
        reached: whether the peer has answered, which ends a row of failures.
        wait_s: where none is done: for how long none may be delivered.
    """

    done: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    reached: bool = True
    wait_s: float = 0.0


class Delivery(Protocol):
    """Brings messages of an outbox to a peer."""

    @property
    def limit(self) -> int:
        """How many messages it takes at a time."""
        ...

    @property
    def counters(self) -> Sequence[str]:
        """The names in ``Delivered.counts``."""
        ...

    async def deliver(self, messages: Sequence[StoredMessage], failures: int) -> Delivered:
        """Deliver some of the oldest messages, at least one, in their order.

        Args:
            messages: 1 to ``limit`` of them.
            failures: how many attempts in a row have failed so far.

        Raises SinkError when the peer cannot be reached or refuses: after a pause the same messages come
        again. Cancelled when the run ends; what its threads still do then must not hold up the program.
        """
        ...


class OutboxSink:
    """A Sink that delivers the messages of its outbox in their order; run ``run`` as a task.

    Each message is delivered at least once. It stays in the outbox until it is delivered, and is then removed
    at once: a restart goes on with the first that is not, and repeats one where the process ended between the
    two, or while the peer was still taking it.

    Attributes:
        name: identifies it among the sinks, in the log too; no secret.
        counts: those of the delivery, and attempts that ``failed``.
    """

    def __init__(self, name: str, outbox: Outbox, delivery: Delivery, *, backoff: Backoff) -> None:
        """Deliver what ``outbox`` holds; after failures in a row pause by ``backoff``."""
        self.name = name
        self._outbox = OutboxReader(outbox)
        self._delivery = delivery
        self._backoff = backoff
        self._failures = 0
        self._reason = ""  # of the last failure, while it lasts
        self._closing = asyncio.Event()
        self.counts: Counter[str] = Counter()

    def counters(self) -> dict[str, float]:
        """Return counters since the start, and what waits; ``dropped`` since the outbox was made."""
        stored = self._outbox.counts()
        since_start = {name: float(self.counts[name]) for name in (*self._delivery.counters, "failed")}
        return {**since_start, "waiting": stored.waiting, "dropped": stored.dropped}

    async def take(self, event: Event) -> None:
        """Deliver what the outbox holds, now that something may have been added."""
        if isinstance(event, Moment | LateText | Reel):
            self._outbox.not_empty.set()

    async def close(self) -> None:
        """End ``run``, which is given CLOSE_S for what may be delivered at once. Safe to call twice."""
        self._closing.set()
        self._outbox.not_empty.set()

    async def run(self) -> None:
        """Deliver until ``close``; failures are tried again, with growing pauses."""
        delivering = asyncio.create_task(self._deliver_until_closed())
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({delivering, closing}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({delivering}, timeout=CLOSE_S)
        finally:
            await cancel_all([delivering, closing])
        if not delivering.cancelled():
            delivering.result()
        await self._outbox.log_waiting(self.name)

    async def _deliver_until_closed(self) -> None:
        while True:
            self._outbox.not_empty.clear()
            wait_s = await self._deliver_next()
            if wait_s is None:
                if self._closing.is_set():
                    return
                await self._outbox.not_empty.wait()
            elif wait_s:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), wait_s)
                    return

    async def _deliver_next(self) -> float | None:
        """Return for how long to wait, in seconds, before the next delivery; None until one is added."""
        try:
            messages = await self._outbox.next_messages(self._delivery.limit)
            if not messages:
                return None
            delivered = await self._delivery.deliver(messages, self._failures)
        except SinkError as error:
            return self._failed(str(error))
        if delivered.reached and self._failures:
            log.info("%s: sent again", self.name)
            self._failures, self._reason = 0, ""
        if not delivered.done:
            return min(delivered.wait_s, CHECK_S)
        try:
            await self._outbox.mark_done(messages[delivered.done - 1])
        except SinkError as error:  # OutboxReader skips them until the next start
            log.warning("%s: done, but may be repeated after a restart: %s", self.name, error)
        self.counts.update(delivered.counts)
        return 0.0

    def _failed(self, reason: str) -> float:
        """Count a failure and log each new reason once; returns the pause before the next attempt, in s."""
        self._failures += 1
        self.counts["failed"] += 1
        if reason != self._reason:
            self._reason = reason
            log.warning("%s: not sent, tried again: %s", self.name, reason)
        return self._backoff.pause_s(self._failures)
