"""The ledger's index of moments: full-text search, and filters by camera, time, tag, importance and alert."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select

from analyzer.describe.moment import Moment
from base.clock import parse_utc
from livereel.ledger.database import Database
from livereel.ledger.search_text import (
    ALERT,
    camera_token,
    filter_query,
    filter_tokens,
    level_token,
    tag_token,
    text_query,
)
from livereel.ledger.tables import moment_text, moments
from sinks.archive import MAX_COUNTED, MomentQuery

# A moment's number is its start in ms times SLOTS, plus a slot for the moments that start in the same ms. The
# order of numbers is then the order in time, in which the index returns what it finds.
SLOTS = 1024
_LAST = (1 << 62) // SLOTS  # ms

_it = moments.c
_NEWEST_IN_MS = select(func.max(_it.number)).where(
    _it.number >= bindparam("first"), _it.number < bindparam("first") + SLOTS
)
_ADD = insert(moments).inline()
_OF_WINDOW = select(moments).where(_it.window_id == bindparam("of_window"))
_REMOVE = delete(moments).where(_it.window_id == bindparam("of_window"))
_BOUNDS = (
    literal_column("rowid") >= bindparam("first"),
    literal_column("rowid") < bindparam("end"),
)
_MATCHING = (
    select(literal_column("rowid").label("number"))
    .select_from(moment_text)
    .where(literal_column("moment_text").op("MATCH")(bindparam("query")), *_BOUNDS)
    .order_by(literal_column("rowid").desc())
    .limit(bindparam("limit"))
    .subquery()
)
_FOUND = select(_it.window_id).join(_MATCHING, _MATCHING.c.number == _it.number).order_by(_it.number.desc())
_ALL = (
    select(_it.window_id)
    .where(_it.number >= bindparam("first"), _it.number < bindparam("end"))
    .order_by(_it.number.desc())
    .limit(bindparam("limit"))
)

_COUNT_MATCHING = select(func.count()).select_from(_MATCHING)
_COUNT_ALL = select(func.count()).select_from(
    select(_it.number)
    .where(_it.number >= bindparam("first"), _it.number < bindparam("end"))
    .limit(bindparam("limit"))
    .subquery()
)


def expression(query: MomentQuery) -> str | None:
    """Return the FTS5 expression of a query; None where only time decides."""
    level = int(query.min_importance)
    filters = filter_query(
        map(camera_token, query.cameras),
        map(tag_token, query.tags),
        [level_token(level)] if level > 0 else [],
        [ALERT] if query.alerts_only else [],
    )
    return " AND ".join(f"({part})" for part in (text_query(query.text), filters) if part) or None


class Moments:
    """Finds moments. Every method raises LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def index(self, connection: Connection, moment: Moment) -> None:
        """Add a moment to the index, within the caller's transaction."""
        first = _milliseconds(moment.window.start_utc) * SLOTS
        newest = connection.execute(_NEWEST_IN_MS, {"first": first}).scalar()
        row = {
            "number": first if newest is None else newest + 1,
            "window_id": moment.window.id,
            "title": moment.title,
            "text": moment.text,
            "tags": " ".join(moment.tags),
            "filters": filter_tokens(moment),
            "speech": _spoken(moment),
        }
        connection.execute(_ADD, row)

    def add_speech(self, connection: Connection, moment: Moment) -> None:
        """Add what was said to a moment that is in the index, within the caller's transaction."""
        row = connection.execute(_OF_WINDOW, {"of_window": moment.window.id}).mappings().first()
        if row is not None:  # replaced, as the full-text index follows rows that come and go
            connection.execute(_REMOVE, {"of_window": moment.window.id})
            connection.execute(_ADD, {**row, "speech": _spoken(moment)})

    def search(self, query: MomentQuery) -> list[str]:
        """Return the ids of the windows whose moments match, newest first."""
        matching = expression(query)
        statement = _ALL if matching is None else _FOUND
        rows = self._database.read(statement, _values(query, matching, query.limit))
        return [row.window_id for row in rows]

    def count(self, query: MomentQuery) -> int:
        """Return how many moments match, MAX_COUNTED at most; the query's limit does not count."""
        matching = expression(query)
        statement = _COUNT_ALL if matching is None else _COUNT_MATCHING
        return int(self._database.read_one(statement, _values(query, matching, MAX_COUNTED)))


def _values(query: MomentQuery, matching: str | None, limit: int) -> dict[str, object]:
    return {
        "first": _milliseconds(query.since_utc) * SLOTS if query.since_utc else 0,
        "end": (_milliseconds(query.until_utc) if query.until_utc else _LAST) * SLOTS,
        "limit": max(0, limit),
        **({} if matching is None else {"query": matching}),
    }


def _spoken(moment: Moment) -> str:
    """Return what was said in a moment; empty where it is not known."""
    sound = moment.window.sound
    return " ".join(part.text for part in sound.speech if part.text) if sound else ""


def _milliseconds(utc: str) -> int:
    """Return a wall time as milliseconds since 1970, at least 0."""
    return max(0, round(parse_utc(utc).timestamp() * 1000))
