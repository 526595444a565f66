"""The ledger's file: one SQLite database, opened, read and written with one kind of error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from analyzer.describe.queue import WaitingError

FILE = "ledger.db"

# What an earlier version made is brought up to date: its indices are replaced, its rows stay as they are.
# Such a ledger has no row in ``began``, as nobody knows any more when it was made.
_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS began (utc TEXT NOT NULL) STRICT;
INSERT INTO began SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'windows');
CREATE TABLE IF NOT EXISTS windows (
    id TEXT PRIMARY KEY, camera TEXT NOT NULL, start_utc TEXT NOT NULL, end_utc TEXT NOT NULL,
    outcome TEXT NOT NULL, window TEXT NOT NULL, moment TEXT, bytes INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS windows_by_camera ON windows (camera, end_utc);
CREATE INDEX IF NOT EXISTS windows_by_end ON windows (end_utc, start_utc);
CREATE INDEX IF NOT EXISTS windows_by_start ON windows (start_utc, camera);
CREATE INDEX IF NOT EXISTS windows_pending ON windows (start_utc) WHERE outcome = 'pending';
CREATE INDEX IF NOT EXISTS windows_held ON windows (end_utc, bytes) WHERE bytes > 0;
DROP INDEX IF EXISTS windows_by_time;
DROP INDEX IF EXISTS windows_with_files;
CREATE TABLE IF NOT EXISTS gaps (
    camera TEXT NOT NULL, start_utc TEXT NOT NULL, end_utc TEXT, reason TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS gaps_by_camera ON gaps (camera, end_utc);
CREATE INDEX IF NOT EXISTS gaps_by_end ON gaps (end_utc);
CREATE UNIQUE INDEX IF NOT EXISTS gaps_open ON gaps (camera) WHERE end_utc IS NULL;
DROP INDEX IF EXISTS gaps_by_time;
CREATE TABLE IF NOT EXISTS reels (
    id TEXT NOT NULL, seq INTEGER NOT NULL, end_utc TEXT NOT NULL, folder TEXT NOT NULL,
    manifest TEXT NOT NULL, PRIMARY KEY (id, seq)) STRICT;
CREATE INDEX IF NOT EXISTS reels_by_end ON reels (end_utc);
CREATE TABLE IF NOT EXISTS reel_numbers (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
COMMIT;
"""

# What the sinks have not taken yet. It is noted in the same commit as the words or the reel, by whoever makes
# it, and goes with them: whatever is killed when, neither can one be told of without the other.
_UNTOLD = """
CREATE TABLE IF NOT EXISTS untold (
    number INTEGER PRIMARY KEY AUTOINCREMENT, window_id TEXT UNIQUE, reel_id TEXT, seq INTEGER,
    UNIQUE (reel_id, seq)) STRICT;
CREATE TRIGGER IF NOT EXISTS moment_made AFTER UPDATE OF moment ON windows WHEN new.moment IS NOT NULL
    BEGIN INSERT OR IGNORE INTO untold (window_id) VALUES (new.id); END;
CREATE TRIGGER IF NOT EXISTS moment_gone AFTER DELETE ON windows
    BEGIN DELETE FROM untold WHERE window_id = old.id; END;
CREATE TRIGGER IF NOT EXISTS reel_made AFTER INSERT ON reels
    BEGIN INSERT OR IGNORE INTO untold (reel_id, seq) VALUES (new.id, new.seq); END;
CREATE TRIGGER IF NOT EXISTS reel_gone AFTER DELETE ON reels
    BEGIN DELETE FROM untold WHERE reel_id = old.id AND seq = old.seq; END;
"""


class LedgerError(WaitingError):
    """The ledger cannot be read or written; the message is one clear line."""


class Store:
    """The file of a data folder's ledger. A call blocks for one commit; safe from threads.

    Attributes:
        data: the data folder.
        file: the database in it.
    """

    def __init__(self, data: Path, *, read_only: bool = False) -> None:
        """Open the ledger in ``data``, made if it is not there; raises LedgerError.

        ``read_only`` opens what another process may be writing, and never makes it.
        """
        self.data = data
        self.file = data / FILE
        self._lock = RLock()
        with self._mapped():
            if read_only:
                address = f"{self.file.resolve(strict=True).as_uri()}?mode=ro"
                self._db = sqlite3.connect(address, uri=True, check_same_thread=False)
                return
            data.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.file, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA + _UNTOLD)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"{self.file}: {getattr(error, 'strerror', None) or error}") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write what the block does as one commit, or nothing of it; raises LedgerError."""
        with self._mapped(), self._lock, self._db:
            yield self._db

    def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows at once: who has many asks for them in parts. Raises LedgerError."""
        with self._mapped(), self._lock:
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._db.close()
