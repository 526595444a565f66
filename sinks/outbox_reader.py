"""An outbox as a sink reads it on the event loop: its calls run in threads, as they wait for the disk."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from base.plural import counted
from sinks.outbox import Outbox, OutboxCounts, StoredMessage
from sinks.sink import SinkError

log = logging.getLogger(__name__)


class OutboxReader:
    """Reads an outbox for one sender at a time. Calls raise SinkError as the outbox does.

    Attributes:
        not_empty: set when there may be a message to send.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._done_until = 0
        self.not_empty = asyncio.Event()

    async def next_messages(self, limit: int) -> list[StoredMessage]:
        """Return the oldest messages that are not done, ``limit`` at most."""
        return await asyncio.to_thread(self._outbox.messages_after, self._done_until, limit)

    async def mark_done(self, message: StoredMessage) -> None:
        """Mark messages up to this one as done; in this run they do not return even if the disk fails now."""
        self._done_until = message.number
        await asyncio.to_thread(self._outbox.mark_done, message.number)

    def counts(self) -> OutboxCounts:
        """Return how many messages are stored, and how many were dropped since the outbox was made."""
        return self._outbox.counts()

    async def log_waiting(self, sink: str) -> None:
        """Log, at the end of a run, how many messages of ``sink`` wait for the next start; never raises."""
        with suppress(SinkError):
            if waiting := (await asyncio.to_thread(self._outbox.counts)).waiting:
                log.warning("%s: %s not sent yet, kept for the next start", sink, counted(waiting, "message"))

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
