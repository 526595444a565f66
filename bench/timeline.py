"""How soon the timeline's strips come over HTTP, with a month of cameras in the ledger: p50 and p95, in ms.

Four cameras with windows of ten seconds, a seventh of them described, and some ten gaps a day each. It is
asked for what the page asks for: each time between two others, by as many parts as a wide strip has.
Prints a JSON line for each length of time, with the CPU time of a request: that says more where the machine
has other work. ``server_cpu_ms`` is that of all threads but the one that asks.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout that the benchmark belongs to

from analyzer.reel.records import GapReason
from analyzer.signal.window import Outcome
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.tables import gaps, windows
from tests.kit.records.windows import measured
from tests.kit.web.site import Site, serving

WINDOW_S = 10
DAY_S = 86_400
CAMERAS = [f"camera-{number}" for number in range(4)]
STATES = [*["quiet"] * 41, *["described"] * 7, "skipped_overload", "model_failed"]
GAPS_A_DAY = 10
# Of a strip 1200 pixels wide
PARTS = 600
ROWS_AT_ONCE = 50_000


def main() -> None:
    """Fill a ledger, serve it and ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--rounds", type=int, default=100)
    asked = parser.parse_args()
    draw = random.Random(1)  # noqa: S311  # no secret
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), cameras=CAMERAS) as site:
        count = fill(site.ledger, now - timedelta(days=asked.days), asked.days, draw)
        print(json.dumps({"windows": count, "cores": os.cpu_count(), "load": os.getloadavg()[0]}), flush=True)
        for name, length_s in (
            ("month", asked.days * DAY_S),
            ("week", 7 * DAY_S),
            ("day", DAY_S),
            ("hour", 3600),
        ):
            took_ms, sizes, cpu_s, own_s = [], [], time.process_time(), time.thread_time()
            for _ in range(asked.rounds):
                late_s = draw.uniform(0, asked.days * DAY_S - length_s)
                until = now - timedelta(seconds=late_s)
                at_ms, size = ask(site, until - timedelta(seconds=length_s), until)
                took_ms.append(at_ms)
                sizes.append(size)
            p50, p95 = (round(statistics.quantiles(took_ms, n=20)[nth], 1) for nth in (9, 18))
            row = {
                "time": name,
                "p50_ms": p50,
                "p95_ms": p95,
                "kilobytes": round(statistics.median(sizes) / 1000),
            }
            cpu_s, own_s = time.process_time() - cpu_s, time.thread_time() - own_s
            row["cpu_ms"] = round(1000 * cpu_s / asked.rounds, 1)
            row["server_cpu_ms"] = round(1000 * (cpu_s - own_s) / asked.rounds, 1)
            print(json.dumps(row), flush=True)


def ask(site: Site, since: datetime, until: datetime) -> tuple[float, int]:
    """Return how long an answer took, and its size."""
    query = {"since": utc_text(since), "until": utc_text(until), "parts": PARTS, "short": 1}
    begun_s = time.perf_counter()
    answer = site.get(f"/api/timeline?{urlencode(query)}")
    took_ms = 1000 * (time.perf_counter() - begun_s)
    if answer.status != 200:
        sys.exit(answer.text)
    return took_ms, len(answer.body)


def fill(ledger: Ledger, start: datetime, days: int, draw: random.Random) -> int:
    """Add windows and gaps, many in a commit; return how many windows there are."""
    ledger.windows.add(measured(0, camera="template"), Outcome.QUIET)
    (template,) = ledger.database.read(windows.select())
    count, part = 0, []
    for row in _rows(start, days, draw):
        part.append({**template._asdict(), **row})
        if len(part) == ROWS_AT_ONCE:
            count += _insert(ledger, part)
    return count + _insert(ledger, part)


def _insert(ledger: Ledger, part: list[dict[str, object]]) -> int:
    """Write what was observed as windows and the rest as gaps, and empty the list."""
    missing = [row for row in part if row["outcome"] == "gap"]
    observed = [row for row in part if row["outcome"] != "gap"]
    with ledger.database.writing() as connection:
        if observed:
            connection.execute(windows.insert(), observed)
        if missing:
            names = ("camera", "start_utc", "end_utc")
            reason = {"reason": GapReason.SOURCE_DOWN.value}
            connection.execute(
                gaps.insert(), [{name: row[name] for name in names} | reason for row in missing]
            )
    part.clear()
    return len(observed)


def _rows(start: datetime, days: int, draw: random.Random) -> Iterator[dict[str, object]]:
    count = days * DAY_S // WINDOW_S
    for number in range(count):
        begin = start + timedelta(seconds=WINDOW_S * number)
        times = {"start_utc": utc_text(begin), "end_utc": utc_text(begin + timedelta(seconds=WINDOW_S))}
        for camera in CAMERAS:
            missing = draw.random() < GAPS_A_DAY * WINDOW_S / DAY_S
            state = "gap" if missing else draw.choice(STATES)
            yield {"id": f"{camera}-{number}", "camera": camera, "outcome": state, **times}


if __name__ == "__main__":
    main()
