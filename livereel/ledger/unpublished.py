"""Moments and reels in the ledger that the sinks have not all taken yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, select

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from livereel.ledger.database import Database
from livereel.ledger.tables import reels, unpublished, windows


@dataclass(frozen=True, slots=True)
class UnpublishedEvent:
    """A moment or a reel that the sinks have not all taken; ``number`` is its place in the order."""

    number: int
    event: Moment | Reel


_it = unpublished.c
_WINDOW = (windows.c.window, windows.c.outcome, windows.c.moment)
_AFTER = (
    select(
        _it.number, windows.c.window, windows.c.outcome, windows.c.moment, reels.c.manifest, reels.c.folder
    )
    .select_from(
        unpublished.outerjoin(windows, windows.c.id == _it.window_id).outerjoin(
            reels, and_(reels.c.id == _it.reel_id, reels.c.seq == _it.seq)
        )
    )
    .where(_it.number > bindparam("after"))
    .order_by(_it.number)
    .limit(bindparam("limit"))
)
_DONE = delete(unpublished).where(_it.number <= bindparam("until"))


class Unpublished:
    """Moments and reels in the order in which they were made. Every method raises LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_moment(self, connection: Connection, window_id: str) -> None:
        """Note a moment in the commit that makes it."""
        self._database.insert_new(connection, unpublished, {"window_id": window_id})

    def add_reel(self, connection: Connection, reel_id: str, seq: int) -> None:
        """Note a reel in the commit that makes it."""
        self._database.insert_new(connection, unpublished, {"reel_id": reel_id, "seq": seq})

    def rows(self, after: int, limit: int) -> Sequence[Row[Any]]:
        """The next rows behind number ``after`` (0: from the first), with what they stand for."""
        return self._database.read(_AFTER, {"after": after, "limit": limit})

    def done(self, until: int) -> None:
        """Forget what is unpublished up to this number: all sinks have taken it."""
        with self._database.writing() as connection:
            connection.execute(_DONE, {"until": until})
