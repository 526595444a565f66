"""The ledger's coverage gaps: time of a camera that was not observed, with its reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Label,
    Text,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    union_all,
    update,
)

from analyzer.reel.records import Gap, GapReason
from base.clock import utc_after
from livereel.ledger.database import Database
from livereel.ledger.tables import IS_OPEN, gaps, windows

_REASONS = {it.value: it for it in GapReason}
# A hole between windows that is shorter than this is not recorded.
MIN_GAP_S = 0.5

_it = gaps.c
_other = gaps.alias("other")
_CAMERA_IS = _it.camera == bindparam("of_camera")
_OPEN_REASON = select(_it.reason).where(_CAMERA_IS, IS_OPEN)
_SET_REASON = (
    update(gaps).where(_CAMERA_IS, IS_OPEN, _it.reason == bindparam("old")).values(reason=bindparam("new"))
)
_CLOSE = (
    update(gaps)
    .where(_CAMERA_IS, IS_OPEN)
    .values(end_utc=bindparam("until"))
    .returning(_it.number, _it.start_utc, _it.reason)
)
_FORGET_SHORT = delete(gaps).where(
    _it.number == bindparam("gap_number"),
    or_(
        _it.end_utc <= _it.start_utc,
        exists().where(windows.c.camera == bindparam("of_camera")),
        exists().where(_other.c.camera == bindparam("of_camera"), _other.c.number != bindparam("gap_number")),
    ),
)
_ADD = insert(gaps).inline()


def _since(*where: ColumnElement[bool]) -> CompoundSelect[Any]:
    ended = select(_it.camera, _it.start_utc, _it.end_utc, _it.reason)
    ended = ended.where(*where, _it.end_utc > bindparam("since"))
    now: Label[str] = bindparam("now", type_=Text).label("end_utc")
    still_open = select(_it.camera, _it.start_utc, now, _it.reason).where(*where, IS_OPEN)
    both = union_all(ended, still_open)
    return both.order_by(both.selected_columns.start_utc, both.selected_columns.camera)


_SINCE = _since()
_SINCE_OF_CAMERA = _since(_CAMERA_IS)


class Gaps:
    """Gaps, of which a camera has at most one that is open. Every method raises LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, camera: str, start_utc: str, reason: GapReason) -> None:
        """Begin a gap that lasts until ``close``; if the camera has an open one, that stays as it is."""
        row = {"camera": camera, "start_utc": start_utc, "end_utc": None, "reason": reason.value}
        with self._database.writing() as connection:
            self._database.insert_new(connection, gaps, row)

    def open_reason(self, camera: str) -> GapReason | None:
        """The reason of the camera's open gap; None where it has none."""
        reason = self._database.read_one(_OPEN_REASON, {"of_camera": camera})
        return None if reason is None else GapReason(reason)

    def set_open_reason(self, camera: str, old: GapReason, new: GapReason) -> None:
        """Change the reason of the camera's open gap from its start on, if it is ``old``."""
        values = {"of_camera": camera, "old": old.value, "new": new.value}
        with self._database.writing() as connection:
            connection.execute(_SET_REASON, values)

    def close(self, camera: str, end_utc: str) -> Gap | None:
        """End the camera's open gap and return it; None if there is none.

        A gap shorter than MIN_GAP_S is removed, unless it is all that is known of the camera: then it
        says since when the camera has been there.
        """
        with self._database.writing() as connection:
            closed = connection.execute(_CLOSE, {"of_camera": camera, "until": end_utc}).first()
            if closed is None:
                return None
            if end_utc < utc_after(closed.start_utc, MIN_GAP_S):
                connection.execute(_FORGET_SHORT, {"gap_number": closed.number, "of_camera": camera})
        return Gap(camera, closed.start_utc, end_utc, GapReason(closed.reason))

    def add(self, gap: Gap) -> None:
        """Add a gap that has ended."""
        row = {**asdict(gap), "reason": gap.reason.value}
        with self._database.writing() as connection:
            connection.execute(_ADD, row)

    def since(self, since_utc: str, now_utc: str, *, camera: str | None = None) -> list[Gap]:
        """Gaps that ended after ``since_utc``, or are still open (they end ``now_utc``), in time order."""
        query = _SINCE if camera is None else _SINCE_OF_CAMERA
        values = {"since": since_utc, "now": now_utc} | ({} if camera is None else {"of_camera": camera})
        rows = self._database.read(query, values)
        return [Gap(of, start, end, _REASONS[reason]) for of, start, end, reason in map(tuple, rows)]
