"""How long things take, for people to read: no test asserts a time."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from base.clock import parse_utc
from livereel.ledger.records import FILE
from tests.kit.mqtt.subscriber import Listener

LOOK_S = 0.01


@dataclass
class Delays:
    """Delays as a line: how many, median, worst."""

    ms: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.ms:
            return "none"
        ordered = sorted(self.ms)
        middle, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
        return f"{len(ordered)}, median {middle:.0f} ms, 95 % {most:.0f} ms, worst {ordered[-1]:.0f} ms"


def published_peaks(others: Listener, since_s: float = 0.0) -> Delays:
    """From the time of a peak's picture, as the camera's process took it, to the subscriber."""
    to_wall_s = time.time() - time.monotonic()
    peaks = [
        message for message in others.received if message.topic.endswith("/peak") and message.at_s >= since_s
    ]
    return Delays(
        [
            1000 * (message.at_s + to_wall_s - parse_utc(message.json()["at_utc"]).timestamp())
            for message in peaks
        ]
    )


@contextmanager
def kept_windows(data: Path) -> Iterator[Delays]:
    """From a window's end to its row in the ledger, while the block lasts."""
    found = Delays()
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(data / FILE, found, stop))
    watcher.start()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()


def _watch(file: Path, found: Delays, stop: threading.Event) -> None:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as db:
        (last,) = db.execute("SELECT coalesce(max(rowid), 0) FROM windows").fetchone()
        while not stop.wait(LOOK_S):
            with suppress(sqlite3.OperationalError):
                for rowid, end_utc in db.execute(
                    "SELECT rowid, end_utc FROM windows WHERE rowid > ? ORDER BY rowid", (last,)
                ).fetchall():
                    last = rowid
                    found.ms.append(1000 * (time.time() - parse_utc(end_utc).timestamp()))
