"""``ledger``: print what happened."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analyzer.reel.records import Gap, GapReason
from base.clock import utc_text
from base.local_time import date_time_text, end_text
from livereel.config.since import parse_since
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING


def print_history(data: Path, since: str | None, *, as_json: bool) -> None:
    """Print windows, gaps and reels since then, as they are read; raises LedgerError or UsageError."""
    now = datetime.now(UTC)
    since_utc = parse_since(since, now)
    with closing(Ledger(data, read_only=True)) as ledger:
        rows = ledger.history(since_utc, utc_text(now))
        printed = False
        for line in map(_json, rows) if as_json else _lines(rows):
            sys.stdout.write(f"{line}\n")
            printed = True
    if not printed:
        sys.stderr.write("livereel: note: there is nothing from that time\n")


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _lines(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    return (_line(row) for row in rows if row["kind"] != "gap" or not _gap(row).is_short)


def _gap(row: Mapping[str, Any]) -> Gap:
    return Gap(row["camera"], row["start_utc"], row["end_utc"], GapReason(row["reason"]))


def _line(row: Mapping[str, Any]) -> str:
    if row["kind"] == "gap":
        start, until = row["start_utc"], end_text(row["end_utc"], start=row["start_utc"])
        return f"{date_time_text(start)}  {row['camera']}  not observed until {until} ({row['reason']})"
    if row["kind"] == "reel":
        title = f"reel {row['id']} {row['seq']}: {row['title']} ({row['folder']})"
        return f"{date_time_text(row['end_utc'])}  {title}"
    title = f": {row['title']}" if row["title"] else ""
    outcome = "waits for its description" if row["outcome"] == PENDING else row["outcome"]
    return f"{date_time_text(row['start_utc'])}  {row['camera']}  {outcome}{title}"
