"""``ObjectStoreSink``: copies what waits in its outbox to a folder of an object store."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from analyzer.describe.moment import Moment
from analyzer.reel.manifest import VIDEO
from analyzer.reel.records import Reel
from base.daemon_thread import run_in_daemon_thread
from base.plural import counted
from sinks.events import LateText
from sinks.objectstore.folder import ConflictError, StoreFolder, in_order, is_whole
from sinks.objectstore.messages import REELS
from sinks.outbox import Outbox, StoredMessage
from sinks.sink import Event, SinkError

log = logging.getLogger(__name__)

# What the outbox holds: names and descriptions, not files. Beyond it the oldest are dropped and counted.
OUTBOX_MAX_BYTES = 50_000_000
# Pauses after each failure in a row; the last one repeats.
PAUSES_S = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
# A run that ends waits so long for a file that is on its way.
CLOSE_S = 2.0


class ObjectStoreSink:
    """A Sink for one folder of an object store; run ``run`` as a task.

    A window's clip and keyframes are written before its manifest, a reel's files before its ``reel.json``:
    who reads a manifest finds all that it names. Nothing is overwritten, and nothing removed. A message
    stays in the outbox until all of it is there; a restart goes on with the same one.

    Attributes:
        name: ``store``.
        counts: messages ``copied``, ``gone`` (their files were removed by retention before), ``refused``
            (another file of the name exists, or a local file is damaged), tries that ``failed``; ``bytes``.
    """

    name = "store"

    def __init__(
        self, folder: StoreFolder, outbox: Outbox, *, base: Path, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        """Copy files of the data folder ``base``."""
        self._folder = folder
        self._outbox = outbox
        self._base = base
        self._pauses_s = pauses_s
        self._done_until = 0
        self._failures = 0
        self._reason = ""
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self.counts: Counter[str] = Counter()

    def counters(self) -> Mapping[str, float]:
        """Return counters since the start, and what waits; ``dropped`` since the outbox was made."""
        waiting = self._outbox.counts()
        done = {name: float(self.counts[name]) for name in ("copied", "bytes", "failed", "gone", "refused")}
        return {**done, "waiting": waiting.waiting, "dropped": waiting.dropped}

    async def take(self, event: Event) -> None:
        """Copy what the outbox holds, now that something may have been added."""
        if isinstance(event, Moment | LateText | Reel):
            self._changed.set()

    async def close(self) -> None:
        """End ``run``, which is given CLOSE_S for a file that is on its way. Safe to call twice."""
        self._closing.set()
        self._changed.set()

    async def run(self) -> None:
        """Copy until ``close``; failures are tried again, with growing pauses."""
        while not self._closing.is_set():
            self._changed.clear()
            try:
                is_done = await self._copy_next()
                pause_s = 0.0
            except SinkError as error:
                is_done, pause_s = False, self._failed(error)
            if is_done:
                await self._changed.wait()
            elif pause_s:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), pause_s)
        with suppress(SinkError):
            if waiting := (await asyncio.to_thread(self._outbox.counts)).waiting:
                log.warning("store: %s not copied yet, kept for the next start", counted(waiting, "message"))

    async def _copy_next(self) -> bool:
        """Copy what the next message names; returns True where none waits. Raises SinkError."""
        messages = await asyncio.to_thread(self._outbox.messages_after, self._done_until, 1)
        if not messages:
            return True
        copying = asyncio.create_task(run_in_daemon_thread(partial(self._copy, messages[0])))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({copying, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not copying.done():
                await asyncio.wait({copying}, timeout=CLOSE_S)
        finally:
            closing.cancel()
        if not copying.done():
            copying.cancel()
            return False
        counted_now = copying.result()
        self._done_until = messages[0].number
        await asyncio.to_thread(self._outbox.mark_done, messages[0].number)
        self.counts.update(counted_now)
        if self._failures:
            log.info("store: %s is written to again", self._folder.name)
        self._failures, self._reason = 0, ""
        return False

    def _failed(self, error: SinkError) -> float:
        """Count a failure and log each new reason once; returns the pause before the next try."""
        self.counts["failed"] += 1
        if str(error) != self._reason:
            self._reason = str(error)
            log.warning("store: not copied, tried again: %s", error)
        self._failures += 1
        return self._pauses_s[min(self._failures, len(self._pauses_s)) - 1]

    def _copy(self, message: StoredMessage) -> dict[str, int]:
        """Copy a message's files, the manifest last; returns what to count. Raises StoreError.

        What cannot ever be copied is logged and counted: the messages after it do not wait for it.
        """
        body = json.loads(message.payload)
        try:
            copied = self._reel(body) if message.topic == REELS else self._window(body)
        except FileNotFoundError as error:
            log.warning("store: %s is gone, removed by retention before it was copied", error.filename)
            return {"gone": 1}
        except (ConflictError, _DamagedError) as error:
            log.warning("store: not copied: %s", error)
            return {"refused": 1}
        except OSError as error:
            raise SinkError(f"{error.filename}: {error.strerror}") from error
        return {"copied": 1, "bytes": copied}

    def _window(self, body: dict[str, Any]) -> int:
        files = [(name, self._base / name) for name in body["files"]]
        for _, file in files:
            file.stat()
        copied = sum(self._folder.put(name, file) for name, file in files)
        return copied + self._folder.put_text(body["manifest"], json.dumps(body["row"], ensure_ascii=False))

    def _reel(self, body: dict[str, Any]) -> int:
        folder = self._base / body["folder"]
        if not is_whole(folder / VIDEO, body["sha256"]):
            raise _DamagedError(f"{folder / VIDEO} is not the file that was made")
        files = in_order(file for file in folder.rglob("*") if file.is_file())
        return sum(self._folder.put(file.relative_to(self._base).as_posix(), file) for file in files)


class _DamagedError(Exception):
    """A local file is not the one that was made."""
