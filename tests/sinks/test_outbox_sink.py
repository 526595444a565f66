"""The sink of an outbox, with a scripted delivery: failures in a row, waits, what is done, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from base.backoff import Backoff
from livereel.ledger.ledger import Ledger
from sinks.objectstore.messages import StoreMessages
from sinks.outbox import StoredMessage
from sinks.outbox_sink import Delivered, OutboxSink
from sinks.sink import SinkError
from tests.kit.mqtt.sink_thread import looped, store, until
from tests.kit.records.events import moment_now, motion_changed

AWAY = SinkError("nothing there")


class Scripted:
    """Answers each delivery as scripted, then delivers all that it gets."""

    limit = 10
    counters = ("sent",)

    def __init__(self, *script: Delivered | Exception) -> None:
        self.script = list(script)
        self.asked: list[tuple[int, int]] = []

    async def deliver(self, messages: Sequence[StoredMessage], failures: int) -> Delivered:
        self.asked.append((len(messages), failures))
        answer = self.script.pop(0) if self.script else Delivered(len(messages), {"sent": len(messages)})
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger whose outbox of ``test`` gets each moment."""
    with closing(Ledger(tmp_path)) as it:
        yield it


@asynccontextmanager
async def delivering(ledger: Ledger, delivery: Scripted, moments: int) -> AsyncIterator[OutboxSink]:
    outbox = ledger.outboxes.open("test", StoreMessages(ledger.data).encode, max_bytes=10**6)
    for number in range(moments):
        store(ledger, moment_now(number))
    sink = OutboxSink("test", outbox, delivery, backoff=Backoff((0.01,)))
    task = asyncio.create_task(sink.run())
    try:
        yield sink
    finally:
        await sink.close()
        await task


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("sinks.outbox")]


@looped
async def test_a_row_of_failures_is_logged_once_for_each_reason_and_when_it_is_over(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    delivery = Scripted(AWAY, AWAY, SinkError("refused"))
    async with delivering(ledger, delivery, 2) as sink:
        await until(lambda: sink.counts["sent"] == 2)
        assert sink.counters() == {"sent": 2.0, "failed": 3.0, "waiting": 0, "dropped": 0}
    assert [failures for _, failures in delivery.asked] == [0, 1, 2, 3]
    assert lines(caplog) == [
        "test: not sent, tried again: nothing there",
        "test: not sent, tried again: refused",
        "test: sent again",
    ]


@looped
async def test_what_is_done_without_the_peer_ends_no_row_of_failures(ledger: Ledger) -> None:
    delivery = Scripted(AWAY, Delivered(1, reached=False), AWAY)
    async with delivering(ledger, delivery, 3) as sink:
        await until(lambda: sink.counts["sent"] == 2)
    assert delivery.asked == [(3, 0), (3, 1), (2, 1), (2, 2)]


@looped
async def test_what_is_not_due_is_asked_again_after_its_wait_and_keeps_no_run_from_its_end(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = Scripted(Delivered(reached=False, wait_s=0.01), Delivered(reached=False, wait_s=3600.0))
    async with delivering(ledger, delivery, 1) as sink:
        await until(lambda: len(delivery.asked) == 2)
        await sink.take(motion_changed(moving=True))
        await sink.take(moment_now(0))
    assert len(delivery.asked) == 2
    assert lines(caplog) == ["test: 1 message not sent yet, kept for the next start"]


@looped
async def test_a_fault_of_the_delivery_ends_the_run(ledger: Ledger) -> None:
    outbox = ledger.outboxes.open("test", StoreMessages(ledger.data).encode, max_bytes=10**6)
    store(ledger, moment_now(0))
    sink = OutboxSink("test", outbox, Scripted(ZeroDivisionError()), backoff=Backoff((0.01,)))
    with pytest.raises(ZeroDivisionError):
        await sink.run()
    assert outbox.counts().waiting == 1
