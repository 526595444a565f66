"""Measure the ledger after a week of cameras: how long live writes, live reads and the retention sweep take.

Each line is a JSON object: what was done, the fastest and the median of its times in ms, and the least CPU
time that it took. Writes wait for the disk, so their times say more about it than about the ledger; on a
machine that does other things, too, the CPU time is what an operation costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analyzer.describe.moment import Moment
from analyzer.signal.window import Outcome
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from livereel.ledger.tables import windows
from livereel.storage.retention import Retention
from livereel.storage.settings import RetentionSettings
from tests.kit.records.moments import moment
from tests.kit.records.windows import measured

WINDOW_S = 10.0
# One window in so many is not quiet and has files.
LIVELY = 5
FILES_BYTES = 1_000_000
PENDING_ROWS = 500


def main() -> None:
    """Fill a ledger and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="where the ledger lies, which decides how fast it is")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder, closing(Ledger(Path(folder))) as ledger:
        now = datetime.now(UTC)
        _fill(ledger, now, asked.days, [f"camera{n}" for n in range(asked.cameras)])
        _measure(ledger, Path(folder), now, asked.days)


def _fill(ledger: Ledger, now: datetime, days: float, cameras: list[str]) -> None:
    """Add the windows at once: one by one, with a commit each, would take hours."""
    ledger.windows.add(measured(0, camera="template"), Outcome.QUIET)
    (template,) = ledger.database.read(windows.select())
    rows = []
    for number in range(int(days * 24 * 3600 / WINDOW_S), 0, -1):
        start = now - timedelta(seconds=number * WINDOW_S)
        lively = number % LIVELY == 0
        times = {"start_utc": utc_text(start), "end_utc": utc_text(start + timedelta(seconds=WINDOW_S))}
        state = {"outcome": "described" if lively else "quiet", "bytes": FILES_BYTES if lively else 0}
        for camera in cameras:
            names = {"id": f"{camera}-{number}", "camera": camera}
            rows.append({**template._asdict(), **names, **times, **state})
    with ledger.database.writing() as connection:
        connection.execute(windows.insert(), rows)


def _measure(ledger: Ledger, data: Path, now: datetime, days: float) -> None:
    limits = RetentionSettings(max_age_h=24 * (days + 1), max_bytes=1 << 60, min_free_bytes=0)
    retention = Retention(data, ledger, limits)
    hour_utc = utc_text(now - timedelta(hours=1))
    _tell("sweep, nothing to remove", 20, lambda _: retention.sweep(now))
    made = [_moment_at(n, now) for n in range(PENDING_ROWS)]
    _tell("add window", PENDING_ROWS, lambda n: ledger.windows.add(made[n].window, PENDING))
    _tell("newest pending of each camera", 50, lambda _: ledger.pending.newest_pending([made[0].window.id]))
    _tell("count pending", 50, lambda _: ledger.pending.count_pending())
    _tell("end window", PENDING_ROWS, lambda n: ledger.windows.end(*_ended(made[n])))
    _tell("observed until", 50, lambda _: ledger.observed_until("camera0"))
    _tell("next epoch", 50, lambda _: ledger.windows.next_epoch("camera0"))
    _tell("an hour of a camera", 20, lambda _: ledger.windows.entries(hour_utc, camera="camera0"))
    _tell("an hour of all cameras", 20, lambda _: ledger.windows.entries(hour_utc))


def _moment_at(number: int, now: datetime) -> Moment:
    made = moment(number, camera="camera0")
    return replace(made, window=replace(made.window, id=f"new-{number}", start_utc=utc_text(now)))


def _ended(made: Moment) -> tuple[str, Outcome, Moment]:
    return made.window.id, Outcome.DESCRIBED, made


def _tell(what: str, times: int, work: Callable[[int], object]) -> None:
    took_ms, cpu_ms = [], []
    for number in range(times):
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        work(number)
        took_ms.append(1000 * (time.perf_counter() - begun_s))
        cpu_ms.append(1000 * (time.process_time() - cpu_s))
    figures = {
        "fastest_ms": min(took_ms),
        "median_ms": statistics.median(took_ms),
        "least_cpu_ms": min(cpu_ms),
    }
    row = {"what": what, **{name: round(value, 2) for name, value in figures.items()}}
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
