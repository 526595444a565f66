"""The outbox for asyncio: its calls run in worker threads, as they wait for the disk."""

from __future__ import annotations

import asyncio

from sinks.outbox import Outbox, StoredMessage


class AsyncOutbox:
    """Reads an outbox for one sender at a time. Calls raise SinkError as the outbox does.

    ``not_empty`` is set when there may be a message to send.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._sent_until = 0
        self.not_empty = asyncio.Event()

    async def next_messages(self, limit: int) -> list[StoredMessage]:
        """Return the oldest messages that were not yet sent, ``limit`` at most."""
        return await asyncio.to_thread(self._outbox.messages_after, self._sent_until, limit)

    async def mark_done(self, message: StoredMessage) -> None:
        """Mark messages up to this one as sent; in this run they do not return even if the disk fails now."""
        self._sent_until = message.number
        await asyncio.to_thread(self._outbox.mark_done, message.number)

    async def stale_topics(self, kept: set[str]) -> list[str]:
        """Store the topics that may hold a retained message; return those that only earlier runs used."""
        return await asyncio.to_thread(self._stale_topics, kept)

    def _stale_topics(self, kept: set[str]) -> list[str]:
        known = self._outbox.retained()
        if not kept <= known:
            self._outbox.set_retained(kept | known)
        return sorted(known - kept)

    async def forget_stale_topics(self, kept: set[str]) -> None:
        """Store these topics alone."""
        await asyncio.to_thread(self._outbox.set_retained, kept)

    def counters(self) -> dict[str, int]:
        """Return how many messages are stored, and how many were dropped since the outbox was made."""
        counts = self._outbox.counts()
        return {"outbox_waiting": counts.waiting, "outbox_dropped": counts.dropped}
