"""``ledger``: print what happened."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from base.clock import utc_text
from livereel.config.schema import UsageError
from livereel.ledger.ledger import Ledger

_AGO = re.compile(r"^(\d+(?:\.\d+)?)([smhd])$")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_since(text: str | None, now: datetime) -> str:
    """Return the UTC time that a person means; None is the beginning. Raises UsageError.

    ``90m`` is that long ago, ``14:00`` the last time it was that late here, all else ISO 8601, taken as
    local time where it names no zone.
    """
    if text is None:
        return ""
    try:
        ago = _AGO.match(text)
        if ago:
            return utc_text(now - timedelta(seconds=float(ago[1]) * _UNITS_S[ago[2]]))
        if re.fullmatch(r"\d\d?:\d\d(:\d\d)?", text):
            local = now.astimezone()
            hour, minute, *second = map(int, text.split(":"))
            at = local.replace(hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0)
            return utc_text(at if at <= local else at - timedelta(days=1))
        return utc_text(datetime.fromisoformat(text).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since {text}: expected 2026-01-31T14:00, 14:00, or 90m, 2h, 3d") from error


def print_history(data: Path, since: str | None, *, as_json: bool) -> None:
    """Print windows, gaps and reels since then, as they are read; raises LedgerError or UsageError."""
    now = datetime.now(UTC)
    ledger = Ledger(data, read_only=True)
    try:
        for row in ledger.history(parse_since(since, now), utc_text(now)):
            sys.stdout.write((json.dumps(row, ensure_ascii=False) if as_json else _line(row)) + "\n")
    finally:
        ledger.close()


def _line(row: dict[str, Any]) -> str:
    if row["kind"] == "gap":
        return f"{row['start_utc']}  {row['camera']}  not seen until {row['end_utc']} ({row['reason']})"
    if row["kind"] == "reel":
        return f"{row['end_utc']}  reel {row['id']} {row['seq']}: {row['title']} ({row['folder']})"
    words = f": {row['title']}" if row["title"] else ""
    return f"{row['start_utc']}  {row['camera']}  {row['outcome']}{words}"
