"""The outbox: messages that must arrive, in SQLite from before the first attempt to the acknowledgement."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sinks.mqtt.message import StoredMessage
from sinks.mqtt.settings import OUTBOX_MAX_BYTES
from sinks.sink import SinkError

log = logging.getLogger(__name__)

FILE = "outbox.db"
# Keys of this many sent or dropped messages are kept, so that a restarted livereel that puts them again
# does not send them again. A row without its payload takes about 150 bytes.
REMEMBERED = 100_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL,
    payload BLOB, UNIQUE (topic, key)) STRICT;
CREATE INDEX IF NOT EXISTS entries_waiting ON entries (number) WHERE payload IS NOT NULL;
CREATE TABLE IF NOT EXISTS counts (
    topic TEXT PRIMARY KEY, seq INTEGER NOT NULL, dropped INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS retained (topic TEXT PRIMARY KEY) STRICT;
"""


class Outbox:
    """A first-in, first-out queue of messages on disk, numbered by topic.

    A call blocks for at most one commit. Calls are thread-safe, and raise SinkError when the file fails (a
    full disk, for example), leaving nothing half done. A message survives a killed process and a power cut
    once ``put`` has returned.

    When stored payloads exceed ``max_bytes``, the oldest are dropped: new messages are worth more than old
    ones. Drops are counted, and missing in the topic's ``seq``.
    """

    def __init__(
        self, file: Path, *, max_bytes: int = OUTBOX_MAX_BYTES, remembered: int = REMEMBERED
    ) -> None:
        """Open the outbox; create the file if it is missing."""
        self._file = file
        self._max_bytes = max_bytes
        self._remembered = remembered
        self._lock = RLock()
        with self._mapped():
            self._db = sqlite3.connect(file, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_SCHEMA)
                self._count()
            except sqlite3.Error:
                self._db.close()
                raise
        self._logged_dropped = self.dropped
        self._is_full = False

    def _count(self) -> None:
        waiting = "SELECT count(*), coalesce(sum(length(payload)), 0) FROM entries WHERE payload IS NOT NULL"
        self.waiting, self.waiting_bytes = self._db.execute(waiting).fetchone()
        (self.dropped,) = self._db.execute("SELECT coalesce(sum(dropped), 0) FROM counts").fetchone()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SinkError(f"{self._file}: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._mapped():
            try:
                with self._db:
                    yield self._db
            except sqlite3.Error:
                self._count()  # the transaction was rolled back
                raise

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._db.close()

    def put(self, topic: str, key: str, body: Mapping[str, Any]) -> bool:
        """Append a message: ``body`` as JSON, preceded by ``seq``, the topic's next number from 1.

        Return False, changing nothing, if the topic has this key already: stored, sent or dropped.
        """
        with self._writing() as db:
            if db.execute("SELECT 1 FROM entries WHERE topic = ? AND key = ?", (topic, key)).fetchone():
                return False
            (seq,) = db.execute(
                "INSERT INTO counts VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET seq = seq + 1 RETURNING seq",
                (topic,),
            ).fetchone()
            payload = json.dumps({"seq": seq, **body}, ensure_ascii=False).encode()
            db.execute("INSERT INTO entries (topic, key, payload) VALUES (?, ?, ?)", (topic, key, payload))
            self.waiting += 1
            self.waiting_bytes += len(payload)
            while self.waiting_bytes > self._max_bytes:
                self._drop_oldest(db)
        self._log_full()
        return True

    def _log_full(self) -> None:
        """Log that messages are dropped, once until the outbox has been empty again."""
        if self.dropped > self._logged_dropped and not self._is_full:
            self._is_full = True
            log.warning("%s: is full; the oldest captions and reels are dropped", self._file)
        self._logged_dropped = self.dropped

    def _drop_oldest(self, db: sqlite3.Connection) -> None:
        number, topic, size = db.execute(
            "SELECT number, topic, length(payload) FROM entries WHERE payload IS NOT NULL"
            " ORDER BY number LIMIT 1"
        ).fetchone()
        db.execute("UPDATE entries SET payload = NULL WHERE number = ?", (number,))
        db.execute("UPDATE counts SET dropped = dropped + 1 WHERE topic = ?", (topic,))
        self.waiting -= 1
        self.waiting_bytes -= size
        self.dropped += 1

    def messages_after(self, number: int, limit: int) -> list[StoredMessage]:
        """Return the next messages after ``number`` (0: from the first), oldest first."""
        with self._lock, self._mapped():
            rows = self._db.execute(
                "SELECT number, topic, payload FROM entries WHERE number > ? AND payload IS NOT NULL"
                " ORDER BY number LIMIT ?",
                (number, limit),
            ).fetchall()
        return [StoredMessage(*row) for row in rows]

    def mark_done(self, number: int) -> None:
        """Remove all messages up to ``number``: they have been acknowledged."""
        with self._writing() as db:
            count, size = db.execute(
                "SELECT count(*), coalesce(sum(length(payload)), 0) FROM entries"
                " WHERE number <= ? AND payload IS NOT NULL",
                (number,),
            ).fetchone()
            db.execute(
                "UPDATE entries SET payload = NULL WHERE number <= ? AND payload IS NOT NULL", (number,)
            )
            db.execute(
                "DELETE FROM entries WHERE number <= ? AND payload IS NULL", (number - self._remembered,)
            )
            self.waiting -= count
            self.waiting_bytes -= size
        if self._is_full and not self.waiting:
            self._is_full = False
            log.warning(
                "%s: is empty again; %d captions and reels were dropped so far", self._file, self.dropped
            )

    # Topics that may hold a retained message

    def retained(self) -> set[str]:
        """Return the topics given to ``set_retained``, by this run or an earlier one."""
        with self._lock, self._mapped():
            return {topic for (topic,) in self._db.execute("SELECT topic FROM retained")}

    def set_retained(self, topics: Iterable[str]) -> None:
        """Store the topics that may hold a retained message of this livereel."""
        with self._writing() as db:
            db.execute("DELETE FROM retained")
            db.executemany("INSERT OR IGNORE INTO retained VALUES (?)", [(topic,) for topic in topics])
