"""Which files a ledger's windows and reels take, in the order in which they may be removed.

Each query reads an index, the few reels, or as many windows as it is asked for, however long the ledger is.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import ColumnElement, Delete, Table, bindparam, delete, func, select

from livereel.ledger.database import Database
from livereel.ledger.records import StoredReel, StoredWindow
from livereel.ledger.tables import HAS_FILES, IS_PENDING, gaps, reel_windows, reels, windows
from livereel.ledger.windows import PART_ROWS, Windows

# After every time.
EVER = "~"

_newer = reels.alias("newer")
_REEL = (reels.c.id, reels.c.seq, reels.c.folder, reels.c.bytes)
_ENDED = windows.c.end_utc <= bindparam("until")
_SUM_WINDOWS = select(func.coalesce(func.sum(windows.c.bytes), 0)).where(HAS_FILES)
_SUM_REELS = select(func.coalesce(func.sum(reels.c.bytes), 0))
_COUNT = select(func.count()).select_from(windows).where(HAS_FILES, _ENDED)
# What reels show that ended after a time
_SHOWN = (
    select(reel_windows.c.window_id)
    .join(reels, (reels.c.id == reel_windows.c.reel_id) & (reels.c.seq == reel_windows.c.seq))
    .where(reels.c.end_utc > bindparam("shown_after"))
)
_OLDEST_WINDOWS = (
    select(windows.c.window, windows.c.bytes)
    .where(
        HAS_FILES,
        ~IS_PENDING,
        _ENDED,
        windows.c.id.not_in(_SHOWN),
        windows.c.id.not_in(bindparam("in_use", expanding=True)),
    )
    .order_by(windows.c.end_utc)
    .limit(bindparam("limit"))
)
_OLDEST_REELS = (
    select(*_REEL)
    .where(reels.c.end_utc <= bindparam("until"), reels.c.id.not_in(bindparam("but", expanding=True)))
    .order_by(reels.c.end_utc, reels.c.seq)
    .limit(bindparam("limit"))
)
_REPLACED_REELS = _OLDEST_REELS.where(
    select(_newer.c.id).where(_newer.c.id == reels.c.id, _newer.c.seq > reels.c.seq).exists()
)
_WINDOW_IDS = select(windows.c.id).where(HAS_FILES)
_FOLDERS = select(reels.c.folder)


def _delete_part(table: Table, key: ColumnElement[object], *where: ColumnElement[bool]) -> Delete:
    return delete(table).where(key.in_(select(key).where(*where).limit(bindparam("limit"))))


# The moments of a reel stay as long as it does: its exports name them.
_FORGET_WINDOWS = _delete_part(
    windows,
    windows.c.id,
    windows.c.bytes == 0,
    ~IS_PENDING,
    _ENDED,
    windows.c.id.not_in(select(reel_windows.c.window_id)),
)
_FORGET_GAPS = _delete_part(gaps, gaps.c.number, gaps.c.end_utc <= bindparam("until"))


class StoredFiles:
    """The files of a ledger's windows and reels. Every method raises LedgerError."""

    def __init__(self, database: Database, data: Path, windows: Windows, part_rows: int = PART_ROWS) -> None:
        self._database = database
        self._data = data
        self._windows = windows
        self._part_rows = part_rows

    def total_bytes(self) -> int:
        """What the files of all windows and reels take, as they were written."""
        return int(self._database.read_one(_SUM_WINDOWS)) + int(self._database.read_one(_SUM_REELS))

    def count_windows(self, until_utc: str = EVER) -> int:
        """How many windows that ended by then have files."""
        return int(self._database.read_one(_COUNT, {"until": until_utc}))

    def oldest_windows(
        self, limit: int, until_utc: str = EVER, *, shown_after_utc: str = ""
    ) -> list[StoredWindow]:
        """The oldest windows with files that ended by then and whose files may be removed.

        Not those that wait to be described, that a reel shows which ended after ``shown_after_utc``, or that
        are in use.
        """
        in_use = list(self._windows.in_use)
        values = {"until": until_utc, "limit": limit, "in_use": in_use, "shown_after": shown_after_utc}
        rows = self._database.read(_OLDEST_WINDOWS, values)
        return [StoredWindow(self._windows.window(row.window), row.bytes) for row in rows]

    def oldest_reels(
        self, limit: int, until_utc: str = EVER, *, but: Collection[str] = ()
    ) -> list[StoredReel]:
        """The oldest reels that ended by then, ``but`` those of some ids."""
        rows = self._database.read(_OLDEST_REELS, {"until": until_utc, "limit": limit, "but": list(but)})
        return [StoredReel(row.id, row.seq, self._data / row.folder, row.bytes) for row in rows]

    def replaced_reels(self, limit: int, until_utc: str, *, but: Collection[str] = ()) -> list[StoredReel]:
        """Of ``oldest_reels`` those that a newer one of the same id has replaced."""
        rows = self._database.read(_REPLACED_REELS, {"until": until_utc, "limit": limit, "but": list(but)})
        return [StoredReel(row.id, row.seq, self._data / row.folder, row.bytes) for row in rows]

    def forget_before(self, utc: str) -> None:
        """Remove the rows of windows without files and of gaps that ended by then, a part in each commit."""
        for statement in (_FORGET_WINDOWS, _FORGET_GAPS):
            part = {"until": utc, "limit": self._part_rows}
            removed = self._part_rows
            while removed == self._part_rows:
                with self._database.writing() as connection:
                    removed = connection.execute(statement, part).rowcount

    def window_ids(self) -> set[str]:
        """The windows that have files."""
        return {row.id for row in self._database.read(_WINDOW_IDS)}

    def reel_folders(self) -> set[Path]:
        """The folders of all stored reels."""
        return {self._data / row.folder for row in self._database.read(_FOLDERS)}
