"""What every outbox promises: what is added is there, in order, once, until it is done."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.outbox import REMEMBERED, SinkOutbox
from livereel.ledger.records import PENDING, LedgerError
from sinks.events import LateText
from sinks.outbox import Outbox, OutboxCounts, OutboxMessage, StoredMessage
from sinks.sink import SinkError
from tests.kit.records.events import moment_now, reel_in
from tests.kit.records.full_ledger import full

BIG = 10**8
Opener = Callable[[Path], Ledger]
BACKENDS: dict[str, Opener] = {"sqlite": Ledger}


def encode(event: Moment | Reel | LateText) -> OutboxMessage:
    if isinstance(event, Moment):
        return OutboxMessage("captions", event.window.id, {"id": event.window.id})
    assert isinstance(event, Reel)
    name = f"{event.id}/{event.seq}"
    return OutboxMessage("reels", name, {"id": name})


class Stored:
    """An outbox, and the ledger that it is in."""

    def __init__(
        self, ledger: Ledger, *, sink: str = "mqtt", max_bytes: int = BIG, remembered: int = REMEMBERED
    ) -> None:
        self.ledger = ledger
        self.outbox = ledger.outboxes.open(sink, encode, max_bytes=max_bytes, remembered=remembered)

    def put(self, topic: str, *ids: str) -> list[bool]:
        return [self._put(OutboxMessage(topic, name, {"id": name})) for name in ids]

    def _put(self, message: OutboxMessage) -> bool:
        with self.ledger.database.writing() as connection:
            return self.outbox.put(connection, message)

    def all(self) -> list[tuple[str, object, object]]:
        return bodies(self.outbox.messages_after(0, 20_000))

    def finish(self, count: int) -> None:
        """The first so many are acknowledged."""
        self.outbox.mark_done(self.outbox.messages_after(0, count)[-1].number)


@pytest.fixture(params=BACKENDS)
def open_ledger(request: pytest.FixtureRequest) -> Opener:
    return BACKENDS[request.param]


@pytest.fixture
def ledger(tmp_path: Path, open_ledger: Opener) -> Iterator[Ledger]:
    with closing(open_ledger(tmp_path)) as it:
        yield it


@pytest.fixture
def stored(ledger: Ledger) -> Stored:
    return Stored(ledger)


def bodies(messages: list[StoredMessage]) -> list[tuple[str, object, object]]:
    return [(m.topic, (body := json.loads(m.payload))["seq"], body["id"]) for m in messages]


def test_a_sink_outbox_is_an_outbox(stored: Stored) -> None:
    it: Outbox = stored.outbox
    assert isinstance(it, SinkOutbox)


def test_messages_come_out_in_the_order_in_which_they_were_put(stored: Stored) -> None:
    stored.put("captions", "a", "b")
    stored.put("reels", "r")
    stored.put("captions", "c")
    assert stored.all() == [
        ("captions", 1, "a"), ("captions", 2, "b"), ("reels", 1, "r"), ("captions", 3, "c"),
    ]  # fmt: skip


def test_a_message_stays_until_it_is_done(stored: Stored) -> None:
    stored.put("captions", "a", "b", "c")
    first = stored.outbox.messages_after(0, 2)
    assert bodies(stored.outbox.messages_after(first[-1].number, 2)) == [("captions", 3, "c")]
    assert len(stored.all()) == 3
    stored.outbox.mark_done(first[-1].number)
    assert stored.all() == [("captions", 3, "c")]
    assert stored.outbox.counts() == OutboxCounts(1, 0)


def test_a_key_is_taken_once(stored: Stored) -> None:
    assert stored.put("captions", "a", "b", "a") == [True, True, False]
    assert stored.put("reels", "a") == [True]
    assert stored.outbox.counts().waiting == 3


def test_what_was_done_is_not_taken_again(stored: Stored) -> None:
    stored.put("captions", "a")
    stored.finish(1)
    assert stored.put("captions", "a", "b") == [False, True]
    assert stored.all() == [("captions", 2, "b")]


def test_only_the_newest_keys_are_remembered(ledger: Ledger) -> None:
    stored = Stored(ledger, remembered=2)
    for name in "abcd":
        stored.put("captions", name)
        stored.finish(1)
    assert stored.put("captions", "d", "c", "a") == [False, False, True]


def test_each_sink_has_messages_of_its_own(ledger: Ledger) -> None:
    one, other = Stored(ledger), Stored(ledger, sink="web", max_bytes=1)
    ledger.windows.add(moment_now(1).window, PENDING)
    ledger.windows.end(moment_now(1).window.id, Outcome.DESCRIBED, moment_now(1))
    assert one.all() == [("captions", 1, moment_now(1).window.id)]
    assert (other.all(), other.outbox.counts()) == ([], OutboxCounts(0, 1))
    one.finish(1)
    assert one.put("captions", "b") == other.put("captions", "b") == [True]
    assert one.all() == [("captions", 2, "b")]
    assert other.outbox.counts() == OutboxCounts(0, 2)


def test_numbers_go_on_after_a_restart(tmp_path: Path, open_ledger: Opener) -> None:
    with closing(open_ledger(tmp_path)) as ledger:
        stored = Stored(ledger)
        stored.put("captions", "a", "b")
        stored.finish(1)
    with closing(open_ledger(tmp_path)) as ledger:
        stored = Stored(ledger)
        assert stored.outbox.counts() == OutboxCounts(1, 0)
        stored.put("captions", "c")
        assert stored.all() == [("captions", 2, "b"), ("captions", 3, "c")]


def test_beyond_the_cap_the_oldest_are_dropped_and_counted(tmp_path: Path, open_ledger: Opener) -> None:
    size = len(json.dumps({"seq": 1, "id": "a"}))
    kept = [("captions", 2, "b"), ("captions", 3, "c"), ("captions", 4, "d")]
    with closing(open_ledger(tmp_path)) as ledger:
        stored = Stored(ledger, max_bytes=3 * size)
        stored.put("reels", "r")
        stored.put("captions", "a", "b", "c", "d")
        assert (stored.all(), stored.outbox.counts()) == (kept, OutboxCounts(3, 2))
        assert stored.put("captions", "a") == [False], "what was dropped does not come back"
    with closing(open_ledger(tmp_path)) as ledger:
        stored = Stored(ledger, max_bytes=3 * size)
        assert (stored.all(), stored.outbox.counts()) == (kept, OutboxCounts(3, 2))
        stored.put("captions", "e")
        assert stored.outbox.counts() == OutboxCounts(3, 3), "what waited before counts, too"


def test_drops_are_logged_once_and_how_many_when_it_is_over(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    stored = Stored(ledger, max_bytes=100)
    for name in range(20):
        stored.put("captions", str(name))
    assert caplog.messages == ["the outbox of mqtt is full; the oldest messages are dropped"]
    dropped = stored.outbox.counts().dropped
    assert dropped > 10
    stored.finish(100)
    assert caplog.messages[1:] == [
        f"the outbox of mqtt is empty again; {dropped} messages were dropped so far"
    ]


def test_a_message_larger_than_the_cap_is_dropped_alone(ledger: Ledger) -> None:
    stored = Stored(ledger, max_bytes=100)
    stored.put("captions", "x" * 200)
    assert stored.outbox.counts() == OutboxCounts(0, 1)
    assert stored.put("captions", "small") == [True]
    assert stored.all() == [("captions", 2, "small")]


def test_threads_may_put_at_once(stored: Stored) -> None:
    names = [[f"{n}-{i}" for i in range(25)] for n in range(4)]
    threads = [Thread(target=stored.put, args=("captions", *part)) for part in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = stored.all()
    assert [seq for _, seq, _ in found] == list(range(1, 101))
    assert sorted(str(name) for _, _, name in found) == sorted(name for part in names for name in part)


def test_retained_topics_are_remembered(stored: Stored) -> None:
    assert stored.outbox.retained() == set()
    stored.outbox.set_retained(["a", "b"])
    stored.outbox.set_retained(["b", "c", "b"])
    assert stored.outbox.retained() == {"b", "c"}
    stored.outbox.set_retained([])
    assert stored.outbox.retained() == set()


def test_calls_after_the_end_are_a_sinks_error(stored: Stored) -> None:
    stored.ledger.close()
    for call in (
        lambda: stored.outbox.messages_after(0, 1),
        lambda: stored.outbox.mark_done(1),
        stored.outbox.counts,
        stored.outbox.retained,
        lambda: stored.outbox.set_retained(["a"]),
    ):
        with pytest.raises(SinkError, match="closed"):
            call()


# With what makes the events


def described(ledger: Ledger, index: int) -> Moment:
    """A moment that is in the ledger."""
    made = moment_now(index)
    ledger.windows.add(made.window, PENDING)
    ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    return made


def test_a_moment_and_a_reel_are_added_as_they_are_made(stored: Stored, tmp_path: Path) -> None:
    for index in (2, 1):
        described(stored.ledger, index)
    stored.ledger.reels.add(reel_in(tmp_path, "all", 7))
    ids = [moment_now(index).window.id for index in (2, 1)]
    assert stored.all() == [("captions", 1, ids[0]), ("captions", 2, ids[1]), ("reels", 1, "all/7")]


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome != Outcome.DESCRIBED])
def test_a_window_without_a_moment_is_not_published(outcome: Outcome, stored: Stored) -> None:
    stored.ledger.windows.add(moment_now(1).window, PENDING)
    stored.ledger.windows.end(moment_now(1).window.id, outcome)
    assert stored.all() == []


def test_a_window_that_has_ended_is_not_published_again(stored: Stored) -> None:
    made = described(stored.ledger, 1)
    stored.finish(1)
    stored.ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    assert stored.all() == []


def test_what_was_made_while_no_sink_was_open_is_not_published(ledger: Ledger) -> None:
    described(ledger, 1)
    assert Stored(ledger).all() == []


def test_a_message_outlives_what_it_is_about(stored: Stored, tmp_path: Path) -> None:
    described(stored.ledger, 1)
    stored.ledger.reels.add(reel_in(tmp_path, "all", 7))
    before = stored.all()
    stored.ledger.files.forget_before(utc_text(datetime.now(UTC) + timedelta(hours=1)))
    stored.ledger.reels.remove("all", 7)
    assert stored.ledger.windows.entries("") == []
    assert stored.all() == before


@pytest.mark.parametrize("table", ["windows", "outbox"])
def test_a_moment_is_stored_and_published_or_neither(table: str, stored: Stored, tmp_path: Path) -> None:
    made = moment_now(1)
    stored.ledger.windows.add(made.window, PENDING)
    with full(tmp_path, table), pytest.raises(LedgerError, match="full"):
        stored.ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    assert stored.ledger.pending.count_pending() == 1
    assert (stored.all(), stored.outbox.counts()) == ([], OutboxCounts(0, 0))
    stored.ledger.windows.end(made.window.id, Outcome.DESCRIBED, made)
    assert stored.all() == [("captions", 1, made.window.id)]


@pytest.mark.parametrize("table", ["reels", "outbox"])
def test_a_reel_is_stored_and_published_or_neither(table: str, stored: Stored, tmp_path: Path) -> None:
    made = reel_in(tmp_path, "all", 1)
    with full(tmp_path, table), pytest.raises(LedgerError, match="full"):
        stored.ledger.reels.add(made)
    assert stored.ledger.reels.next_seq("all") == 1
    assert stored.all() == []


def test_a_moment_that_was_stored_survives_a_kill(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from livereel.ledger.ledger import Ledger
from tests.contracts.test_outbox import Stored, described
stored = Stored(Ledger(Path(sys.argv[1])))
for number in range(10_000):
    print(described(stored.ledger, number).window.id, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    made = [process.stdout.readline().decode().strip() for _ in range(20)]
    process.kill()
    made += [line.decode().strip() for line in process.stdout]
    process.wait()
    process.stdout.close()
    with closing(Ledger(tmp_path)) as ledger:
        found = Stored(ledger).all()
        moments = [entry.moment.window.id for entry in ledger.windows.entries("") if entry.moment]
    assert [name for _, _, name in found] == moments
    assert moments[: len(made)] == made
    assert len(moments) <= len(made) + 1, "at most the one under way was not printed"
