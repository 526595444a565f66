"""The outbox: what is put is there, in order, once, until it is done."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from sinks.mqtt.message import StoredMessage
from sinks.mqtt.outbox import FILE, Outbox
from sinks.sink import SinkError


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    it = Outbox(tmp_path / FILE)
    yield it
    it.close()


def bodies(entries: list[StoredMessage]) -> list[tuple[str, object, object]]:
    return [(e.topic, (body := json.loads(e.payload))["seq"], body["id"]) for e in entries]


def put(outbox: Outbox, topic: str, *ids: str) -> list[bool]:
    return [outbox.put(topic, name, {"id": name}) for name in ids]


def test_messages_come_out_in_the_order_in_which_they_were_put(outbox: Outbox) -> None:
    put(outbox, "captions", "a", "b")
    put(outbox, "reels", "r")
    put(outbox, "captions", "c")
    expected = [("captions", 1, "a"), ("captions", 2, "b"), ("reels", 1, "r"), ("captions", 3, "c")]
    assert bodies(outbox.messages_after(0, 10)) == expected


def test_a_message_stays_until_it_is_done(outbox: Outbox) -> None:
    put(outbox, "captions", "a", "b", "c")
    first = outbox.messages_after(0, 2)
    assert bodies(outbox.messages_after(first[-1].number, 2)) == [("captions", 3, "c")]
    assert len(outbox.messages_after(0, 10)) == 3
    outbox.mark_done(first[-1].number)
    assert bodies(outbox.messages_after(0, 10)) == [("captions", 3, "c")]
    assert outbox.waiting == 1


def test_an_offer_repeated_changes_nothing(outbox: Outbox) -> None:
    assert put(outbox, "captions", "a", "b", "a") == [True, True, False]
    assert outbox.put("reels", "a", {"id": "a"})
    assert outbox.waiting == 3


def test_what_was_sent_is_not_taken_again(outbox: Outbox) -> None:
    put(outbox, "captions", "a")
    outbox.mark_done(outbox.messages_after(0, 1)[0].number)
    assert put(outbox, "captions", "a", "b") == [False, True]
    assert bodies(outbox.messages_after(0, 10)) == [("captions", 2, "b")]


def test_what_was_sent_long_ago_is_forgotten(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE, remembered=2)
    for name in "abcd":
        put(outbox, "captions", name)
        outbox.mark_done(outbox.messages_after(0, 1)[0].number)
    assert put(outbox, "captions", "d", "c", "a") == [False, False, True]
    outbox.close()


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE)
    put(outbox, "captions", "a", "b")
    outbox.mark_done(outbox.messages_after(0, 1)[0].number)
    outbox.close()
    outbox = Outbox(tmp_path / FILE)
    assert (outbox.waiting, outbox.dropped) == (1, 0)
    put(outbox, "captions", "c")
    assert bodies(outbox.messages_after(0, 10)) == [("captions", 2, "b"), ("captions", 3, "c")]
    outbox.close()


def test_beyond_the_cap_the_oldest_are_dropped_and_counted(tmp_path: Path) -> None:
    size = len(json.dumps({"seq": 1, "id": "a"}))
    outbox = Outbox(tmp_path / FILE, max_bytes=3 * size)
    put(outbox, "reels", "r")
    put(outbox, "captions", "a", "b", "c", "d")
    assert bodies(outbox.messages_after(0, 10)) == [
        ("captions", 2, "b"),
        ("captions", 3, "c"),
        ("captions", 4, "d"),
    ]
    assert (outbox.waiting, outbox.waiting_bytes, outbox.dropped) == (3, 3 * size, 2)
    assert put(outbox, "captions", "a") == [False], "what was dropped does not come back"
    outbox.close()
    outbox = Outbox(tmp_path / FILE)
    assert (outbox.waiting, outbox.waiting_bytes, outbox.dropped) == (3, 3 * size, 2)
    outbox.close()


def test_that_messages_are_dropped_is_told_once_and_how_many_when_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(tmp_path / FILE, max_bytes=100)
    for name in range(20):
        put(outbox, "captions", str(name))
    assert [record.message for record in caplog.records] == [
        f"{tmp_path / FILE}: is full; the oldest captions and reels are dropped"
    ]
    outbox.mark_done(outbox.messages_after(0, 100)[-1].number)
    assert caplog.messages[1:] == [
        f"{tmp_path / FILE}: is empty again; {outbox.dropped} captions and reels were dropped so far"
    ]
    outbox.close()
    outbox = Outbox(tmp_path / FILE)
    put(outbox, "captions", "new")
    assert len(caplog.records) == 2
    outbox.close()


def test_a_message_larger_than_the_cap_is_dropped_alone(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE, max_bytes=100)
    outbox.put("captions", "large", {"id": "x" * 200})
    assert (outbox.waiting, outbox.waiting_bytes, outbox.dropped) == (0, 0, 1)
    assert put(outbox, "captions", "small") == [True]
    assert bodies(outbox.messages_after(0, 10)) == [("captions", 2, "small")]
    outbox.close()


def test_threads_may_put_at_once(outbox: Outbox) -> None:
    names = [[f"{n}-{i}" for i in range(25)] for n in range(4)]
    threads = [Thread(target=put, args=(outbox, "captions", *part)) for part in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = bodies(outbox.messages_after(0, 1000))
    assert [seq for _, seq, _ in found] == list(range(1, 101))
    assert sorted(str(name) for _, _, name in found) == sorted(name for part in names for name in part)


def test_what_put_has_returned_for_survives_a_kill(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from sinks.mqtt.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
for number in range(10_000):
    outbox.put("captions", str(number), {"id": str(number)})
    print(number, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path / FILE], stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(20)]
    process.kill()
    told += [int(line) for line in process.stdout]
    process.wait()
    process.stdout.close()
    outbox = Outbox(tmp_path / FILE)
    kept = [int(str(name)) for _, _, name in bodies(outbox.messages_after(0, 20_000))]
    assert kept[: len(told)] == told
    assert len(kept) <= len(told) + 1, "at most the one under way was not told"
    outbox.close()


def test_a_full_disk_is_a_clear_error_and_leaves_nothing_half_done(outbox: Outbox, tmp_path: Path) -> None:
    put(outbox, "captions", "a")
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT raise(FAIL, 'disk full'); END"
        )
    other.close()
    with pytest.raises(SinkError, match=r"outbox.db: disk full"):
        put(outbox, "captions", "b")
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("DROP TRIGGER full")
    other.close()
    assert outbox.waiting == 1
    put(outbox, "captions", "c")
    assert bodies(outbox.messages_after(0, 10)) == [("captions", 1, "a"), ("captions", 2, "c")]


def test_a_file_that_is_no_outbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this is not SQLite, and long enough to say so " * 20)
    with pytest.raises(SinkError, match=r"outbox.db: file is not a database"):
        Outbox(tmp_path / FILE)


def test_retained_topics_are_remembered(outbox: Outbox) -> None:
    assert outbox.retained() == set()
    outbox.set_retained(["a", "b"])
    outbox.set_retained(["b", "c"])
    assert outbox.retained() == {"b", "c"}


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / FILE)
    outbox.close()
    outbox.close()
    with pytest.raises(SinkError, match="closed"):
        outbox.messages_after(0, 1)
