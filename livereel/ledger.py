"""The ledger: every window, moment, gap and reel of a data folder, in one SQLite file.

Written by one process, readable by others at the same time (WAL). A commit is on disk when the call
returns, so a killed process loses nothing that it was told had been kept. Times are ISO 8601 in UTC to
the millisecond, whose order as text is their order in time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any

from pydantic import TypeAdapter

from analyzer.chapter import Chapter, Gap, Reel
from analyzer.describe.queue import WaitingError
from analyzer.moment import Moment
from analyzer.reel import MANIFEST, manifest
from analyzer.window import Keyframe, Window
from sinks.rows import gap_row, window_row
from stream.clock import utc_after

FILE = "ledger.db"
PENDING = "pending"
# A hole between windows that is shorter than this is not worth telling.
MIN_GAP_S = 0.5

_SCHEMA = """
CREATE TABLE IF NOT EXISTS windows (
    id TEXT PRIMARY KEY, camera TEXT NOT NULL, start_utc TEXT NOT NULL, end_utc TEXT NOT NULL,
    outcome TEXT NOT NULL, window TEXT NOT NULL, moment TEXT, bytes INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS windows_by_time ON windows (start_utc);
CREATE INDEX IF NOT EXISTS windows_by_camera ON windows (camera, end_utc);
CREATE INDEX IF NOT EXISTS windows_pending ON windows (start_utc) WHERE outcome = 'pending';
CREATE INDEX IF NOT EXISTS windows_with_files ON windows (start_utc) WHERE bytes > 0;
CREATE TABLE IF NOT EXISTS gaps (
    camera TEXT NOT NULL, start_utc TEXT NOT NULL, end_utc TEXT, reason TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS gaps_by_time ON gaps (start_utc);
CREATE UNIQUE INDEX IF NOT EXISTS gaps_open ON gaps (camera) WHERE end_utc IS NULL;
CREATE TABLE IF NOT EXISTS reels (
    id TEXT NOT NULL, seq INTEGER NOT NULL, end_utc TEXT NOT NULL, folder TEXT NOT NULL,
    manifest TEXT NOT NULL, PRIMARY KEY (id, seq)) STRICT;
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

_WINDOW = TypeAdapter(Window)
_MOMENT = TypeAdapter(Moment)
# Stands for a moment's window, which has a column of its own.
_BARE = Window("", "", 0, 0, 0.0, 0.0, "", quiet=True, signal_max=0.0, noise_floor=0.0, threshold=0.0)


class LedgerError(WaitingError):
    """The ledger cannot be read or written; the message is one clear line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A window in the ledger, how it ended (``pending`` while it waits for words), and its words."""

    window: Window
    outcome: str
    moment: Moment | None


@dataclass(frozen=True, slots=True)
class Untold:
    """A moment or a reel that the sinks have not all taken; ``number`` is its place in the line."""

    number: int
    event: Moment | Reel


class Ledger:
    """Windows, gaps and reels of one data folder. A call blocks for one commit; safe from threads.

    Every method raises LedgerError when the file fails it (a full disk, say); nothing is half done then.
    """

    def __init__(self, data: Path, *, read_only: bool = False) -> None:
        """Open the ledger in ``data``, made if it is not there; raises LedgerError.

        ``read_only`` opens what another process may be writing, and never makes it.
        """
        self._data = data
        self._file = data / FILE
        self._lock = RLock()
        with self._mapped():
            if read_only:
                address = f"{self._file.resolve(strict=True).as_uri()}?mode=ro"
                self._db = sqlite3.connect(address, uri=True, check_same_thread=False)
                return
            data.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._file, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA + _UNTOLD)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"{self._file}: {getattr(error, 'strerror', None) or error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._mapped(), self._lock, self._db:
            yield self._db

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._mapped(), self._lock:
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._db.close()

    # Windows and moments

    def add_window(self, window: Window, outcome: str) -> None:
        """Keep a closed window; one that is there already stays as it is."""
        end_utc = utc_after(window.start_utc, window.end_s - window.start_s)
        text = _WINDOW.dump_json(_moved(window, self._data, Path())).decode()
        held_bytes = sum(file.stat().st_size for file in files_of(window) if file.exists())
        values = (window.id, window.camera, window.start_utc, end_utc, outcome, text, held_bytes)
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO windows VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", values)

    def end_window(self, window_id: str, outcome: str, moment: Moment | None = None) -> None:
        """Say how a pending window ended; its one outcome is never changed again."""
        words = None if moment is None else _MOMENT.dump_json(replace(moment, window=_BARE)).decode()
        with self._writing() as db:
            db.execute(
                "UPDATE windows SET outcome = ?, moment = ? WHERE id = ? AND outcome = 'pending'",
                (outcome, words, window_id),
            )

    def pending(self) -> list[Window]:
        """Windows that wait for words, newest first."""
        rows = self._read("SELECT window FROM windows WHERE outcome = 'pending' ORDER BY start_utc DESC")
        return [self._window(row[0]) for row in rows]

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        """Camera and id of the newest waiting window of each camera, but for those in ``without``."""
        rows = self._read(
            "SELECT camera, id, max(start_utc) FROM windows WHERE outcome = 'pending'"
            " AND id NOT IN (SELECT value FROM json_each(?)) GROUP BY camera",
            json.dumps(list(without)),
        )
        return [(camera, window_id) for camera, window_id, _ in rows]

    def count_pending(self) -> int:
        """How many windows wait for words."""
        return int(self._read("SELECT count(*) FROM windows WHERE outcome = 'pending'")[0][0])

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        """End so many waiting windows, the lowest peaks first, as ``skipped_overload``; returns how many."""
        with self._writing() as db:
            return db.execute(
                "UPDATE windows SET outcome = 'skipped_overload' WHERE id IN"
                " (SELECT id FROM windows WHERE outcome = 'pending' AND id NOT IN"
                " (SELECT value FROM json_each(?)) ORDER BY json_extract(window, '$.signal_max') LIMIT ?)",
                (json.dumps(list(without)), count),
            ).rowcount

    def window(self, window_id: str) -> Window:
        """The window of this id; raises LedgerError when there is none."""
        rows = self._read("SELECT window FROM windows WHERE id = ?", window_id)
        if not rows:
            raise LedgerError(f"{self._file}: no window {window_id}")
        return self._window(rows[0][0])

    def entries(self, since_utc: str, *, camera: str | None = None) -> list[Entry]:
        """Windows that ended after ``since_utc``, in time order."""
        rows = self._read(
            "SELECT window, outcome, moment FROM windows WHERE end_utc > ? AND (? IS NULL OR camera = ?)"
            " ORDER BY start_utc, camera",
            since_utc, camera, camera,
        )  # fmt: skip
        return [self._entry(*row) for row in rows]

    def seen_until(self, camera: str) -> str | None:
        """The end of the camera's newest window or gap; None when it has none."""
        rows = self._read(
            "SELECT max(u) FROM (SELECT max(end_utc) u FROM windows WHERE camera = ?"
            " UNION SELECT max(end_utc) FROM gaps WHERE camera = ?)",
            camera, camera,
        )  # fmt: skip
        return None if rows[0][0] is None else str(rows[0][0])

    def next_epoch(self, camera: str) -> int:
        """A number for the camera's next epoch, higher than those of its windows."""
        rows = self._read(
            "SELECT max(json_extract(window, '$.epoch')) FROM"
            " (SELECT window FROM windows WHERE camera = ? ORDER BY end_utc DESC LIMIT 100)",
            camera,
        )  # fmt: skip
        return 0 if rows[0][0] is None else int(rows[0][0]) + 1

    def _window(self, text: str) -> Window:
        return _moved(_WINDOW.validate_json(text), Path(), self._data)

    def _entry(self, text: str, outcome: str, words: str | None) -> Entry:
        window = self._window(text)
        moment = None if words is None else replace(_MOMENT.validate_json(words), window=window)
        return Entry(window, outcome, moment)

    # Gaps

    def open_gap(self, camera: str, start_utc: str, reason: str) -> None:
        """Begin a gap that lasts until ``close_gap``; a camera has at most one, whose reason stays."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO gaps VALUES (?, ?, NULL, ?)", (camera, start_utc, reason))

    def close_gap(self, camera: str, end_utc: str) -> None:
        """End the camera's open gap, if there is one.

        One shorter than MIN_GAP_S is forgotten, unless it is all that is known of the camera: it tells
        since when there was one.
        """
        with self._writing() as db:
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
        with self._writing() as db:
            values = (gap.camera, gap.start_utc, gap.end_utc, gap.reason)
            db.execute("INSERT INTO gaps VALUES (?, ?, ?, ?)", values)

    def gaps(self, since_utc: str, now_utc: str, *, camera: str | None = None) -> list[Gap]:
        """Gaps that ended after ``since_utc`` or are still open (told as ending now), in time order."""
        rows = self._read(
            "SELECT camera, start_utc, coalesce(end_utc, ?), reason FROM gaps"
            " WHERE coalesce(end_utc, '~') > ? AND (? IS NULL OR camera = ?) ORDER BY start_utc, camera",
            now_utc, since_utc, camera, camera,
        )  # fmt: skip
        return [Gap(*row) for row in rows]

    # Reels

    def next_seq(self, reel_id: str) -> int:
        """The number of the next reel under this id, from 1."""
        rows = self._read("SELECT coalesce(max(seq), 0) + 1 FROM reels WHERE id = ?", reel_id)
        return int(rows[0][0])

    def seqs(self, reel_id: str) -> list[int]:
        """The numbers of the kept reels under this id, oldest first."""
        return [row[0] for row in self._read("SELECT seq FROM reels WHERE id = ? ORDER BY seq", reel_id)]

    def add_reel(self, reel: Reel) -> None:
        """Keep a reel whose folder is in place."""
        folder = reel.folder.relative_to(self._data).as_posix()
        values = (reel.id, reel.seq, reel.end_utc, folder, json.dumps(manifest(reel), ensure_ascii=False))
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO reels VALUES (?, ?, ?, ?, ?)", values)

    def adopt_reel(self, folder: Path) -> None:
        """Keep a reel that was finished just before its process died; ``folder`` holds its reel.json."""
        try:
            told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            values = (told["id"], told["seq"], told["end_utc"], folder.relative_to(self._data).as_posix())
        except (OSError, ValueError, KeyError) as error:
            raise LedgerError(f"{folder}: not a finished reel: {error}") from error
        with self._writing() as db:
            text = json.dumps(told, ensure_ascii=False)
            db.execute("INSERT OR REPLACE INTO reels VALUES (?, ?, ?, ?, ?)", (*values, text))

    def cameras(self) -> list[str]:
        """All cameras that the ledger knows of."""
        rows = self._read("SELECT camera FROM windows UNION SELECT camera FROM gaps ORDER BY camera")
        return [row[0] for row in rows]

    def latest_reel(self, reel_id: str) -> Reel | None:
        """The newest reel under this id, with the chapters whose windows are still known."""
        rows = self._read(
            "SELECT manifest, folder FROM reels WHERE id = ? ORDER BY seq DESC LIMIT 1", reel_id
        )
        if not rows:
            return None
        return self._reel(*rows[0])

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
            folder=self._data / folder,
            bytes=told["bytes"],
            sha256=told["sha256"],
            chapters=tuple(chapter for chapter in chapters if chapter),
            gaps=tuple(Gap(**gap) for gap in told["gaps"]),
            changed=tuple(told["changed"]),
        )

    def _chapter(self, told: dict[str, Any]) -> Chapter | None:
        rows = self._read("SELECT window, outcome, moment FROM windows WHERE id = ?", told["window_id"])
        moment = self._entry(*rows[0]).moment if rows else None
        names = ("reason", "sentence", "start_s", "end_s", "reel_start_s", "reel_end_s")
        return None if moment is None else Chapter(moment=moment, **{name: told[name] for name in names})

    def reels(self, since_utc: str = "") -> list[dict[str, Any]]:
        """Manifests of the reels that end after ``since_utc``, with their ``folder``, in time order."""
        query = "SELECT manifest, folder FROM reels WHERE end_utc > ? ORDER BY end_utc, id"
        return [{**json.loads(text), "folder": folder} for text, folder in self._read(query, since_utc)]

    # What is to be told

    def untold(self, after: int, limit: int) -> list[Untold]:
        """The next moments and reels behind number ``after`` (0: from the first) that are not ``told``.

        In the order in which they were kept. What retention has removed meanwhile is not among them.
        """
        rows = self._read(
            "SELECT number, windows.window, windows.outcome, windows.moment, reels.manifest, reels.folder"
            " FROM untold LEFT JOIN windows ON windows.id = window_id"
            " LEFT JOIN reels ON reels.id = reel_id AND reels.seq = untold.seq"
            " WHERE number > ? ORDER BY number LIMIT ?",
            after, limit,
        )  # fmt: skip
        return [Untold(row[0], event) for row in rows if (event := self._event(*row[1:]))]

    def _event(
        self, window: str | None, outcome: str, words: str | None, text: str, folder: str
    ) -> Moment | Reel | None:
        return self._reel(text, folder) if window is None else self._entry(window, outcome, words).moment

    def told(self, until: int) -> None:
        """Say that all sinks have taken what is untold up to this number."""
        with self._writing() as db:
            db.execute("DELETE FROM untold WHERE number <= ?", (until,))

    # What happened

    def history(self, since_utc: str, now_utc: str) -> list[dict[str, Any]]:
        """Windows, gaps and reels since then, in time order, as JSON objects with a ``kind``."""
        entries = self.entries(since_utc)
        rows = [
            {"kind": "window", **window_row(e.window, e.outcome, e.moment, base=self._data)} for e in entries
        ]
        rows += [{"kind": "gap", **gap_row(gap)} for gap in self.gaps(since_utc, now_utc)]
        rows += [{"kind": "reel", **reel} for reel in self.reels(since_utc)]
        return sorted(rows, key=lambda row: row["end_utc" if row["kind"] == "reel" else "start_utc"])

    # Retention

    def kept_bytes(self) -> int:
        """What the files of all windows and reels take, as they were written."""
        rows = self._read(
            "SELECT (SELECT coalesce(sum(bytes), 0) FROM windows)"
            " + (SELECT coalesce(sum(json_extract(manifest, '$.bytes')), 0) FROM reels)"
        )
        return int(rows[0][0])

    def windows_with_files(self, until_utc: str) -> list[tuple[Window, int]]:
        """Windows that ended by then, with what their files take (bytes), oldest first.

        Not those that wait for words, nor those that a kept reel shows.
        """
        rows = self._read(
            "SELECT window, bytes FROM windows WHERE bytes > 0 AND outcome != 'pending' AND end_utc <= ?"
            " AND id NOT IN (SELECT json_extract(chapter.value, '$.window_id')"
            " FROM reels, json_each(reels.manifest, '$.chapters') AS chapter) ORDER BY start_utc",
            until_utc,
        )
        return [(self._window(text), held) for text, held in rows]

    def drop_files(self, windows: Sequence[Window]) -> None:
        """Say that these windows have no files any more; what they showed stays told."""
        values = [
            (_WINDOW.dump_json(replace(w, clip=None, keyframes=_fileless(w))).decode(), w.id) for w in windows
        ]
        with self._writing() as db:
            db.executemany("UPDATE windows SET window = ?, bytes = 0 WHERE id = ?", values)

    def forget_before(self, utc: str) -> None:
        """Forget windows that have no files and gaps that ended by then."""
        with self._writing() as db:
            db.execute(
                "DELETE FROM windows WHERE bytes = 0 AND outcome != 'pending' AND end_utc <= ?", (utc,)
            )
            db.execute("DELETE FROM gaps WHERE end_utc <= ?", (utc,))

    def forget_reel(self, reel_id: str, seq: int) -> None:
        """Remove a reel whose folder goes."""
        with self._writing() as db:
            db.execute("DELETE FROM reels WHERE id = ? AND seq = ?", (reel_id, seq))

    def files(self) -> set[Path]:
        """All files that windows name."""
        rows = self._read("SELECT window FROM windows WHERE bytes > 0")
        return {file for row in rows for file in files_of(self._window(row[0]))}

    def reel_folders(self) -> set[Path]:
        """The folders of all kept reels."""
        return {self._data / row[0] for row in self._read("SELECT folder FROM reels")}


def files_of(window: Window) -> list[Path]:
    """The files that a window names."""
    clip = [window.clip.path] if window.clip else []
    return clip + [keyframe.file for keyframe in window.keyframes if keyframe.file]


def _fileless(window: Window) -> tuple[Keyframe, ...]:
    return tuple(replace(keyframe, file=None) for keyframe in window.keyframes)


def _moved(window: Window, base: Path, to: Path) -> Window:
    """The window with its files' names taken from ``base`` to ``to``: the folder as a whole may move."""
    keyframes = tuple(
        replace(k, file=to / k.file.relative_to(base)) if k.file else k for k in window.keyframes
    )
    clip = window.clip and replace(window.clip, path=to / window.clip.path.relative_to(base))
    return replace(window, keyframes=keyframes, clip=clip)
