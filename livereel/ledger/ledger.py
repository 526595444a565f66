"""The ledger: its parts over one database, and the queries that need more than one of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, func, select, union

from base.clock import utc_text
from livereel.ledger.database import open_sqlite
from livereel.ledger.disk_usage import StoredFiles
from livereel.ledger.feedback import Feedback
from livereel.ledger.gaps import Gaps
from livereel.ledger.moments import Moments
from livereel.ledger.outbox import Outboxes
from livereel.ledger.pending import PendingWindows, WaitingSpeech
from livereel.ledger.records import FILE, Entry
from livereel.ledger.reels import Reels
from livereel.ledger.tables import gaps, info, windows
from livereel.ledger.windows import PART_ROWS, Windows
from sinks.archive import MomentQuery
from sinks.serialize import gap_row, window_row

_LAST_WINDOW = select(func.max(windows.c.end_utc)).where(windows.c.camera == bindparam("of_camera"))
_LAST_GAP = select(func.max(gaps.c.end_utc)).where(gaps.c.camera == bindparam("of_camera"))
_CAMERAS = union(select(windows.c.camera), select(gaps.c.camera)).order_by("camera")
_CREATED = select(info.c.created_utc)


class Ledger:
    """Windows, gaps and reels of one data folder. Safe from threads; every method raises LedgerError,
    but those of ``pending``, ``speech``, ``feedback`` and outboxes raise the errors of their protocols.

    A write blocks for one commit and is on disk when it returns, so that a killed process loses nothing.

    Attributes:
        data: the data folder.
        windows, gaps, reels: the tables.
        pending: the windows that wait to be described.
        speech: the windows whose speech waits for its text.
        moments: the index of described windows.
        feedback: what people think of moments.
        outboxes: what sinks must deliver.
        files: what windows and reels take on the disk.
    """

    def __init__(self, data: Path, *, read_only: bool = False, part_rows: int = PART_ROWS) -> None:
        """Open the ledger in ``data``, created if it is not there; raises LedgerError.

        ``read_only`` opens what another process may be writing, and never creates it. A long read or
        removal is done ``part_rows`` rows at a time.
        """
        self.data = data
        created_utc = None if read_only else utc_text(datetime.now(UTC))
        self.database = open_sqlite(data / FILE, created_utc=created_utc)
        self.outboxes = Outboxes(self.database)
        self.moments = Moments(self.database)
        self.windows = Windows(self.database, data, self.moments, self.outboxes, part_rows)
        self.pending = PendingWindows(self.database, self.windows)
        self.speech = WaitingSpeech(self.database, self.windows)
        self.feedback = Feedback(self.database, self.windows)
        self.gaps = Gaps(self.database)
        self.reels = Reels(self.database, data, self.windows, self.outboxes)
        self.files = StoredFiles(self.database, data, self.windows, part_rows)

    def created_utc(self) -> str:
        """When the ledger was created: it knows nothing of what is older."""
        return str(self.database.read_one(_CREATED))

    def observed_until(self, camera: str) -> str | None:
        """The end of the camera's newest window or gap; None when it has none."""
        values = {"of_camera": camera}
        ends = (self.database.read_one(_LAST_WINDOW, values), self.database.read_one(_LAST_GAP, values))
        return max((end for end in ends if end is not None), default=None)

    def cameras(self) -> list[str]:
        """All cameras that the ledger knows of."""
        return [row.camera for row in self.database.read(_CAMERAS)]

    def history(self, since_utc: str, now_utc: str) -> Iterator[dict[str, Any]]:
        """Yield windows, gaps and reels since then, in time order, as JSON objects with a ``kind``.

        Windows are read as they are asked for, so the ledger must stay open; raises LedgerError meanwhile.
        """
        windows = (_window_row(entry, self.data) for entry in self.windows.walk(since_utc))
        gaps = ({"kind": "gap", **gap_row(gap)} for gap in self.gaps.since(since_utc, now_utc))
        reels = ({"kind": "reel", **reel} for reel in self.reels.since(since_utc))
        return merge(windows, gaps, reels, key=_time_of)

    def search(self, query: MomentQuery) -> list[Entry]:
        """Return the windows whose moments match, newest first."""
        return self.windows.find_all(self.moments.search(query))

    def close(self) -> None:
        """Close the database. Safe to call twice."""
        self.database.close()


def _window_row(entry: Entry, base: Path) -> dict[str, Any]:
    return {"kind": "window", **window_row(entry.window, entry.outcome, entry.moment, base=base)}


def _time_of(row: dict[str, Any]) -> str:
    return str(row["end_utc" if row["kind"] == "reel" else "start_utc"])
