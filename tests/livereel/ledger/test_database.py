"""What holds of the SQLite file: its version, its readers, and how it is asked."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, GapReason, Reel
from analyzer.signal.window import Outcome
from base.clock import utc_after
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import FILE, PENDING, LedgerError
from livereel.ledger.tables import VERSION, metadata
from sinks.archive import MomentQuery
from sinks.events import LateText
from sinks.outbox import OutboxMessage
from tests.kit.records.full_ledger import full
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC, measured


def at(seconds: float) -> str:
    return utc_after(START_UTC, seconds)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


@contextmanager
def asked() -> Iterator[list[tuple[str, object]]]:
    """All statements that are executed while the block runs, with their values."""
    found: list[tuple[str, object]] = []

    def note(_: Connection, __: object, statement: str, values: object, ___: object, many: bool) -> None:  # noqa: FBT001  # SQLAlchemy's
        if not many:
            found.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def plans(data: Path, statements: list[tuple[str, object]]) -> list[str]:
    """How SQLite goes about them."""
    with closing(sqlite3.connect(data / FILE)) as database:
        return [
            row[3]
            for statement, values in statements
            if re.match("SELECT|DELETE|UPDATE", statement)
            for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type]  # the driver's
        ]


def test_no_question_is_answered_by_reading_all_windows_or_gaps(ledger: Ledger, tmp_path: Path) -> None:
    ledger.windows.add(measured(0), Outcome.QUIET)
    with asked() as statements:
        for camera in (None, "front"):
            ledger.windows.entries(at(0), camera=camera)
            ledger.gaps.since(at(0), at(99), camera=camera)
        assert list(ledger.history(at(0), at(99)))
        ledger.observed_until("front")
        ledger.windows.next_epoch("front")
        ledger.windows.parts("front", [at(0), at(50), at(99)])
        ledger.windows.states("front", at(0), at(99))
        ledger.pending.newest_pending([])
        ledger.pending.count_pending()
        ledger.pending.skip_lowest(1, [])
        ledger.files.total_bytes()
        ledger.files.count_windows(at(0))
        ledger.files.oldest_windows(10, at(0))
        ledger.files.forget_before(at(0))
    found = plans(tmp_path, statements)
    # A sum is made of the index alone, in which only windows with files are; so are pending windows found.
    allowed = re.compile(r"SCAN windows USING (COVERING )?INDEX windows_(with_files|pending)")
    assert [plan for plan in found if re.match("SCAN (windows|gaps)", plan) and not allowed.match(plan)] == []
    assert "SEARCH windows USING INDEX windows_by_end (end_utc<?)" in found


def test_a_statement_is_compiled_once(ledger: Ledger) -> None:
    """SQLAlchemy finds it by its cache key, which must not differ from call to call."""
    with asked() as statements:
        for count in range(3):
            ledger.windows.add(measured(count), PENDING)
            ledger.pending.newest_pending([str(n) for n in range(2)])
    assert len({statement for statement, _ in statements if statement.startswith(("SELECT", "INSERT"))}) == 2


def test_a_caption_costs_two_commits_from_its_description_to_its_acknowledgement(ledger: Ledger) -> None:
    def encode(event: Moment | Reel | LateText) -> OutboxMessage:
        assert isinstance(event, Moment)
        return OutboxMessage("captions", event.window.id, {"id": event.window.id})

    outbox = ledger.outboxes.open("mqtt", encode, max_bytes=10**6)
    made = moment(0)
    ledger.windows.add(made.window, PENDING)
    with asked() as statements:
        ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
        (message,) = outbox.messages_after(0, 10)
        outbox.mark_done(message.number)
    assert [statement for statement, _ in statements].count("BEGIN IMMEDIATE") == 2
    assert outbox.counts().waiting == 0


@pytest.mark.parametrize(
    "module",
    ["cli.commands", "errors", "cli.scan", "once.recap", "camera.worker", "reels.compile_process"],
)
def test_what_keeps_no_ledger_does_not_load_the_database_library(module: str) -> None:
    """It takes a quarter of a second, in each camera's process too."""
    script = f"import sys, livereel.{module}; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_old_rows_are_removed_a_part_in_each_commit(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path, part_rows=2)) as ledger:
        for index in range(7):
            ledger.windows.add(measured(index), Outcome.QUIET)
            ledger.gaps.add(Gap("back", at(index * 10), at(index * 10 + 10), GapReason.SOURCE_DOWN))
        with asked() as statements:
            ledger.files.forget_before(at(50))
    assert [statement for statement, _ in statements].count("BEGIN IMMEDIATE") == 6
    assert not [plan for plan in plans(tmp_path, statements) if plan.startswith("SCAN")]


@pytest.mark.parametrize("version", [0, VERSION + 1, 99])
@pytest.mark.parametrize("how", [{"read_only": True}, {}])
def test_a_ledger_of_another_version_is_refused_and_left_as_it_is(
    version: int, how: dict[str, bool], tmp_path: Path
) -> None:
    Ledger(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
        database.execute("UPDATE ledger SET version = ?", (version,))
    with pytest.raises(LedgerError, match=rf"a ledger of version {version}; .* version {VERSION}$"):
        Ledger(tmp_path, **how)
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT version FROM ledger").fetchall() == [(version,)]


@pytest.mark.parametrize("how", [{"read_only": True}, {}])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(
    how: dict[str, bool], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
        database.execute("CREATE TABLE windows (id TEXT)")
    with pytest.raises(LedgerError, match=r"ledger\.db: not a ledger"):
        Ledger(tmp_path, **how)
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT name FROM sqlite_schema").fetchall() == [("windows",)]


def test_others_read_while_one_writes(ledger: Ledger, tmp_path: Path) -> None:
    with closing(Ledger(tmp_path, read_only=True)) as reader:
        ledger.windows.add(measured(0), Outcome.QUIET)
        assert len(reader.windows.entries("")) == 1
        with pytest.raises(LedgerError, match="readonly"):
            reader.windows.add(measured(1), Outcome.QUIET)


def test_a_read_only_ledger_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        Ledger(tmp_path, read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match=r"ledger\.db: file is not a database"):
        Ledger(tmp_path)


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_half_done(ledger: Ledger, tmp_path: Path) -> None:
    ledger.windows.add(measured(0), Outcome.QUIET)
    with full(tmp_path, "windows"), pytest.raises(LedgerError, match=r"ledger\.db: database or disk is full"):
        ledger.windows.add(measured(1), Outcome.QUIET)
    ledger.windows.add(measured(2), Outcome.QUIET)
    assert [entry.window.index for entry in ledger.windows.entries("")] == [0, 2]


def test_a_folder_whose_name_needs_quoting_is_opened(tmp_path: Path) -> None:
    data = tmp_path / "what? 100% #1 &mode=memory"
    Ledger(data).close()
    assert (data / FILE).is_file()
    Ledger(data, read_only=True).close()


def test_the_schema_can_be_made_in_postgresql_too() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's
    for table in metadata.sorted_tables:
        assert "STRICT" not in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect)).startswith("CREATE")


_AS_4 = """
DROP INDEX windows_by_camera; CREATE INDEX windows_by_camera ON windows (camera, end_utc);
UPDATE ledger SET version = 4;
"""
"""Takes a ledger back to version 4."""
_AS_3 = """
DROP TRIGGER moment_added; DROP TRIGGER moment_removed; DROP TRIGGER window_removed;
DROP TABLE moment_text; DROP TABLE speech_waiting; ALTER TABLE moments DROP COLUMN speech;
CREATE VIRTUAL TABLE moment_text USING fts5(title, text, tags, filters, content='moments',
    content_rowid='number', tokenize='porter unicode61 remove_diacritics 2');
CREATE TRIGGER moment_added AFTER INSERT ON moments BEGIN
    INSERT INTO moment_text(rowid, title, text, tags, filters)
    VALUES (new.number, new.title, new.text, new.tags, new.filters); END;
CREATE TRIGGER moment_removed AFTER DELETE ON moments BEGIN
    INSERT INTO moment_text(moment_text, rowid, title, text, tags, filters)
    VALUES ('delete', old.number, old.title, old.text, old.tags, old.filters); END;
CREATE TRIGGER window_removed AFTER DELETE ON windows BEGIN
    DELETE FROM moments WHERE window_id = old.id; END;
INSERT INTO moment_text(moment_text) VALUES ('rebuild');
UPDATE ledger SET version = 3;
"""
"""Takes one of version 4 back to version 3."""


@pytest.mark.parametrize(("version", "back"), [(3, [_AS_4, _AS_3]), (4, [_AS_4])])
def test_a_ledger_of_a_version_before_is_brought_to_this_one(
    version: int, back: list[str], tmp_path: Path
) -> None:
    def tables() -> list[tuple[str, ...]]:
        """What there is; a column that was added is written otherwise than one that was there."""
        named = "SELECT type, name, iif(type = 'index', sql, '') FROM sqlite_schema"
        with closing(sqlite3.connect(tmp_path / FILE)) as database:
            return sorted(database.execute(named), key=str)

    made = moment(0, title="A red car parks")
    with closing(Ledger(tmp_path)) as ledger:
        ledger.windows.add(made.window, PENDING)
        ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    new = tables()
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        database.executescript("".join(back))
    with pytest.raises(LedgerError, match=rf"version {version}; .* watch or run brings it to that version"):
        Ledger(tmp_path, read_only=True)
    with closing(Ledger(tmp_path)) as ledger:
        assert [entry.window.id for entry in ledger.search(MomentQuery(text="cars"))] == [made.window.id]
        ledger.files.forget_before("~")
        assert ledger.search(MomentQuery(text="cars")) == []
    assert tables() == new
    Ledger(tmp_path, read_only=True).close()
