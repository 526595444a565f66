"""The outbox for asyncio: its commits run in a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sinks.mqtt.message import OutboxMessage, StoredMessage
from sinks.mqtt.outbox import Outbox
from sinks.sink import SinkError

T = TypeVar("T")


class AsyncOutbox:
    """Runs an outbox's calls in one thread, so that commits keep the order of the calls.

    ``not_empty`` is set when there may be a message to send. Calls raise SinkError as the outbox does.
    """

    def __init__(self, outbox: Outbox) -> None:
        """Use an outbox, which the caller closes after ``close``."""
        self._outbox = outbox
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._sent_until = 0
        self._closed = False
        self.not_empty = asyncio.Event()

    async def run(self, call: Callable[..., T], *values: object) -> T:
        """Run a blocking call in the outbox's thread."""
        if self._closed:
            raise SinkError("the outbox is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *values)

    async def put(self, message: OutboxMessage) -> bool:
        """Store a message; return False if it was stored, sent or dropped before."""
        is_new = await self.run(self._outbox.put, message.topic, message.key, message.body)
        self.not_empty.set()
        return is_new

    async def next_messages(self, limit: int) -> list[StoredMessage]:
        """Return the oldest messages that were not yet sent, ``limit`` at most."""
        return await self.run(self._outbox.messages_after, self._sent_until, limit)

    async def mark_done(self, message: StoredMessage) -> None:
        """Mark messages up to this one as sent; in this run they do not return even if the disk fails now."""
        self._sent_until = message.number
        await self.run(self._outbox.mark_done, message.number)

    async def stale_topics(self, kept: set[str]) -> list[str]:
        """Store the topics that may hold a retained message; return those that only earlier runs used."""
        return await self.run(self._stale_topics, kept)

    def _stale_topics(self, kept: set[str]) -> list[str]:
        known = self._outbox.retained()
        if not kept <= known:
            self._outbox.set_retained(kept | known)
        return sorted(known - kept)

    async def forget_stale_topics(self, kept: set[str]) -> None:
        """Store these topics alone."""
        await self.run(self._outbox.set_retained, kept)

    def counters(self) -> dict[str, int]:
        """Return how many messages are stored, and how many were dropped since the outbox was made."""
        return {"outbox_waiting": self._outbox.waiting, "outbox_dropped": self._outbox.dropped}

    def close(self) -> None:
        """Wait for the running commit. Safe to call twice."""
        self._closed = True
        self._thread.shutdown()
