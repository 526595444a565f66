"""The ledger's windows: how each ended, and its words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from analyzer.describe.moment import Moment
from analyzer.signal.window import Window
from base.clock import utc_after
from livereel.ledger.database import LedgerError, Store

PENDING = "pending"
# Rows read at a time where there may be many: a few ms, a MB or so.
PART_ROWS = 500

_WINDOW = TypeAdapter(Window)
_MOMENT = TypeAdapter(Moment)
# Stands for a moment's window, which has a column of its own.
_BARE = Window("", "", 0, 0, 0.0, 0.0, "", quiet=True, signal_max=0.0, noise_floor=0.0, threshold=0.0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A window in the ledger, how it ended (``pending`` while it waits for words), and its words."""

    window: Window
    outcome: str
    moment: Moment | None


class Windows(Store):
    """Windows and their moments."""

    def __init__(self, data: Path, *, read_only: bool = False) -> None:
        """Open the ledger, as Store does."""
        super().__init__(data, read_only=read_only)
        self._loans: list[frozenset[str]] = []

    @contextmanager
    def lending(self, window_ids: Iterable[str]) -> Iterator[None]:
        """Keep the files of these windows from retention while the block runs."""
        loan = frozenset(window_ids)
        self._loans.append(loan)
        try:
            yield
        finally:
            self._loans.remove(loan)

    @property
    def lent(self) -> frozenset[str]:
        """The windows whose files somebody reads now."""
        return frozenset().union(*self._loans)

    def add_window(self, window: Window, outcome: str) -> None:
        """Keep a closed window; one that is there already stays as it is."""
        end_utc = utc_after(window.start_utc, window.end_s - window.start_s)
        text = _WINDOW.dump_json(_moved(window, self.data, Path())).decode()
        held_bytes = sum(file.stat().st_size for file in files_of(window) if file.exists())
        values = (window.id, window.camera, window.start_utc, end_utc, outcome, text, held_bytes)
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO windows VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", values)

    def end_window(self, window_id: str, outcome: str, moment: Moment | None = None) -> None:
        """Say how a pending window ended; its one outcome is never changed again."""
        words = None if moment is None else _MOMENT.dump_json(replace(moment, window=_BARE)).decode()
        with self.writing() as db:
            db.execute(
                "UPDATE windows SET outcome = ?, moment = ? WHERE id = ? AND outcome = 'pending'",
                (outcome, words, window_id),
            )

    def pending(self) -> list[Window]:
        """Windows that wait for words, newest first."""
        rows = self.read("SELECT window FROM windows WHERE outcome = 'pending' ORDER BY start_utc DESC")
        return [self.to_window(row[0]) for row in rows]

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        """Camera and id of the newest waiting window of each camera, but for those in ``without``."""
        rows = self.read(
            "SELECT camera, id, max(start_utc) FROM windows WHERE outcome = 'pending'"
            " AND id NOT IN (SELECT value FROM json_each(?)) GROUP BY camera",
            json.dumps(list(without)),
        )
        return [(camera, window_id) for camera, window_id, _ in rows]

    def count_pending(self) -> int:
        """How many windows wait for words."""
        return int(self.read("SELECT count(*) FROM windows WHERE outcome = 'pending'")[0][0])

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        """End so many waiting windows, the lowest peaks first, as ``skipped_overload``; returns how many."""
        with self.writing() as db:
            return db.execute(
                "UPDATE windows SET outcome = 'skipped_overload' WHERE id IN"
                " (SELECT id FROM windows WHERE outcome = 'pending' AND id NOT IN"
                " (SELECT value FROM json_each(?)) ORDER BY json_extract(window, '$.signal_max') LIMIT ?)",
                (json.dumps(list(without)), count),
            ).rowcount

    def window(self, window_id: str) -> Window:
        """The window of this id; raises LedgerError when there is none."""
        rows = self.read("SELECT window FROM windows WHERE id = ?", window_id)
        if not rows:
            raise LedgerError(f"{self.file}: no window {window_id}")
        return self.to_window(rows[0][0])

    def entries(self, since_utc: str, *, camera: str | None = None) -> list[Entry]:
        """Windows that ended after ``since_utc``, in time order."""
        if camera is None:
            return list(self.walk(since_utc))
        rows = self.read(
            "SELECT window, outcome, moment FROM windows WHERE camera = ? AND end_utc > ? ORDER BY start_utc",
            camera, since_utc,
        )  # fmt: skip
        return [self._entry(*row) for row in rows]

    def walk(self, since_utc: str) -> Iterator[Entry]:
        """Yield the windows of ``entries``, read in parts, between which others have the ledger."""
        # Plus keeps SQLite from looking for the first start through all that ended before.
        first_utc = self.read("SELECT min(+start_utc) FROM windows WHERE end_utc > ?", since_utc)[0][0]
        place = (first_utc or since_utc, "")
        while rows := self.read(
            "SELECT start_utc, camera, window, outcome, moment FROM windows"
            " WHERE (start_utc, camera) > (?, ?) AND +end_utc > ? ORDER BY start_utc, camera LIMIT ?",
            *place, since_utc, PART_ROWS,
        ):  # fmt: skip
            for _, _, *row in rows:
                yield self._entry(*row)
            place = rows[-1][:2]

    def drop_files(self, windows: Sequence[Window]) -> None:
        """Say that these windows have no files any more; what they showed stays told."""
        values = [(_WINDOW.dump_json(_fileless(window)).decode(), window.id) for window in windows]
        with self.writing() as db:
            db.executemany("UPDATE windows SET window = ?, bytes = 0 WHERE id = ?", values)

    def next_epoch(self, camera: str) -> int:
        """A number for the camera's next epoch, higher than those of its windows."""
        rows = self.read(
            "SELECT max(json_extract(window, '$.epoch')) FROM"
            " (SELECT window FROM windows WHERE camera = ? ORDER BY end_utc DESC LIMIT 100)",
            camera,
        )  # fmt: skip
        return 0 if rows[0][0] is None else int(rows[0][0]) + 1

    def to_window(self, text: str) -> Window:
        """Return the window that a row's text tells, its files where the data folder is now."""
        return _moved(_WINDOW.validate_json(text), Path(), self.data)

    def _entry(self, text: str, outcome: str, words: str | None) -> Entry:
        window = self.to_window(text)
        moment = None if words is None else replace(_MOMENT.validate_json(words), window=window)
        return Entry(window, outcome, moment)


def files_of(window: Window) -> list[Path]:
    """The files that a window names."""
    clip = [window.clip.path] if window.clip else []
    return clip + [keyframe.file for keyframe in window.keyframes if keyframe.file]


def _fileless(window: Window) -> Window:
    return replace(window, clip=None, keyframes=tuple(replace(k, file=None) for k in window.keyframes))


def _moved(window: Window, base: Path, to: Path) -> Window:
    """The window with its files' names taken from ``base`` to ``to``: the folder as a whole may move."""
    keyframes = tuple(
        replace(k, file=to / k.file.relative_to(base)) if k.file else k for k in window.keyframes
    )
    clip = window.clip and replace(window.clip, path=to / window.clip.path.relative_to(base))
    return replace(window, keyframes=keyframes, clip=clip)
