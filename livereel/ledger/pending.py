"""What waits in the ledger, as queues want it: windows to be described, speech to get its text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import bindparam, delete, func, select, update

from analyzer.describe.moment import Moment
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.sound.record import Transcript
from analyzer.signal.window import Outcome, Window
from livereel.ledger.database import Database
from livereel.ledger.records import LedgerError
from livereel.ledger.tables import IS_PENDING, speech_waiting, windows
from livereel.ledger.windows import Windows

_it = windows.c
_NOT_THESE = _it.id.not_in(bindparam("without", expanding=True))
_COUNT = select(func.count()).select_from(windows).where(IS_PENDING)
_OLDEST = select(func.min(_it.start_utc)).where(IS_PENDING)
_RANK = func.row_number().over(partition_by=_it.camera, order_by=_it.start_utc.desc())
_RANKED = select(_it.camera, _it.id, _RANK.label("rank")).where(IS_PENDING, _NOT_THESE).subquery()
_NEWEST = select(_RANKED.c.camera, _RANKED.c.id).where(_RANKED.c.rank == 1)
_LOWEST = (
    select(_it.id).where(IS_PENDING, _NOT_THESE).order_by(_it.signal_max, _it.id).limit(bindparam("count"))
)
_SKIP_LOWEST = update(windows).where(_it.id.in_(_LOWEST)).values(outcome=Outcome.SKIPPED_OVERLOAD.value)

_speech = speech_waiting.c
_NO_SPEECH_OF_THESE = _speech.window_id.not_in(bindparam("without", expanding=True))
_COUNT_SPEECH = select(func.count()).select_from(speech_waiting)
_NEWEST_SPEECH = (
    select(_speech.window_id)
    .where(_NO_SPEECH_OF_THESE)
    .order_by(_speech.start_utc.desc())
    .limit(bindparam("limit"))
)
_OLDEST_SPEECH = (
    select(_speech.window_id).where(_NO_SPEECH_OF_THESE).order_by(_speech.start_utc).limit(bindparam("count"))
)
_DROP_OLDEST_SPEECH = delete(speech_waiting).where(_speech.window_id.in_(_OLDEST_SPEECH))
_LEAVE_SPEECH = delete(speech_waiting).where(_speech.window_id == bindparam("of_window"))


class PendingWindows:
    """Implements ``analyzer.describe.window_store.WindowStore``; raises WindowStoreError for LedgerError."""

    def __init__(self, database: Database, windows: Windows) -> None:
        self._database = database
        self._windows = windows

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        """Camera and id of each camera's newest pending window, except those in ``without``."""
        with _mapped():
            rows = self._database.read(_NEWEST, {"without": list(without)})
        return [(row.camera, row.id) for row in rows]

    def window(self, window_id: str) -> Window:
        """Return a window by its id."""
        with _mapped():
            return self._windows.get(window_id)

    def count_pending(self) -> int:
        """How many wait."""
        with _mapped():
            return int(self._database.read_one(_COUNT))

    def oldest_pending_utc(self) -> str | None:
        """The start of the oldest that waits; None where none does."""
        with _mapped():
            oldest: str | None = self._database.read_one(_OLDEST)
        return oldest

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        """End up to ``count`` as ``skipped_overload``, those of least worth first; returns how many."""
        values = {"count": count, "without": list(without)}
        with _mapped(), self._database.writing() as connection:
            return connection.execute(_SKIP_LOWEST, values).rowcount

    def end_window(self, window_id: str, outcome: Outcome, moment: Moment | None = None) -> None:
        """Set how a window ended."""
        with _mapped():
            self._windows.end(window_id, outcome, moment)


class WaitingSpeech:
    """Implements ``analyzer.transcribe.speech_store.SpeechStore``; raises WindowStoreError."""

    def __init__(self, database: Database, windows: Windows) -> None:
        self._database = database
        self._windows = windows

    def newest_speech(self, limit: int, without: Collection[str]) -> list[str]:
        """The newest windows whose speech waits, except those in ``without``."""
        with _mapped():
            rows = self._database.read(_NEWEST_SPEECH, {"limit": limit, "without": list(without)})
        return [row.window_id for row in rows]

    def window(self, window_id: str) -> Window | None:
        """A window by its id; None where it has been removed."""
        with _mapped():
            entry = self._windows.find(window_id)
        return entry.window if entry else None

    def count_speech(self) -> int:
        """How many windows' speech waits."""
        with _mapped():
            return int(self._database.read_one(_COUNT_SPEECH))

    def drop_oldest_speech(self, count: int, without: Collection[str]) -> int:
        """Leave the speech of up to ``count`` windows without text, the oldest; returns how many."""
        values = {"count": count, "without": list(without)}
        with _mapped(), self._database.writing() as connection:
            return connection.execute(_DROP_OLDEST_SPEECH, values).rowcount

    def put_text(self, window_id: str, texts: Sequence[str], transcript: Transcript) -> Moment | None:
        """Store the text of a window's speech; returns its moment where the text is late."""
        with _mapped():
            return self._windows.put_text(window_id, texts, transcript)

    def leave_without_text(self, window_id: str) -> None:
        """Store that a window's speech waits no longer."""
        with _mapped(), self._database.writing() as connection:
            connection.execute(_LEAVE_SPEECH, {"of_window": window_id})


@contextmanager
def _mapped() -> Iterator[None]:
    """Raise WindowStoreError for LedgerError: queues know nothing of the ledger."""
    try:
        yield
    except LedgerError as error:
        raise WindowStoreError(str(error)) from error
