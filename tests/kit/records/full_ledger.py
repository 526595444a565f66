"""A ledger whose disk is full: every write to some of its tables fails, as SQLite would have it fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from livereel.ledger.records import FILE

MESSAGE = "database or disk is full"


@contextmanager
def full(data: Path, *tables: str) -> Iterator[None]:
    """Let writes to ``tables`` of the ledger in ``data`` fail while the block runs."""
    names = [(table, action) for table in tables for action in ("INSERT", "UPDATE", "DELETE")]
    with closing(sqlite3.connect(data / FILE)) as database:
        for table, action in names:
            database.execute(
                f"CREATE TRIGGER full_{table}_{action} BEFORE {action} ON {table}"
                f" BEGIN SELECT raise(FAIL, '{MESSAGE}'); END"
            )
        try:
            yield
        finally:
            for table, action in names:
                database.execute(f"DROP TRIGGER full_{table}_{action}")
