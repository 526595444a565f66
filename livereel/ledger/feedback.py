"""The ledger's feedback: which moments people kept or found dull.

Rows hold what is compared of a moment, so that they count on when its window has been removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, func, insert, select

from analyzer.reel.preference.feedback import Judged, Traits, Verdict, traits_of
from base.clock import utc_text
from livereel.ledger.database import Database
from livereel.ledger.records import LedgerError
from livereel.ledger.tables import feedback
from livereel.ledger.windows import Windows
from sinks.archive import ArchiveError

MAX_JUDGED = 1000
"""So many verdicts are kept, the newest."""

_TRAITS = TypeAdapter(Traits)
_it = feedback.c
_REMOVE = delete(feedback).where(_it.window_id == bindparam("of_window"))
_NEXT = select(func.coalesce(func.max(_it.number), 0) + 1)
_TRIM = delete(feedback).where(
    _it.number.not_in(select(_it.number).order_by(_it.number.desc()).limit(MAX_JUDGED))
)
_ADD = insert(feedback).inline()
_ALL = select(_it.traits, _it.verdict).order_by(_it.number)
_VERDICTS = select(_it.window_id, _it.verdict).where(
    _it.window_id.in_(bindparam("window_ids", expanding=True))
)


class Feedback:
    """Verdicts on moments, the newest MAX_JUDGED. Implements ``sinks.feedback.FeedbackStore``.

    ``judge`` raises ArchiveError, every other method LedgerError.
    """

    def __init__(self, database: Database, windows: Windows) -> None:
        self._database = database
        self._windows = windows

    def judge(self, window_id: str, verdict: Verdict | None, *, camera: str | None = None) -> bool:
        """Store a verdict on a moment in place of an earlier one; None withdraws it.

        Returns False, changing nothing, where there is no such moment, or none of this ``camera``.
        """
        try:
            entry = self._windows.find(window_id)
            if entry is None or entry.moment is None or camera not in {None, entry.window.camera}:
                return False
            self._replace(traits_of(entry.moment), verdict)
        except LedgerError as error:
            raise ArchiveError(str(error)) from error
        return True

    def _replace(self, traits: Traits, verdict: Verdict | None) -> None:
        with self._database.writing() as connection:
            connection.execute(_REMOVE, {"of_window": traits.window_id})
            if verdict is None:
                return
            row = {
                "number": connection.execute(_NEXT).scalar_one(),
                "window_id": traits.window_id,
                "verdict": verdict.value,
                "judged_utc": utc_text(datetime.now(UTC)),
                "traits": _TRAITS.dump_json(traits).decode(),
            }
            connection.execute(_ADD, row)
            connection.execute(_TRIM)

    def judged(self) -> list[Judged]:
        """Return all judged moments, the newest last."""
        rows = self._database.read(_ALL)
        return [Judged(_TRAITS.validate_json(row.traits), Verdict(row.verdict)) for row in rows]

    def verdicts(self, window_ids: Sequence[str]) -> dict[str, Verdict]:
        """Return the verdicts on those of these windows that were judged."""
        rows = self._database.read(_VERDICTS, {"window_ids": list(window_ids)})
        return {row.window_id: Verdict(row.verdict) for row in rows}
