"""Measure the search over a ledger of a million moments: p50 and p95 of each kind of query, in ms.

Prints a JSON line for each kind. Words are drawn with frequencies as in language (a few in nearly every
moment, most in few), and each kind is asked with many different words and names.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the checkout that the benchmark belongs to

from analyzer.signal.window import Outcome
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.moments import SLOTS
from livereel.ledger.search_text import filter_tokens
from livereel.ledger.tables import moments, windows
from sinks.archive import MomentQuery
from tests.kit.records.moments import moment

START = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_S = 5.0
CAMERAS = [f"camera-{n}" for n in range(16)]
TAGS = ["person", "car", "dog", "cat", "bicycle", "delivery", "night", "rain", "group", "fast"]
WORDS = [f"word{n}" for n in range(5000)]
WEIGHTS = [1 / (n + 1) for n in range(len(WORDS))]
PART = 20_000


def main() -> None:
    """Fill a ledger and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    asked = parser.parse_args()
    draw = random.Random(1)  # noqa: S311  # no secret
    with tempfile.TemporaryDirectory() as folder, closing(Ledger(Path(folder))) as ledger:
        fill(ledger, asked.moments, draw)
        for kind, query in kinds(asked.moments, draw).items():
            took_ms, found = [], 0
            for _ in range(asked.rounds):
                wanted = query()
                begun_s = time.perf_counter()
                found += len(ledger.search(wanted))
                took_ms.append(1000 * (time.perf_counter() - begun_s))
            p50, p95 = (round(statistics.quantiles(took_ms, n=20)[n], 2) for n in (9, 18))
            row = {"query": kind, "p50_ms": p50, "p95_ms": p95, "found": round(found / asked.rounds, 1)}
            print(json.dumps(row), flush=True)


def kinds(count: int, draw: random.Random) -> dict[str, Callable[[], MomentQuery]]:
    """Return what makes a query of each kind."""

    def common() -> str:
        return draw.choices(WORDS, WEIGHTS)[0]

    def since() -> str:
        return utc_text(START + timedelta(seconds=draw.randrange(int(count * EVERY_S))))

    return {
        "one word": lambda: MomentQuery(common()),
        "a rare word": lambda: MomentQuery(draw.choice(WORDS[-1000:])),
        "two words": lambda: MomentQuery(f"{common()} {common()}"),
        "three words": lambda: MomentQuery(f"{common()} {common()} {common()}"),
        "a prefix": lambda: MomentQuery(f"word{draw.randrange(10, 500)}*"),
        "a word, not another": lambda: MomentQuery(f"{common()} -{common()}"),
        "a phrase": lambda: MomentQuery(f'"{common()} {common()}"'),
        "a word of a camera": lambda: MomentQuery(common(), cameras=(draw.choice(CAMERAS),)),
        "a word and a tag": lambda: MomentQuery(common(), tags=(draw.choice(TAGS),)),
        "important ones with a word": lambda: MomentQuery(common(), min_importance=9),
        "a word since a time": lambda: MomentQuery(common(), since_utc=since()),
        "a word before a time": lambda: MomentQuery(common(), until_utc=since()),
        "the newest": MomentQuery,
        "the newest of a camera": lambda: MomentQuery(cameras=(draw.choice(CAMERAS),)),
    }


def fill(ledger: Ledger, count: int, draw: random.Random) -> None:
    """Add the moments many at once: a commit each would take hours."""
    template = moment(0)
    ledger.windows.add(template.window, Outcome.QUIET)
    (stored,) = ledger.database.read(windows.select())
    rows = list(_rows(stored._asdict(), count, draw))
    for first in range(0, count, PART):
        part = rows[first : first + PART]
        with ledger.database.writing() as connection:
            connection.execute(windows.insert(), [window for window, _ in part])
            connection.execute(moments.insert(), [indexed for _, indexed in part])


def _rows(
    stored: dict[str, object], count: int, draw: random.Random
) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    filters = {
        (camera, tag, level): filter_tokens(moment(0, camera=camera, tags=[tag], importance=level))
        for camera in CAMERAS
        for tag in TAGS
        for level in range(11)
    }
    for number in range(count):
        start = START + timedelta(seconds=number * EVERY_S)
        camera, tag = draw.choice(CAMERAS), draw.choice(TAGS)
        words = draw.choices(WORDS, WEIGHTS, k=24)
        window_id = f"{camera}-{number}"
        yield (
            {
                **stored,
                "id": window_id,
                "camera": camera,
                "start_utc": utc_text(start),
                "end_utc": utc_text(start + timedelta(seconds=10)),
                "outcome": Outcome.DESCRIBED.value,
                "moment": None,
            },
            {
                "number": round(start.timestamp() * 1000) * SLOTS,
                "window_id": window_id,
                "title": " ".join(words[:4]),
                "text": " ".join(words[4:]),
                "tags": tag,
                "filters": filters[camera, tag, draw.randrange(11)],
            },
        )


if __name__ == "__main__":
    main()
