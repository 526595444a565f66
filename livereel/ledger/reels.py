"""The ledger's reels: their manifests, and where their folders lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from analyzer.reel.manifest import MANIFEST, manifest
from analyzer.reel.records import Chapter, Gap, GapReason, Part, Reel
from livereel.ledger.database import Database
from livereel.ledger.outbox import Outboxes
from livereel.ledger.tables import reel_numbers, reel_windows, reels
from livereel.ledger.windows import Windows

_it = reels.c
_ID_IS = _it.id == bindparam("reel_id")
_HIGHEST = select(reel_numbers.c.seq).where(reel_numbers.c.id == bindparam("reel_id"))
_RAISE_HIGHEST = (
    update(reel_numbers)
    .where(reel_numbers.c.id == bindparam("reel_id"), reel_numbers.c.seq < bindparam("new"))
    .values(seq=bindparam("new"))
)
_SEQS = select(_it.seq).where(_ID_IS).order_by(_it.seq)
_LATEST = select(_it.manifest, _it.folder).where(_ID_IS).order_by(_it.seq.desc()).limit(1)
_SINCE = (
    select(_it.manifest, _it.folder).where(_it.end_utc > bindparam("since")).order_by(_it.end_utc, _it.id)
)
_NEWEST = select(_it.manifest, _it.folder).order_by(_it.end_utc.desc(), _it.id).limit(bindparam("limit"))
_NEWEST_OF = select(_it.manifest, _it.folder).where(_ID_IS).order_by(_it.seq.desc()).limit(bindparam("limit"))
_ONE = select(_it.manifest, _it.folder).where(_ID_IS, _it.seq == bindparam("reel_seq"))
_REMOVE = delete(reels).where(_ID_IS, _it.seq == bindparam("reel_seq"))
_REMOVE_WINDOWS = delete(reel_windows).where(
    reel_windows.c.reel_id == bindparam("reel_id"), reel_windows.c.seq == bindparam("reel_seq")
)
_ADD_WINDOWS = insert(reel_windows)


class Reels:
    """Reels, whose chapters are windows. Every method raises LedgerError."""

    def __init__(self, database: Database, data: Path, windows: Windows, outboxes: Outboxes) -> None:
        """Keep them in a database; their folders lie in ``data``."""
        self._database = database
        self._data = data
        self._windows = windows
        self._outboxes = outboxes

    def next_seq(self, reel_id: str) -> int:
        """The number of the next reel of this id, from 1; the number of a removed reel is not reused."""
        return int(self._database.read_one(_HIGHEST, {"reel_id": reel_id}) or 0) + 1

    def seqs(self, reel_id: str) -> list[int]:
        """The numbers of the stored reels of this id, oldest first."""
        return [row.seq for row in self._database.read(_SEQS, {"reel_id": reel_id})]

    def add(self, reel: Reel) -> None:
        """Add a reel whose folder is in place; it goes to the outboxes."""
        self._add(manifest(reel), reel)

    def adopt(self, folder: Path) -> bool:
        """Add a reel that was finished just before its process died; ``folder`` holds its reel.json.

        False, changing nothing, where that is not the manifest of the reel that the folder is named after.
        """
        try:
            text = (folder / MANIFEST).read_text(encoding="utf-8")
            found = json.loads(text)
            if (found["id"], found["seq"]) != (folder.parent.name, int(folder.name)):
                return False
            reel = self._reel(found, folder)
        except (OSError, ValueError, KeyError, TypeError):
            return False
        self._add(found, reel)
        return True

    def _add(self, content: dict[str, Any], reel: Reel) -> None:
        row = {
            "id": reel.id,
            "seq": reel.seq,
            "end_utc": reel.end_utc,
            "folder": reel.folder.relative_to(self._data).as_posix(),
            "manifest": json.dumps(content, ensure_ascii=False),
            "bytes": reel.bytes,
        }
        shown = dict.fromkeys(chapter["window_id"] for chapter in content["chapters"])
        with self._database.writing() as connection:
            self._database.put(connection, reels, row)
            connection.execute(_REMOVE_WINDOWS, {"reel_id": reel.id, "reel_seq": reel.seq})
            if shown:
                rows = [{"reel_id": reel.id, "seq": reel.seq, "window_id": window_id} for window_id in shown]
                connection.execute(_ADD_WINDOWS, rows)
            self._take_number(connection, reel.id, reel.seq)
            self._outboxes.add(connection, reel)

    def _take_number(self, connection: Connection, reel_id: str, seq: int) -> None:
        if not self._database.insert_new(connection, reel_numbers, {"id": reel_id, "seq": seq}):
            connection.execute(_RAISE_HIGHEST, {"reel_id": reel_id, "new": seq})

    def remove(self, reel_id: str, seq: int) -> None:
        """Remove a reel whose folder goes; its number stays taken."""
        with self._database.writing() as connection:
            for statement in (_REMOVE, _REMOVE_WINDOWS):
                connection.execute(statement, {"reel_id": reel_id, "reel_seq": seq})

    def latest(self, reel_id: str) -> Reel | None:
        """The newest reel of this id, with those of its chapters whose windows are still known."""
        rows = self._database.read(_LATEST, {"reel_id": reel_id})
        return self.reel(rows[0].manifest, rows[0].folder) if rows else None

    def since(self, since_utc: str = "") -> list[dict[str, Any]]:
        """Manifests of the reels that end after ``since_utc``, with their ``folder``, in time order."""
        rows = self._database.read(_SINCE, {"since": since_utc})
        return [{**json.loads(row.manifest), "folder": row.folder} for row in rows]

    def newest(self, limit: int, reel_id: str | None = None) -> list[dict[str, Any]]:
        """Manifests of the newest reels, of all ids or of one, with their ``folder``, the newest first."""
        query, of_id = (_NEWEST, {}) if reel_id is None else (_NEWEST_OF, {"reel_id": reel_id})
        rows = self._database.read(query, {**of_id, "limit": limit})
        return [{**json.loads(row.manifest), "folder": row.folder} for row in rows]

    def manifest(self, reel_id: str, seq: int | None) -> dict[str, Any] | None:
        """The manifest of a reel with its ``folder``, the newest of its id where ``seq`` is None."""
        values = {"reel_id": reel_id, "reel_seq": seq}
        rows = self._database.read(*((_LATEST, {"reel_id": reel_id}) if seq is None else (_ONE, values)))
        return {**json.loads(rows[0].manifest), "folder": rows[0].folder} if rows else None

    def find(self, reel_id: str, seq: int) -> Reel | None:
        """A reel, with those of its chapters whose windows are still known."""
        rows = self._database.read(_ONE, {"reel_id": reel_id, "reel_seq": seq})
        return self.reel(rows[0].manifest, rows[0].folder) if rows else None

    def reel(self, text: str, folder: str) -> Reel:
        """Return the reel that a row holds, with those of its chapters whose windows are still known."""
        return self._reel(json.loads(text), self._data / folder)

    def _reel(self, content: dict[str, Any], folder: Path) -> Reel:
        chapters = [self._chapter(chapter) for chapter in content["chapters"]]
        return Reel(
            id=content["id"],
            seq=content["seq"],
            title=content["title"],
            narrative=content["narrative"],
            cameras=tuple(content["cameras"]),
            start_utc=content["start_utc"],
            end_utc=content["end_utc"],
            duration_s=content["duration_s"],
            mode=content["mode"],
            folder=folder,
            bytes=content["bytes"],
            sha256=content["sha256"],
            chapters=tuple(chapter for chapter in chapters if chapter),
            gaps=tuple(Gap(**{**gap, "reason": GapReason(gap["reason"])}) for gap in content["gaps"]),
            changed=tuple(content["changed"]),
        )

    def _chapter(self, content: dict[str, Any]) -> Chapter | None:
        entry = self._windows.find(content["window_id"])
        if entry is None or entry.moment is None:
            return None
        names = ("reason", "sentence", "start_s", "end_s", "reel_start_s", "reel_end_s")
        parts = tuple(Part(**part) for part in content.get("parts", ()))
        shown = {name: content[name] for name in names}
        return Chapter(moment=entry.moment, parts=parts, story_s=content.get("story_s"), **shown)
