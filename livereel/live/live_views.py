"""Cameras as they are now, for any number of viewers: each camera's process sends once what they watch."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import suppress

from livereel.camera.supervisor import Supervisor
from sinks.live_view import HEAD_BYTES, Tag, ViewKind, event

# What may wait for one viewer. One that does not read loses it, and goes on with the next key fragment.
MAX_WAITING_BYTES = 8_000_000
MAX_WAITING = 1000
# A new viewer begins with the newest group of pictures, unless it is larger: then with the next.
MAX_GROUP_BYTES = 6_000_000
_CHUNK_BYTES = 256_000
# A message at least this often, so that either side notices when the other one has gone.
IDLE_S = 5.0
_RETRY_S = 0.25

_KEY, _VIDEO, _START = (ord(tag) for tag in (Tag.KEY, Tag.VIDEO, Tag.START))


class LiveViews:
    """Implements ``sinks.live_view.LiveView`` over the cameras' processes."""

    def __init__(self, cameras: Mapping[str, Supervisor]) -> None:
        self._feeds = {
            name: {kind: Feed(camera, kind) for kind in ViewKind} for name, camera in cameras.items()
        }
        self._viewers: set[Viewer] = set()
        self._lost = 0
        self._closed = False

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return len(self._viewers)

    @property
    def lost(self) -> int:
        """How many messages viewers did not take, those that have gone included."""
        return self._lost + sum(viewer.lost for viewer in self._viewers)

    async def watch(self, camera: str, kinds: Collection[ViewKind]) -> AsyncGenerator[bytes]:
        """Yield messages of these kinds until the caller closes the iterator, or ``close`` is called."""
        feeds = [feed for kind, feed in self._feeds.get(camera, {}).items() if kind in kinds]
        if not feeds or self._closed:
            return
        viewer = Viewer()
        self._viewers.add(viewer)
        try:
            for feed in feeds:
                feed.add(viewer)
            async for messages in viewer.messages():
                yield messages
        finally:
            self._viewers.discard(viewer)
            self._lost += viewer.lost
            for feed in feeds:
                feed.remove(viewer)

    def close(self) -> None:
        """End all iterators, those that begin from now on, too."""
        self._closed = True
        for viewer in self._viewers:
            viewer.close()


class Viewer:
    """What waits for one viewer.

    Attributes:
        lost: messages that were dropped so far, since the viewer did not take them.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._closed = False
        self._feeds: set[Feed] = set()
        # Feeds of which it gets nothing up to the next key fragment, and whether that counts as lost.
        self._paused: dict[Feed, bool] = {}
        self.lost = 0

    def pause(self, feed: Feed, *, counted: bool) -> None:
        """Pass on nothing of a feed until a viewer can begin with it."""
        self._paused[feed] = counted

    def put(self, feed: Feed, message: bytes) -> None:
        """Take a message of a feed; never waits."""
        self._feeds.add(feed)
        if self._bytes + len(message) > MAX_WAITING_BYTES or len(self._waiting) >= MAX_WAITING:
            self._drop()
        if feed in self._paused:
            if message[0] == _VIDEO:
                self.lost += self._paused[feed]
                return
            if self._paused.pop(feed):
                self._append(event("missed", count=self.lost))
            if feed.start is not None:
                self._append(feed.start)
        self._append(message)

    def _append(self, message: bytes) -> None:
        self._waiting.append(message)
        self._bytes += len(message)
        self._changed.set()

    def _drop(self) -> None:
        self.lost += len(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        for feed in self._feeds:
            self.pause(feed, counted=True)

    def close(self) -> None:
        """End ``messages``."""
        self._closed = True
        self._changed.set()

    async def messages(self) -> AsyncGenerator[bytes]:
        """Yield what has come, as many messages at once as wait, up to a size."""
        while not self._closed:
            if not self._waiting:
                self._changed.clear()
                try:
                    async with asyncio.timeout(IDLE_S):
                        await self._changed.wait()
                except TimeoutError:
                    yield event("idle")
                continue
            yield self._chunk()

    def _chunk(self) -> bytes:
        taken, size = [], 0
        while self._waiting and size < _CHUNK_BYTES:
            taken.append(self._waiting.popleft())
            size += len(taken[-1])
        self._bytes -= size
        return b"".join(taken)


class Feed:
    """One kind of messages of one camera; it comes from the camera's process while there is a viewer.

    Attributes:
        start: the message with which the current track begins; None before it, and where there is no track.
    """

    def __init__(self, camera: Supervisor, kind: ViewKind) -> None:
        self._camera = camera
        self._kind = kind
        self._viewers: set[Viewer] = set()
        self._relaying: asyncio.Task[None] | None = None
        self._begin()

    def _begin(self) -> None:
        self.start: bytes | None = None
        self._group: list[bytes] = []
        self._group_bytes = 0

    def add(self, viewer: Viewer) -> None:
        """Pass messages to a viewer from now on, those with which it can begin first."""
        for message in filter(None, (self.start, *self._group)):
            viewer.put(self, message)
        if not self._group:
            viewer.pause(self, counted=False)
        self._viewers.add(viewer)
        if self._relaying is None:
            self._relaying = asyncio.create_task(self._relay_forever())

    def remove(self, viewer: Viewer) -> None:
        """Pass nothing more to a viewer; after the last one, nothing leaves the camera's process."""
        self._viewers.discard(viewer)
        if not self._viewers and self._relaying is not None:
            self._relaying.cancel()
            self._relaying = None
            self._begin()

    async def _relay_forever(self) -> None:
        """Ask each process of the camera in turn."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._relay(await self._camera.view(self._kind))
            self._begin()
            self._pass_on(event("away"))
            await asyncio.sleep(_RETRY_S)

    async def _relay(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            while True:
                head = await reader.readexactly(HEAD_BYTES)
                self._take(head + await reader.readexactly(int.from_bytes(head[1:], "big")))
        finally:
            writer.close()

    def _take(self, message: bytes) -> None:
        tag = message[0]
        if tag == _START:
            self._begin()
            self.start = message
        elif tag == _KEY:
            self._group, self._group_bytes = [message], len(message)
        elif tag == _VIDEO and self._group:
            self._group.append(message)
            self._group_bytes += len(message)
            if self._group_bytes > MAX_GROUP_BYTES or len(self._group) >= MAX_WAITING // 2:
                self._group = []
        self._pass_on(message)

    def _pass_on(self, message: bytes) -> None:
        for viewer in self._viewers:
            viewer.put(self, message)
