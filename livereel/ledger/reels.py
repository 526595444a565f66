"""The ledger's reels: their manifests, and where their folders lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analyzer.reel.compile import MANIFEST, manifest
from analyzer.reel.records import Chapter, Gap, Reel
from livereel.ledger.windows import Windows


class Reels(Windows):
    """Reels, whose chapters are windows."""

    def next_seq(self, reel_id: str) -> int:
        """The number of the next reel under this id, from 1; that of one that is gone does not come again."""
        rows = self.read(
            "SELECT coalesce(max(seq), 0) + 1 FROM (SELECT seq FROM reels WHERE id = ?"
            " UNION ALL SELECT seq FROM reel_numbers WHERE id = ?)",
            reel_id, reel_id,
        )  # fmt: skip
        return int(rows[0][0])

    def seqs(self, reel_id: str) -> list[int]:
        """The numbers of the kept reels under this id, oldest first."""
        return [row[0] for row in self.read("SELECT seq FROM reels WHERE id = ? ORDER BY seq", reel_id)]

    def add_reel(self, reel: Reel) -> None:
        """Keep a reel whose folder is in place."""
        folder = reel.folder.relative_to(self.data).as_posix()
        values = (reel.id, reel.seq, reel.end_utc, folder, json.dumps(manifest(reel), ensure_ascii=False))
        with self.writing() as db:
            db.execute("INSERT OR REPLACE INTO reels VALUES (?, ?, ?, ?, ?)", values)

    def adopt_reel(self, folder: Path) -> bool:
        """Keep a reel that was finished just before its process died; ``folder`` holds its reel.json.

        False, and nothing is done, where that is not the manifest of the reel that the folder is named after.
        """
        try:
            told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            values = (told["id"], told["seq"], told["end_utc"], folder.relative_to(self.data).as_posix())
        except (OSError, ValueError, KeyError, TypeError):
            return False
        if (told["id"], told["seq"]) != (folder.parent.name, int(folder.name)):
            return False
        with self.writing() as db:
            text = json.dumps(told, ensure_ascii=False)
            db.execute("INSERT OR REPLACE INTO reels VALUES (?, ?, ?, ?, ?)", (*values, text))
        return True

    def latest_reel(self, reel_id: str) -> Reel | None:
        """The newest reel under this id, with the chapters whose windows are still known."""
        rows = self.read("SELECT manifest, folder FROM reels WHERE id = ? ORDER BY seq DESC LIMIT 1", reel_id)
        return self._reel(*rows[0]) if rows else None

    def _reel(self, text: str, folder: str) -> Reel:
        told = json.loads(text)
        chapters = [self._chapter(chapter) for chapter in told["chapters"]]
        return Reel(
            id=told["id"],
            seq=told["seq"],
            title=told["title"],
            narrative=told["narrative"],
            cameras=tuple(told["cameras"]),
            start_utc=told["start_utc"],
            end_utc=told["end_utc"],
            duration_s=told["duration_s"],
            mode=told["mode"],
            folder=self.data / folder,
            bytes=told["bytes"],
            sha256=told["sha256"],
            chapters=tuple(chapter for chapter in chapters if chapter),
            gaps=tuple(Gap(**gap) for gap in told["gaps"]),
            changed=tuple(told["changed"]),
        )

    def _chapter(self, told: dict[str, Any]) -> Chapter | None:
        rows = self.read("SELECT window, outcome, moment FROM windows WHERE id = ?", told["window_id"])
        moment = self._entry(*rows[0]).moment if rows else None
        names = ("reason", "sentence", "start_s", "end_s", "reel_start_s", "reel_end_s")
        return None if moment is None else Chapter(moment=moment, **{name: told[name] for name in names})

    def reels(self, since_utc: str = "") -> list[dict[str, Any]]:
        """Manifests of the reels that end after ``since_utc``, with their ``folder``, in time order."""
        query = "SELECT manifest, folder FROM reels WHERE end_utc > ? ORDER BY end_utc, id"
        return [{**json.loads(text), "folder": folder} for text, folder in self.read(query, since_utc)]

    def forget_reel(self, reel_id: str, seq: int) -> None:
        """Remove a reel whose folder goes; its number stays taken."""
        with self.writing() as db:
            db.execute("DELETE FROM reels WHERE id = ? AND seq = ?", (reel_id, seq))
            db.execute(
                "INSERT INTO reel_numbers VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)",
                (reel_id, seq),
            )
