"""What of a ledger takes room on the disk, asked for in the order in which it may go.

Each query reads an index, the few reels, or as many windows as it is asked for: what a ledger has grown to
costs next to nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from analyzer.signal.window import Window
from livereel.ledger.ledger import Ledger
from livereel.ledger.windows import PART_ROWS

# After every time.
EVER = "~"


@dataclass(frozen=True, slots=True)
class HeldWindow:
    """A window whose files take ``held_bytes``."""

    window: Window
    held_bytes: int


@dataclass(frozen=True, slots=True)
class HeldReel:
    """A reel whose ``folder`` takes ``held_bytes``."""

    id: str
    seq: int
    folder: Path
    held_bytes: int


class Stock:
    """The files of a ledger's windows and reels. Raises LedgerError."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def held_bytes(self) -> int:
        """What the files of all windows and reels take, as they were written."""
        rows = self._ledger.read(
            "SELECT (SELECT coalesce(sum(bytes), 0) FROM windows WHERE bytes > 0)"
            " + (SELECT coalesce(sum(json_extract(manifest, '$.bytes')), 0) FROM reels)"
        )
        return int(rows[0][0])

    def count(self, until_utc: str = EVER) -> int:
        """How many windows that ended by then have files."""
        query = "SELECT count(*) FROM windows WHERE bytes > 0 AND end_utc <= ?"
        return int(self._ledger.read(query, until_utc)[0][0])

    def windows(self, limit: int, until_utc: str = EVER) -> list[HeldWindow]:
        """The oldest windows with files that ended by then.

        Not those that wait for words, that a kept reel shows, or that are lent.
        """
        rows = self._ledger.read(
            "SELECT window, bytes FROM windows WHERE bytes > 0 AND outcome != 'pending' AND end_utc <= ?"
            " AND id NOT IN (SELECT json_extract(chapter.value, '$.window_id')"
            " FROM reels, json_each(reels.manifest, '$.chapters') AS chapter)"
            " AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY end_utc LIMIT ?",
            until_utc, json.dumps(list(self._ledger.lent)), limit,
        )  # fmt: skip
        return [HeldWindow(self._ledger.to_window(text), held) for text, held in rows]

    def reels(self, limit: int, until_utc: str = EVER) -> list[HeldReel]:
        """The oldest reels that ended by then."""
        rows = self._ledger.read(
            "SELECT id, seq, folder, json_extract(manifest, '$.bytes') FROM reels"
            " WHERE end_utc <= ? ORDER BY end_utc, seq LIMIT ?",
            until_utc, limit,
        )  # fmt: skip
        return [self._held(*row) for row in rows]

    def replaced_reels(self, limit: int, until_utc: str) -> list[HeldReel]:
        """The oldest reels that ended by then and that a newer one of the same id has replaced."""
        rows = self._ledger.read(
            "SELECT id, seq, folder, json_extract(manifest, '$.bytes') FROM reels WHERE end_utc <= ?"
            " AND EXISTS (SELECT 1 FROM reels AS newer WHERE newer.id = reels.id AND newer.seq > reels.seq)"
            " ORDER BY end_utc, seq LIMIT ?",
            until_utc, limit,
        )  # fmt: skip
        return [self._held(*row) for row in rows]

    def _held(self, reel_id: str, seq: int, folder: str, held_bytes: int | None) -> HeldReel:
        return HeldReel(reel_id, seq, self._ledger.data / folder, held_bytes or 0)

    def forget_before(self, utc: str) -> None:
        """Forget windows that have no files and gaps that ended by then; in parts, as others write too."""
        self._delete(
            "DELETE FROM windows WHERE rowid IN (SELECT rowid FROM windows"
            " WHERE bytes = 0 AND outcome != 'pending' AND end_utc <= ? LIMIT ?)",
            utc,
        )
        self._delete(
            "DELETE FROM gaps WHERE rowid IN (SELECT rowid FROM gaps WHERE end_utc <= ? LIMIT ?)", utc
        )

    def _delete(self, query: str, utc: str) -> None:
        gone = PART_ROWS
        while gone == PART_ROWS:
            with self._ledger.writing() as db:
                gone = db.execute(query, (utc, PART_ROWS)).rowcount

    def window_ids(self) -> set[str]:
        """The windows that have files."""
        return {row[0] for row in self._ledger.read("SELECT id FROM windows WHERE bytes > 0")}

    def reel_folders(self) -> set[Path]:
        """The folders of all kept reels."""
        return {self._ledger.data / row[0] for row in self._ledger.read("SELECT folder FROM reels")}

    def began_utc(self) -> str:
        """When the ledger was made: what is older, it may never have known."""
        rows = self._ledger.read("SELECT utc FROM began")
        return str(rows[0][0]) if rows else ""
