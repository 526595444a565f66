"""The ledger's gaps: time of a camera that nobody saw."""

from __future__ import annotations

from analyzer.reel.records import Gap
from base.clock import utc_after
from livereel.ledger.database import Store

# A hole between windows that is shorter than this is not worth telling.
MIN_GAP_S = 0.5


class Gaps(Store):
    """Gaps, of which a camera has at most one that is open."""

    def open_gap(self, camera: str, start_utc: str, reason: str) -> None:
        """Begin a gap that lasts until ``close_gap``; a camera has at most one, whose reason stays."""
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO gaps VALUES (?, ?, NULL, ?)", (camera, start_utc, reason))

    def open_reason(self, camera: str) -> str | None:
        """Why nobody sees the camera now; None where it has no open gap."""
        rows = self.read("SELECT reason FROM gaps WHERE camera = ? AND end_utc IS NULL", camera)
        return rows[0][0] if rows else None

    def close_gap(self, camera: str, end_utc: str) -> None:
        """End the camera's open gap, if there is one.

        One shorter than MIN_GAP_S is forgotten, unless it is all that is known of the camera: it tells
        since when there was one.
        """
        with self.writing() as db:
            row = db.execute(
                "UPDATE gaps SET end_utc = ? WHERE camera = ? AND end_utc IS NULL RETURNING rowid, start_utc",
                (end_utc, camera),
            ).fetchone()
            if row is not None and end_utc < utc_after(row[1], MIN_GAP_S):
                db.execute(
                    "DELETE FROM gaps WHERE rowid = ?1 AND (end_utc <= start_utc"
                    " OR EXISTS (SELECT 1 FROM windows WHERE camera = ?2)"
                    " OR EXISTS (SELECT 1 FROM gaps WHERE camera = ?2 AND rowid <> ?1))",
                    (row[0], camera),
                )

    def add_gap(self, gap: Gap) -> None:
        """Keep a gap that has ended."""
        with self.writing() as db:
            values = (gap.camera, gap.start_utc, gap.end_utc, gap.reason)
            db.execute("INSERT INTO gaps VALUES (?, ?, ?, ?)", values)

    def gaps(self, since_utc: str, now_utc: str, *, camera: str | None = None) -> list[Gap]:
        """Gaps that ended after ``since_utc`` or are still open (told as ending now), in time order."""
        if camera is None:
            rows = self.read(
                "SELECT camera, start_utc, end_utc, reason FROM gaps WHERE end_utc > ?"
                " UNION ALL SELECT camera, start_utc, ?, reason FROM gaps WHERE end_utc IS NULL"
                " ORDER BY start_utc, camera",
                since_utc, now_utc,
            )  # fmt: skip
        else:
            rows = self.read(
                "SELECT camera, start_utc, end_utc, reason FROM gaps WHERE camera = ? AND end_utc > ?"
                " UNION ALL SELECT camera, start_utc, ?, reason FROM gaps"
                " WHERE camera = ? AND end_utc IS NULL ORDER BY start_utc",
                camera, since_utc, now_utc, camera,
            )  # fmt: skip
        return [Gap(*row) for row in rows]
