"""The ledger: every window, moment, gap and reel of a data folder, in one SQLite file.

Written by one process, readable by others at the same time (WAL). A commit is on disk when the call
returns, so a killed process loses nothing that it was told had been kept. Times are ISO 8601 in UTC to
the millisecond, whose order as text is their order in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import Any

from livereel.ledger.database import FILE, LedgerError
from livereel.ledger.gaps import MIN_GAP_S, Gaps
from livereel.ledger.unpublished import Tellings, Untold
from livereel.ledger.windows import PENDING, Entry, files_of
from sinks.serialize import gap_row, window_row

__all__ = ["FILE", "MIN_GAP_S", "PENDING", "Entry", "Ledger", "LedgerError", "Untold", "files_of"]


class Ledger(Gaps, Tellings):
    """Windows, gaps and reels of one data folder. A call blocks for one commit; safe from threads.

    Every method raises LedgerError when the file fails it (a full disk, say); nothing is half done then.
    """

    def seen_until(self, camera: str) -> str | None:
        """The end of the camera's newest window or gap; None when it has none."""
        rows = self.read(
            "SELECT max(u) FROM (SELECT max(end_utc) u FROM windows WHERE camera = ?"
            " UNION SELECT max(end_utc) FROM gaps WHERE camera = ?)",
            camera, camera,
        )  # fmt: skip
        return None if rows[0][0] is None else str(rows[0][0])

    def cameras(self) -> list[str]:
        """All cameras that the ledger knows of."""
        rows = self.read("SELECT camera FROM windows UNION SELECT camera FROM gaps ORDER BY camera")
        return [row[0] for row in rows]

    def history(self, since_utc: str, now_utc: str) -> Iterator[dict[str, Any]]:
        """Yield windows, gaps and reels since then, in time order, as JSON objects with a ``kind``.

        Windows are read as they are asked for, so the ledger must stay open; raises LedgerError meanwhile.
        """
        windows = (_window_row(entry, self.data) for entry in self.walk(since_utc))
        gaps = ({"kind": "gap", **gap_row(gap)} for gap in self.gaps(since_utc, now_utc))
        reels = ({"kind": "reel", **reel} for reel in self.reels(since_utc))
        return merge(windows, gaps, reels, key=_told_at)


def _window_row(entry: Entry, base: Path) -> dict[str, Any]:
    return {"kind": "window", **window_row(entry.window, entry.outcome, entry.moment, base=base)}


def _told_at(row: dict[str, Any]) -> str:
    return str(row["end_utc" if row["kind"] == "reel" else "start_utc"])
