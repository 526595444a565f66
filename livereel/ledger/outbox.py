"""The ledger's outbox: messages that sinks must deliver, stored in the commit that makes their event."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from livereel.ledger.database import Database
from livereel.ledger.records import LedgerError
from livereel.ledger.tables import IS_WAITING, outbox, outbox_retained, outbox_sinks, outbox_topics
from sinks.events import LateText
from sinks.outbox import Encode, OutboxCounts, OutboxMessage, StoredMessage
from sinks.sink import SinkError

log = logging.getLogger(__name__)

# Keys of this many sent or dropped messages are kept, so that an event that is made again, by a ledger that
# was restored for example, is not sent again. A row without its payload takes about 150 bytes.
REMEMBERED = 100_000

_it = outbox.c
_OF_SINK = _it.sink == bindparam("of_sink")
_UP_TO = _it.number <= bindparam("until")
_SIZE = func.length(_it.payload)
_KNOWN = select(_it.number).where(
    _OF_SINK, _it.topic == bindparam("of_topic"), _it.key == bindparam("of_key")
)
_NEXT_SEQ = (
    update(outbox_topics)
    .where(outbox_topics.c.sink == bindparam("of_sink"), outbox_topics.c.topic == bindparam("of_topic"))
    .values(seq=outbox_topics.c.seq + 1)
    .returning(outbox_topics.c.seq)
)
_FIRST_SEQ = insert(outbox_topics)
_ADD = insert(outbox).inline()
_COUNT = (
    update(outbox_sinks)
    .where(outbox_sinks.c.sink == bindparam("of_sink"))
    .values(
        waiting=outbox_sinks.c.waiting + bindparam("more"),
        waiting_bytes=outbox_sinks.c.waiting_bytes + bindparam("more_bytes"),
        dropped=outbox_sinks.c.dropped + bindparam("more_dropped"),
    )
    .returning(outbox_sinks.c.waiting_bytes)
)
_SINKS = select(outbox_sinks.c.sink)
_COUNTS = select(outbox_sinks.c.waiting, outbox_sinks.c.dropped).where(
    outbox_sinks.c.sink == bindparam("of_sink")
)
_AFTER = (
    select(_it.number, _it.topic, _it.payload)
    .where(IS_WAITING, _OF_SINK, _it.number > bindparam("after"))
    .order_by(_it.number)
    .limit(bindparam("limit"))
)
_OLDEST = select(_it.number, _SIZE.label("size")).where(IS_WAITING, _OF_SINK).order_by(_it.number).limit(1)
_EMPTY = update(outbox).where(_it.number == bindparam("gone")).values(payload=None)
_BYTES = func.coalesce(func.sum(_SIZE), 0)
_WAITING_UP_TO = select(func.count().label("waiting"), _BYTES.label("bytes")).where(
    IS_WAITING, _OF_SINK, _UP_TO
)
_EMPTY_UP_TO = update(outbox).where(IS_WAITING, _OF_SINK, _UP_TO).values(payload=None)
_FORGET_UP_TO = delete(outbox).where(_OF_SINK, _UP_TO, _it.payload.is_(None))
_RETAINED = select(outbox_retained.c.topic).where(outbox_retained.c.sink == bindparam("of_sink"))
_NOT_RETAINED = delete(outbox_retained).where(outbox_retained.c.sink == bindparam("of_sink"))
_ADD_RETAINED = insert(outbox_retained)


class Outboxes:
    """The outboxes of a run's sinks; the ledger adds each moment and each reel to all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: list[tuple[SinkOutbox, Encode]] = []

    def open(
        self,
        sink: str,
        encode: Encode,
        *,
        max_bytes: int,
        name: str | None = None,
        remembered: int = REMEMBERED,
    ) -> SinkOutbox:
        """Add events to the outbox of ``sink`` from now on, as ``encode`` builds them; raises LedgerError.

        Log lines call the sink by its ``name``, if it has one.
        """
        it = SinkOutbox(self._database, sink, max_bytes=max_bytes, name=name or sink, remembered=remembered)
        self._open.append((it, encode))
        return it

    def add(self, connection: Connection, event: Moment | Reel | LateText) -> None:
        """Add an event in the transaction that makes it."""
        for sink, encode in self._open:
            if message := encode(event):
                sink.put(connection, message)

    def remove_others(self, prefix: str, kept: Collection[str]) -> None:
        """Delete the outboxes of sinks whose names begin with ``prefix``, but for ``kept``."""
        for row in self._database.read(_SINKS):
            if row.sink.startswith(prefix) and row.sink not in kept:
                with self._database.writing() as connection:
                    for table in (outbox, outbox_topics, outbox_retained, outbox_sinks):
                        connection.execute(delete(table).where(table.c.sink == row.sink))


class SinkOutbox:
    """One sink's messages; implements ``sinks.outbox.Outbox``.

    What the sink has still to deliver are its rows with a payload; a row without one stands for a message
    that was done or dropped, so that its key is not taken again.
    """

    def __init__(self, database: Database, sink: str, *, max_bytes: int, name: str, remembered: int) -> None:
        self._database = database
        self._sink = sink
        self._max_bytes = max_bytes
        self._name = name
        self._remembered = remembered
        self._is_full = False
        with database.writing() as connection:
            row = {"sink": sink, "waiting": 0, "waiting_bytes": 0, "dropped": 0}
            database.insert_new(connection, outbox_sinks, row)

    def put(self, connection: Connection, message: OutboxMessage) -> bool:
        """Append a message in a transaction; raises a database error, which the transaction maps.

        The payload is its body as JSON, preceded by ``seq``. Return False, changing nothing, if the topic
        has this key already: stored, sent or dropped.
        """
        place = {"of_sink": self._sink, "of_topic": message.topic}
        if connection.execute(_KNOWN, {**place, "of_key": message.key}).first():
            return False
        seq = connection.execute(_NEXT_SEQ, place).scalar()
        if seq is None:
            seq = 1
            connection.execute(_FIRST_SEQ, {"sink": self._sink, "topic": message.topic, "seq": seq})
        payload = json.dumps({"seq": seq, **message.body}, ensure_ascii=False).encode()
        row = {"sink": self._sink, "topic": message.topic, "key": message.key, "payload": payload}
        connection.execute(_ADD, row)
        waiting_bytes = self._count(connection, 1, len(payload))
        while waiting_bytes > self._max_bytes:
            waiting_bytes = self._drop_oldest(connection)
        return True

    def _count(self, connection: Connection, more: int, more_bytes: int, *, dropped: int = 0) -> int:
        """Change the counters; return the bytes that wait now."""
        values = {"of_sink": self._sink, "more": more, "more_bytes": more_bytes, "more_dropped": dropped}
        return int(connection.execute(_COUNT, values).scalar_one())

    def _drop_oldest(self, connection: Connection) -> int:
        if not self._is_full:
            self._is_full = True
            log.warning("the outbox of %s is full; the oldest messages are dropped", self._name)
        oldest = connection.execute(_OLDEST, {"of_sink": self._sink}).one()
        connection.execute(_EMPTY, {"gone": oldest.number})
        return self._count(connection, -1, -oldest.size, dropped=1)

    def messages_after(self, number: int, limit: int) -> list[StoredMessage]:
        """Return the next messages after ``number`` (0: from the first), oldest first."""
        with _mapped():
            rows = self._database.read(_AFTER, {"of_sink": self._sink, "after": number, "limit": limit})
        return [StoredMessage(row.number, row.topic, row.payload) for row in rows]

    def mark_done(self, number: int) -> None:
        """Remove all messages up to ``number``: they have been acknowledged."""
        done = {"of_sink": self._sink, "until": number}
        with _mapped(), self._database.writing() as connection:
            gone = connection.execute(_WAITING_UP_TO, done).one()
            connection.execute(_EMPTY_UP_TO, done)
            connection.execute(_FORGET_UP_TO, {**done, "until": number - self._remembered})
            left_bytes = self._count(connection, -gone.waiting, -int(gone.bytes))
        if self._is_full and not left_bytes:
            self._is_full = False
            dropped = self.counts().dropped
            log.warning(
                "the outbox of %s is empty again; %d messages were dropped so far",
                self._name,
                dropped,
            )

    def counts(self) -> OutboxCounts:
        """Return how many messages wait and were dropped."""
        with _mapped():
            (row,) = self._database.read(_COUNTS, {"of_sink": self._sink})
        return OutboxCounts(row.waiting, row.dropped)

    def retained(self) -> set[str]:
        """Return the topics given to ``set_retained``, by this run or an earlier one."""
        with _mapped():
            return {row.topic for row in self._database.read(_RETAINED, {"of_sink": self._sink})}

    def set_retained(self, topics: Iterable[str]) -> None:
        """Store the topics at which the peer may hold a retained message of this livereel."""
        rows = [{"sink": self._sink, "topic": topic} for topic in dict.fromkeys(topics)]
        with _mapped(), self._database.writing() as connection:
            connection.execute(_NOT_RETAINED, {"of_sink": self._sink})
            if rows:
                connection.execute(_ADD_RETAINED, rows)


@contextmanager
def _mapped() -> Iterator[None]:
    """Raise SinkError for LedgerError: a sink knows nothing of the ledger."""
    try:
        yield
    except LedgerError as error:
        raise SinkError(str(error)) from error
