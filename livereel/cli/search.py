"""``search``: print the moments that match."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from analyzer.describe.model.answer import shortened
from base.local_time import date_time_text
from livereel.config.schema import UsageError
from livereel.config.since import parse_since
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import Entry
from sinks.archive import MomentQuery
from sinks.serialize import window_row

_MAX_SAID = 80


def print_moments(data: Path, query: MomentQuery, since: str | None, *, as_json: bool) -> None:
    """Print a line for each moment, newest first; raises LedgerError or UsageError."""
    query = replace(query, since_utc=parse_since(since, datetime.now(UTC)))
    with closing(Ledger(data, read_only=True)) as ledger:
        known = ledger.cameras()
        for camera in query.cameras:
            if camera not in known:
                there = ", ".join(known) or "no camera"
                raise UsageError(f"--camera {camera}: {data} knows only {there}")
        found = ledger.search(query)
        for entry in found:
            sys.stdout.write((_json(entry, data) if as_json else _line(entry)) + "\n")
    if not found:
        sys.stderr.write("livereel: note: no moment matches\n")


def _json(entry: Entry, data: Path) -> str:
    row = window_row(entry.window, entry.outcome, entry.moment, base=data)
    return json.dumps(row, ensure_ascii=False)


def _line(entry: Entry) -> str:
    window, moment = entry.window, entry.moment
    title = moment.title if moment else ""
    clip = f"  {window.clip.path}" if window.clip else ""
    said = " ".join(part.text for part in window.speech if part.text)
    words = f"  “{shortened(said, _MAX_SAID)}”" if said else ""
    return f"{date_time_text(window.start_utc)}  {window.camera}  {title}{words}{clip}"
