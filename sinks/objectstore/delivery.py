"""``StoreDelivery``: copies what messages name to a folder of an object store."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from analyzer.reel.manifest import VIDEO
from base.backoff import Backoff
from base.daemon_thread import run_in_daemon_thread
from sinks.objectstore.folder import ConflictError, StoreFolder, in_order, is_whole
from sinks.objectstore.messages import REELS
from sinks.outbox import StoredMessage
from sinks.outbox_sink import Delivered
from sinks.sink import SinkError

log = logging.getLogger(__name__)

NAME = "store"
# What the outbox holds: names and descriptions, not files. Beyond it the oldest are dropped and counted.
OUTBOX_MAX_BYTES = 50_000_000
BACKOFF = Backoff((1.0, 2.0, 5.0, 15.0, 60.0, 300.0))


class StoreDelivery:
    """A Delivery to one folder of an object store.

    A window's clip and keyframes are written before its manifest, a reel's files before its ``reel.json``:
    who reads a manifest finds all that it names. Nothing is overwritten, and nothing removed.

    Counts messages ``copied``, ``gone`` (their files were removed by retention before) and ``refused``
    (another file of the name exists, or a local file is damaged), and ``bytes`` copied.
    """

    limit = 1
    counters = ("copied", "bytes", "gone", "refused")

    def __init__(self, folder: StoreFolder, *, base: Path) -> None:
        """Copy files of the data folder ``base``."""
        self._folder = folder
        self._base = base

    async def deliver(self, messages: Sequence[StoredMessage], failures: int) -> Delivered:  # noqa: ARG002  # tried alike
        """Copy the files that the one message names, its manifest last. Raises SinkError.

        What cannot ever be copied is logged and counted: the messages after it do not wait for it.
        """
        return await run_in_daemon_thread(partial(self._copy, messages[0]))

    def _copy(self, message: StoredMessage) -> Delivered:
        body = json.loads(message.payload)
        try:
            size_bytes = self._reel(body) if message.topic == REELS else self._window(body)
        except FileNotFoundError as error:
            log.warning("store: %s is gone, removed by retention before it was copied", error.filename)
            return Delivered(1, {"gone": 1}, reached=False)
        except _DamagedError as error:
            log.warning("store: not copied: %s", error)
            return Delivered(1, {"refused": 1}, reached=False)
        except ConflictError as error:
            log.warning("store: not copied: %s", error)
            return Delivered(1, {"refused": 1})
        except OSError as error:
            raise SinkError(f"{error.filename}: {error.strerror}") from error
        return Delivered(1, {"copied": 1, "bytes": size_bytes})

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
