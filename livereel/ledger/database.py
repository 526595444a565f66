"""The database of a ledger: connections, transactions, one kind of error, and what differs between systems.

All other modules of the ledger use SQLAlchemy's neutral constructs, so that another database system is
another way to open a ``Database`` here.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Executable,
    QueuePool,
    Row,
    Table,
    TableValuedAlias,
    bindparam,
    create_engine,
    event,
    func,
    inspect,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from livereel.ledger.records import LedgerError
from livereel.ledger.tables import UPGRADED, VERSION, create, info, upgrade

log = logging.getLogger(__name__)

# How long a write waits for another process that is writing, before it fails.
BUSY_S = 5.0
# An insert with ON CONFLICT, as a database system's own dialect builds it.
Insert = Callable[[Table], sqlite.Insert]


class Database:
    """A ledger's tables. Every method raises LedgerError; then nothing is half done. Safe from threads.

    A write is on disk when it returns. Reads see the last commit and do not wait for writes.

    Attributes:
        name: what error messages call it: its file.
    """

    def __init__(self, engine: Engine, name: str, *, insert: Insert, created_utc: str | None) -> None:
        """Use what ``engine`` connects to.

        Args:
            engine: makes the connections; disposed of by ``close``.
            name: what error messages call the database.
            insert: the dialect's insert.
            created_utc: the time now, if the tables are to be made where there are none.
        """
        self.name = name
        self._engine = engine
        self._reader = engine.execution_options(reads_only=True)
        self._lock = RLock()
        self._closed = False
        self._insert = insert
        try:
            if created_utc is not None:
                self._create(created_utc)
            self._check_version()
        except LedgerError:
            self.close()
            raise

    def _create(self, created_utc: str) -> None:
        with self.writing() as connection:
            if not inspect(connection).get_table_names():
                create(connection)
                connection.execute(info.insert(), {"version": VERSION, "created_utc": created_utc})
            elif (version := _version(connection)) in UPGRADED:
                upgrade(connection, version)
                connection.execute(update(info).values(version=VERSION))
                log.info("%s: brought from version %d to %d", self.name, version, VERSION)

    def _check_version(self) -> None:
        with self._connected(self._reader) as connection:
            version = _version(connection)
        if version != VERSION:
            found = "not a ledger" if version is None else f"a ledger of version {version}"
            how = "; watch or run brings it to that version" if version in UPGRADED else ""
            raise LedgerError(f"{self.name}: {found}; this livereel reads version {VERSION}{how}")

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        if self._closed:
            raise LedgerError(f"{self.name}: the ledger is closed")
        try:
            with engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerError(f"{self.name}: {_line(error)}") from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write what the block does as one commit, or nothing of it."""
        with self._lock, self._connected(self._engine) as connection, connection.begin():
            yield connection

    def read(self, query: Executable, values: Mapping[str, object] | None = None) -> Sequence[Row[Any]]:
        """Return all rows at once: a caller that expects many asks for them in parts."""
        with self._connected(self._reader) as connection:
            return connection.execute(query, values).fetchall()

    def read_one(
        self, query: Executable, values: Mapping[str, object] | None = None
    ) -> Any:  # a column's type
        """Return the first column of the first row, or None where there is none."""
        with self._connected(self._reader) as connection:
            return connection.execute(query, values).scalar()

    def insert_new(self, connection: Connection, table: Table, values: Mapping[str, object]) -> bool:
        """Insert a row; False, changing nothing, when its keys are there already."""
        insert = self._insert(table).on_conflict_do_nothing().inline()
        return connection.execute(insert, values).rowcount > 0

    def put(self, connection: Connection, table: Table, values: Mapping[str, object]) -> None:
        """Insert a row in place of the one with the same primary key, if there is one."""
        insert = self._insert(table).inline()
        keys = [column.name for column in table.primary_key]
        others = {name: insert.excluded[name] for name in values if name not in keys}
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=others), values)

    def close(self) -> None:
        """Close all connections. Safe to call twice."""
        self._closed = True
        self._engine.dispose()


def open_sqlite(file: Path, *, created_utc: str | None = None) -> Database:
    """Open a SQLite file: read-only, or with ``created_utc`` for writing and made if it is not there."""
    writes = created_utc is not None
    try:
        if writes:
            file.parent.mkdir(parents=True, exist_ok=True)
        address = f"{file.resolve(strict=not writes).as_uri()}?mode={'rwc' if writes else 'ro'}"
    except OSError as error:
        hint = (
            " (is it the folder that livereel watches with?)" if isinstance(error, FileNotFoundError) else ""
        )
        raise LedgerError(f"{file}: {error.strerror}{hint}") from error

    def connect() -> sqlite3.Connection:
        # Without an isolation level the driver leaves transactions to us: see ``_begin``.
        return sqlite3.connect(address, BUSY_S, uri=True, check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    if writes:
        event.listen(engine, "connect", _make_durable)
    return Database(engine, str(file), insert=sqlite.insert, created_utc=created_utc)


def _make_durable(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    """Take the write lock at once: taken later, it fails at once if another process has written meanwhile."""
    if not connection.get_execution_options().get("reads_only"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _version(connection: Connection) -> int | None:
    """Return the version of a ledger's tables; None where there is no ledger."""
    known = inspect(connection).has_table(info.name)
    version: int | None = connection.execute(select(info.c.version)).scalar() if known else None
    return version


def unindexed(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return the column as an expression that no index serves, where the planner would choose a bad one."""
    return column.concat(literal_column("''"))


def listed(name: str) -> TableValuedAlias:
    """Return a table of what a JSON list holds that is bound to ``name``: ``key``, from 0, and ``value``."""
    return func.json_each(bindparam(name)).table_valued("key", "value", name=name)


def _line(error: SQLAlchemyError) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())
