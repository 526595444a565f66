"""The ledger's schema, for every database system that SQLAlchemy knows.

Times are ISO 8601 text in UTC to the millisecond, whose order as text is their order in time. JSON is text.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    column,
    inspect,
    literal_column,
    table,
)
from sqlalchemy.dialects.sqlite import REAL
from sqlalchemy.types import TypeEngine

# Raise it with each change of the tables. A ledger of a version in UPGRADED is brought to this one
# (``upgrade``); any other is refused.
VERSION, UPGRADED = 5, (3, 4)
_WITHOUT_SPEECH = 3

metadata = MetaData()

# SQLite's strict tables know two numeric types. AUTOINCREMENT: a number is never given twice, as elsewhere.
_Big = BigInteger().with_variant(Integer(), "sqlite")
_Double: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")


def _table(name: str, *columns: Column[Any] | UniqueConstraint, numbered: bool = False) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True, sqlite_autoincrement=numbered)


def _number(name: str) -> Column[int]:
    return Column(name, _Big, primary_key=True)


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _integer(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, _Big, primary_key=key, nullable=False, autoincrement=False)


info = _table("ledger", _integer("version"), _text("created_utc"))

# ``bytes``: what the files take, 0 once they are removed. ``window`` and ``moment`` are JSON.
# ``signal_max`` is the window's ``worth``, by which it waits or gives way.
windows = _table(
    "windows",
    _text("id", key=True),
    _text("camera"),
    _integer("epoch"),
    _text("start_utc"),
    _text("end_utc"),
    _text("outcome"),
    Column("signal_max", _Double, nullable=False),
    _text("window"),
    _text("moment", null=True),
    _integer("bytes"),
)
# A partial index serves only queries that have its condition in the same words, not as parameters.
IS_PENDING = windows.c.outcome == literal_column("'pending'")
HAS_FILES = windows.c.bytes > literal_column("0")
IS_ACTIVE = windows.c.outcome != literal_column("'quiet'")


def _partial(name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


Index("windows_by_camera", windows.c.camera, windows.c.end_utc, windows.c.start_utc)
Index("windows_by_end", windows.c.end_utc, windows.c.start_utc)
Index("windows_by_start", windows.c.start_utc, windows.c.camera)
_partial("windows_pending", windows.c.camera, windows.c.start_utc, where=IS_PENDING)
_partial("windows_active", windows.c.camera, windows.c.outcome, windows.c.end_utc, where=IS_ACTIVE)
_partial("windows_with_files", windows.c.end_utc, windows.c.bytes, where=HAS_FILES)

# Moments as the search sees them; a moment goes when its window does. ``number`` is in the order of time, and
# ``filters`` holds tokens for what is not text (``search_text.filter_tokens``).
moments = _table(
    "moments",
    Column("number", _Big, primary_key=True, autoincrement=False),
    _text("window_id"),
    _text("title"),
    _text("text"),
    _text("tags"),
    _text("filters"),
    Column("speech", Text, nullable=False, server_default=""),
)
Index("moments_by_window", moments.c.window_id, unique=True)
# SQLite's full-text index of ``moments``, which SQLAlchemy cannot create; triggers keep the two in step.
moment_text = table("moment_text", column("title"), column("text"), column("tags"), column("filters"))
_SQLITE_REMOVE_SEARCH = (
    "DROP TRIGGER moment_added",
    "DROP TRIGGER moment_removed",
    "DROP TRIGGER window_removed",
    "DROP TABLE moment_text",
)
_SQLITE_SEARCH = (
    """CREATE VIRTUAL TABLE moment_text USING fts5(
        title, text, tags, filters, speech,
        content='moments', content_rowid='number', tokenize='porter unicode61 remove_diacritics 2'
    )""",
    """CREATE TRIGGER moment_added AFTER INSERT ON moments BEGIN
        INSERT INTO moment_text(rowid, title, text, tags, filters, speech)
        VALUES (new.number, new.title, new.text, new.tags, new.filters, new.speech);
    END""",
    """CREATE TRIGGER moment_removed AFTER DELETE ON moments BEGIN
        INSERT INTO moment_text(moment_text, rowid, title, text, tags, filters, speech)
        VALUES ('delete', old.number, old.title, old.text, old.tags, old.filters, old.speech);
    END""",
    """CREATE TRIGGER window_removed AFTER DELETE ON windows BEGIN
        DELETE FROM moments WHERE window_id = old.id;
        DELETE FROM speech_waiting WHERE window_id = old.id;
    END""",
)

# The windows whose speech waits for its text; a row goes when its window does.
speech_waiting = _table("speech_waiting", _text("window_id", key=True), _text("start_utc"))
Index("speech_waiting_by_start", speech_waiting.c.start_utc)

# A gap without an end is still open; a camera has at most one.
gaps = _table(
    "gaps",
    _number("number"),
    _text("camera"),
    _text("start_utc"),
    _text("end_utc", null=True),
    _text("reason"),
    numbered=True,
)
IS_OPEN = gaps.c.end_utc.is_(None)
Index("gaps_by_camera", gaps.c.camera, gaps.c.end_utc)
Index("gaps_by_end", gaps.c.end_utc)
_partial("gaps_open", gaps.c.camera, where=IS_OPEN, unique=True)

# ``folder`` is relative to the data folder; ``manifest`` is what reel.json holds.
reels = _table(
    "reels",
    _text("id", key=True),
    _integer("seq", key=True),
    _text("end_utc"),
    _text("folder"),
    _text("manifest"),
    _integer("bytes"),
)
Index("reels_by_end", reels.c.end_utc)

# The windows that stored reels show: their files are removed after the reel's.
reel_windows = _table(
    "reel_windows", _text("reel_id", key=True), _integer("seq", key=True), _text("window_id", key=True)
)
Index("reel_windows_by_window", reel_windows.c.window_id)

# The highest number that each reel id has had, also when that reel is gone.
reel_numbers = _table("reel_numbers", _text("id", key=True), _integer("seq"))

# What people think of moments. ``traits`` is JSON and outlives the window; ``number`` is in order of judging.
feedback = _table(
    "feedback",
    _text("window_id", key=True),
    _integer("number"),
    _text("verdict"),
    _text("judged_utc"),
    _text("traits"),
)
Index("feedback_by_number", feedback.c.number, unique=True)

# Messages that sinks must deliver; without a payload those that were delivered or dropped.
outbox = _table(
    "outbox",
    _number("number"),
    _text("sink"),
    _text("topic"),
    _text("key"),
    Column("payload", LargeBinary),
    UniqueConstraint("sink", "topic", "key"),
    numbered=True,
)
IS_WAITING = outbox.c.payload.is_not(None)
_partial("outbox_waiting", outbox.c.sink, outbox.c.number, where=IS_WAITING)

outbox_sinks = _table(
    "outbox_sinks",
    _text("sink", key=True),
    _integer("waiting"),
    _integer("waiting_bytes"),
    _integer("dropped"),
)
# The last number that a sink's topic has given.
outbox_topics = _table("outbox_topics", _text("sink", key=True), _text("topic", key=True), _integer("seq"))
# Topics at which a sink's peer may hold a retained message.
outbox_retained = _table("outbox_retained", _text("sink", key=True), _text("topic", key=True))


def create(connection: Connection) -> None:
    """Create all tables, indexes and triggers in an empty database."""
    metadata.create_all(connection)
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE_SEARCH:
            connection.exec_driver_sql(statement)


def upgrade(connection: Connection, version: int) -> None:
    """Bring the tables of a version in UPGRADED to this one: what is new is there, and speech is found."""
    metadata.create_all(connection)  # tables that are missing
    indexes = inspect(connection).get_indexes
    for table_ in metadata.sorted_tables:
        known = {index["name"]: index["column_names"] for index in indexes(table_.name)}
        for index in table_.indexes:
            if known.get(index.name) == [it.name for it in index.columns]:
                continue
            if index.name in known:
                index.drop(connection)
            index.create(connection)
    if version == _WITHOUT_SPEECH and connection.dialect.name == "sqlite":
        connection.exec_driver_sql("ALTER TABLE moments ADD COLUMN speech TEXT NOT NULL DEFAULT ''")
        for statement in (*_SQLITE_REMOVE_SEARCH, *_SQLITE_SEARCH):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO moment_text(moment_text) VALUES ('rebuild')")
