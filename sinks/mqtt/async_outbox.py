"""The outbox as the loop sees it: its commits happen in a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sinks.mqtt.outbox import Entry, Outbox
from sinks.sink import SinkError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message for the outbox: the same ``key`` on the same topic is the same message."""

    topic: str
    key: str
    body: Mapping[str, Any]


class Letters:
    """An outbox and the thread that it is used in. One thread: commits keep the order of the calls.

    ``waiting`` is set when there is something to send. Calls raise SinkError as the outbox does.
    """

    def __init__(self, outbox: Outbox) -> None:
        """Use an outbox, which stays the caller's to close, after ``close``."""
        self._outbox = outbox
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._sent_until = 0
        self._closed = False
        self.waiting = asyncio.Event()

    async def call(self, call: Callable[..., T], *values: object) -> T:
        """Call what may wait for the disk."""
        if self._closed:
            raise SinkError("the outbox is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *values)

    async def put(self, letter: Letter) -> bool:
        """Keep a letter; False when it was kept, sent or dropped before."""
        is_new = await self.call(self._outbox.put, letter.topic, letter.key, letter.body)
        self.waiting.set()
        return is_new

    async def next(self, limit: int) -> list[Entry]:
        """The oldest letters that were not yet sent."""
        return await self.call(self._outbox.after, self._sent_until, limit)

    async def done(self, entry: Entry) -> None:
        """The letters up to this one have arrived; they do not come again even if the disk fails now."""
        self._sent_until = entry.number
        await self.call(self._outbox.done, entry.number)

    async def strays(self, kept: set[str]) -> list[str]:
        """Remember the topics at which a broker keeps something of ours; return those that are no longer."""
        return await self.call(self._strays, kept)

    def _strays(self, kept: set[str]) -> list[str]:
        known = self._outbox.retained()
        if not kept <= known:
            self._outbox.set_retained(kept | known)
        return sorted(known - kept)

    async def forget_strays(self, kept: set[str]) -> None:
        """Remember these topics alone."""
        await self.call(self._outbox.set_retained, kept)

    def counters(self) -> dict[str, int]:
        return {"outbox_waiting": self._outbox.waiting, "outbox_dropped": self._outbox.dropped}

    def close(self) -> None:
        """Wait for the commit under way. Safe to call twice."""
        self._closed = True
        self._thread.shutdown()
