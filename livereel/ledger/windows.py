"""The ledger's windows: how each ended, and its moment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from analyzer.describe.moment import Moment
from analyzer.signal.sound.record import Transcript
from analyzer.signal.window import Outcome, Window
from analyzer.transcribe.words import with_words
from base.clock import utc_after
from livereel.ledger.database import Database, listed, unindexed
from livereel.ledger.moments import Moments
from livereel.ledger.outbox import Outboxes
from livereel.ledger.records import (
    PENDING,
    Entry,
    LedgerError,
    SoundOfWindow,
    WindowState,
    files_of,
    parse_state,
)
from livereel.ledger.tables import HAS_FILES, IS_ACTIVE, IS_PENDING, speech_waiting, windows
from sinks.events import LateText

# Rows read at a time where there may be many: a few ms, a MB or so.
PART_ROWS = 500
# A camera's newest windows, enough to contain its last epoch even if a few were added late.
_NEWEST = 100

_WINDOW = TypeAdapter(Window)
_MOMENT = TypeAdapter(Moment)
_SOUND = TypeAdapter(SoundOfWindow)
# Stands for a moment's window, which has a column of its own.
_NO_WINDOW = Window("", "", 0, 0, 0.0, 0.0, "", quiet=True, signal_max=0.0, noise_floor=0.0, threshold=0.0)

_it = windows.c
_ENTRY = (_it.window, _it.outcome, _it.moment)
_END = (
    update(windows)
    .where(_it.id == bindparam("window_id"), IS_PENDING)
    .values(outcome=bindparam("new_outcome"), moment=bindparam("new_moment"))
)
_BY_ID = select(*_ENTRY).where(_it.id == bindparam("window_id"))
_BY_IDS = select(_it.id, *_ENTRY).where(_it.id.in_(bindparam("window_ids", expanding=True)))
_OF_CAMERA = (
    select(*_ENTRY)
    .where(_it.camera == bindparam("of_camera"), _it.end_utc > bindparam("since"))
    .order_by(_it.start_utc)
)
_WITH_FILES = (
    select(_it.window)
    .where(
        _it.camera == bindparam("of_camera"),
        _it.start_utc >= bindparam("since"),
        _it.start_utc < bindparam("until"),
        HAS_FILES,
    )
    .order_by(_it.end_utc.desc())
    .limit(bindparam("limit"))
)
_STATES = (
    select(_it.start_utc, _it.end_utc, _it.outcome)
    .where(
        _it.camera == bindparam("of_camera"),
        _it.end_utc > bindparam("since"),
        _it.end_utc <= bindparam("until"),
    )
    .order_by(_it.end_utc)
)
# Those with a peak of sound or speech, by what only their JSON has: most windows need not be parsed.
_WITH_SOUND = (
    select(_it.window)
    .where(
        _it.camera == bindparam("of_camera"),
        _it.end_utc > bindparam("since"),
        _it.end_utc <= bindparam("until"),
        or_(_it.window.contains('"rise_db":'), _it.window.contains('"speech":[{')),
    )
    .order_by(_it.end_utc)
)
# With a condition on its start, all windows since then would be looked through.
_STATE_AFTER = (
    select(_it.start_utc, _it.end_utc, _it.outcome)
    .where(_it.camera == bindparam("of_camera"), _it.end_utc > bindparam("until"))
    .order_by(_it.end_utc)
    .limit(literal_column("1"))
)
# Each part needs a few places of indexes, and no row, however many windows it has. An edge belongs to what
# is before it.
_edges = listed("edges")
_EDGES = select(
    _edges.c.value, func.lead(_edges.c.value).over(order_by=_edges.c.key).label("next")
).subquery()
_IN_PART = (_it.camera == bindparam("of_camera"), _it.end_utc > _EDGES.c.value, _it.end_utc <= _EDGES.c.next)
_NOT_DESCRIBED = [PENDING, *(it.value for it in Outcome if it not in {Outcome.DESCRIBED, Outcome.QUIET})]
_PARTS = (
    select(
        select(_it.start_utc)
        .where(*_IN_PART)
        .order_by(_it.end_utc)
        .limit(literal_column("1"))
        .scalar_subquery()
        .label("start_utc"),
        select(func.max(_it.end_utc)).where(*_IN_PART).scalar_subquery().label("end_utc"),
        case(
            (
                select(literal_column("1"))
                .where(*_IN_PART, IS_ACTIVE, _it.outcome == Outcome.DESCRIBED.value)
                .exists(),
                Outcome.DESCRIBED.value,
            ),
            else_=func.coalesce(
                select(func.min(_it.outcome))
                .where(*_IN_PART, IS_ACTIVE, _it.outcome.in_(_NOT_DESCRIBED))
                .scalar_subquery(),
                Outcome.QUIET.value,
            ),
        ).label("state"),
    )
    .where(_EDGES.c.next.is_not(None))
    .order_by(_EDGES.c.value)
)
# The planner would look for the first start, and for each part, through all windows that ended before.
_FIRST_START = select(func.min(unindexed(_it.start_utc))).where(_it.end_utc > bindparam("since"))
_PART = (
    select(_it.start_utc, _it.camera, *_ENTRY)
    .where(
        tuple_(_it.start_utc, _it.camera) > tuple_(bindparam("after_utc"), bindparam("after_camera")),
        unindexed(_it.end_utc) > bindparam("since"),
    )
    .order_by(_it.start_utc, _it.camera)
    .limit(bindparam("limit"))
)
_SET_WINDOW = update(windows).where(_it.id == bindparam("window_id")).values(window=bindparam("new_window"))
_NO_BYTES = update(windows).where(_it.id == bindparam("window_id")).values(bytes=0)
_ADD_SPEECH = insert(speech_waiting).inline()
_REMOVE_SPEECH = delete(speech_waiting).where(speech_waiting.c.window_id == bindparam("of_window"))
_NEWEST_EPOCHS = (
    select(_it.epoch).where(_it.camera == bindparam("of_camera")).order_by(_it.end_utc.desc()).limit(_NEWEST)
)
_LAST_EPOCH = select(func.max(_NEWEST_EPOCHS.subquery().c.epoch))


class Windows:
    """Windows and their moments. Every method raises LedgerError."""

    def __init__(
        self,
        database: Database,
        data: Path,
        moments: Moments,
        outboxes: Outboxes,
        part_rows: int = PART_ROWS,
    ) -> None:
        """Keep them in a database; their files lie in the folder ``data``, which may move as a whole."""
        self._database = database
        self._data = data
        self._moments = moments
        self._outboxes = outboxes
        self._part_rows = part_rows
        self._in_use: list[frozenset[str]] = []

    @contextmanager
    def using_files(self, window_ids: Iterable[str]) -> Iterator[None]:
        """Keep the files of these windows from retention while the block runs."""
        in_use = frozenset(window_ids)
        self._in_use.append(in_use)
        try:
            yield
        finally:
            self._in_use.remove(in_use)

    @property
    def in_use(self) -> frozenset[str]:
        """The windows whose files are being read now."""
        return frozenset().union(*self._in_use)

    def add(self, window: Window, outcome: WindowState, *, to_transcribe: bool = False) -> None:
        """Add a closed window; one that is there already stays as it is.

        With ``to_transcribe`` its speech waits for its text from then on.
        """
        row = {
            "id": window.id,
            "camera": window.camera,
            "epoch": window.epoch,
            "start_utc": window.start_utc,
            "end_utc": utc_after(window.start_utc, window.end_s - window.start_s),
            "outcome": str(outcome),
            "signal_max": window.worth,
            "window": _to_json(_moved(window, self._data, Path())),
            "moment": None,
            "bytes": sum(file.stat().st_size for file in files_of(window) if file.exists()),
        }
        with self._database.writing() as connection:
            if self._database.insert_new(connection, windows, row) and to_transcribe:
                waiting = {"window_id": window.id, "start_utc": window.start_utc}
                connection.execute(_ADD_SPEECH, waiting)

    def put_text(self, window_id: str, texts: Sequence[str], transcript: Transcript) -> Moment | None:
        """Store the text of a window's speech, if that waits; return its moment where the text is late.

        In one transaction with what was found of the window: a moment is indexed and published with the text
        either by ``end``, which comes later, or here.
        """
        with self._database.writing() as connection:
            waited = connection.execute(_REMOVE_SPEECH, {"of_window": window_id}).rowcount
            row = connection.execute(_BY_ID, {"window_id": window_id}).first() if waited else None
            if row is None:
                return None
            late = row.outcome != PENDING
            window = with_words(self.window(row.window), texts, replace(transcript, late=late))
            self._update(connection, window)
            moment = self.entry(row.window, row.outcome, row.moment).moment
            if moment is None:
                return None
            moment = replace(moment, window=window)
            self._moments.add_speech(connection, moment)
            self._outboxes.add(connection, LateText(moment))
            return moment

    def _update(self, connection: Connection, window: Window) -> None:
        """Store what has changed of a window."""
        stored = _to_json(_moved(window, self._data, Path()))
        connection.execute(_SET_WINDOW, {"window_id": window.id, "new_window": stored})

    def end(self, window_id: str, outcome: Outcome, moment: Moment | None = None) -> None:
        """Set the outcome of a pending window, for good; a moment is indexed and added to the outboxes."""
        described = None if moment is None else _MOMENT.dump_json(replace(moment, window=_NO_WINDOW)).decode()
        values = {"window_id": window_id, "new_outcome": outcome.value, "new_moment": described}
        with self._database.writing() as connection:
            if connection.execute(_END, values).rowcount and moment is not None:
                moment = self._with_text(connection, moment)
                self._moments.index(connection, moment)
                self._outboxes.add(connection, moment)

    def _with_text(self, connection: Connection, moment: Moment) -> Moment:
        """Return a moment with the text that its window's speech has got while it was described."""
        if not moment.window.speech:
            return moment
        row = connection.execute(_BY_ID, {"window_id": moment.window.id}).one()
        return replace(moment, window=self.window(row.window))

    def get(self, window_id: str) -> Window:
        """Return the window of this id; raises LedgerError when there is none."""
        entry = self.find(window_id)
        if entry is None:
            raise LedgerError(f"{self._database.name}: no window {window_id}")
        return entry.window

    def find(self, window_id: str) -> Entry | None:
        """Return the entry of this id, or None."""
        rows = self._database.read(_BY_ID, {"window_id": window_id})
        return self._entry(rows[0]) if rows else None

    def find_all(self, window_ids: Sequence[str]) -> list[Entry]:
        """Return the entries of these ids, in their order; an unknown id has none."""
        rows = self._database.read(_BY_IDS, {"window_ids": list(window_ids)})
        found = {row.id: row for row in rows}
        return [self._entry(found[window_id]) for window_id in window_ids if window_id in found]

    def entries(self, since_utc: str, *, camera: str | None = None) -> list[Entry]:
        """Windows that ended after ``since_utc``, in time order."""
        if camera is None:
            return list(self.walk(since_utc))
        rows = self._database.read(_OF_CAMERA, {"of_camera": camera, "since": since_utc})
        return [self._entry(row) for row in rows]

    def states(self, camera: str, since_utc: str, until_utc: str) -> list[tuple[str, str, WindowState]]:
        """Return start, end and state of a camera's windows in a time, in order."""
        values = {"of_camera": camera, "since": since_utc, "until": until_utc}
        rows = list(self._database.read(_STATES, values))
        after = self._database.read(_STATE_AFTER, {"of_camera": camera, "until": until_utc})
        rows += [row for row in after if row.start_utc < until_utc]
        return [(start, end, parse_state(outcome)) for start, end, outcome in map(tuple, rows)]

    def parts(self, camera: str, edges: Sequence[str]) -> list[tuple[str, str, WindowState]]:
        """Return the parts of a time in which windows of a camera ended; each begins after one of ``edges``.

        Of a part: the start of its first window, the end of its last, and the most active of their states.
        """
        rows = self._database.read(_PARTS, {"of_camera": camera, "edges": json.dumps(list(edges))})
        found = map(tuple, rows)  # whose values come sooner than a row's by their names
        return [(start, end, parse_state(state)) for start, end, state in found if start is not None]

    def with_sound(self, camera: str, since_utc: str, until_utc: str) -> list[SoundOfWindow]:
        """Return the sound of a camera's windows that ended in a time, where it has peaks or speech."""
        rows = self._database.read(_WITH_SOUND, {"of_camera": camera, "since": since_utc, "until": until_utc})
        return [_SOUND.validate_json(row.window) for row in rows]

    def newest_with_files(self, camera: str, since_utc: str, until_utc: str, limit: int) -> list[Window]:
        """The newest windows of a camera that have files and began in a time, at most so many, in order."""
        values = {"of_camera": camera, "since": since_utc, "until": until_utc, "limit": limit}
        rows = self._database.read(_WITH_FILES, values)
        return [self.window(row.window) for row in reversed(rows)]

    def walk(self, since_utc: str) -> Iterator[Entry]:
        """Yield the windows of ``entries``, read in parts; others may write in between."""
        first_utc = self._database.read_one(_FIRST_START, {"since": since_utc})
        place = {"after_utc": first_utc or since_utc, "after_camera": ""}
        bounds = {"since": since_utc, "limit": self._part_rows}
        while rows := self._database.read(_PART, {**bounds, **place}):
            for row in rows:
                yield self._entry(row)
            place = {"after_utc": rows[-1].start_utc, "after_camera": rows[-1].camera}

    def drop_files(self, gone: Sequence[Window]) -> None:
        """Note that these windows have no files any more; the windows stay."""
        with self._database.writing() as connection:
            for window in gone:
                row = connection.execute(_BY_ID, {"window_id": window.id}).first()
                if row is not None:  # read anew: its speech may have got its text meanwhile
                    self._update(connection, _without_files(self.window(row.window)))
                    connection.execute(_NO_BYTES, {"window_id": window.id})

    def next_epoch(self, camera: str) -> int:
        """A number for the camera's next epoch, higher than those of its windows."""
        last = self._database.read_one(_LAST_EPOCH, {"of_camera": camera})
        return 0 if last is None else int(last) + 1

    def entry(self, window: str, outcome: str, moment: str | None) -> Entry:
        """Return the entry that a row's JSON columns hold."""
        it = self.window(window)
        described = None if moment is None else replace(_MOMENT.validate_json(moment), window=it)
        return Entry(it, parse_state(outcome), described)

    def _entry(self, row: Row[Any]) -> Entry:
        return self.entry(row.window, row.outcome, row.moment)

    def window(self, text: str) -> Window:
        """Return the window that a row's JSON holds, its files where the data folder is now."""
        return _moved(_WINDOW.validate_json(text), Path(), self._data)


def _to_json(window: Window) -> str:
    return _WINDOW.dump_json(window).decode()


def _without_files(window: Window) -> Window:
    return replace(window, clip=None, keyframes=tuple(replace(k, file=None) for k in window.keyframes))


def _moved(window: Window, base: Path, to: Path) -> Window:
    """Return the window with its files' paths taken from ``base`` to ``to``."""
    keyframes = tuple(
        replace(k, file=to / k.file.relative_to(base)) if k.file else k for k in window.keyframes
    )
    clip = window.clip and replace(window.clip, path=to / window.clip.path.relative_to(base))
    return replace(window, keyframes=keyframes, clip=clip)
