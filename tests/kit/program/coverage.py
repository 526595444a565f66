"""Whether every second of a camera is accounted for, by the lines of ``livereel ledger --json``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from base.clock import parse_utc, utc_after


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a camera's time is covered.

    Attributes:
        uncovered_s: seconds in neither a window nor a gap.
        doubled_s: seconds in more than one of them.
        windows_s, gaps_s: seconds in windows, and in gaps.
    """

    uncovered_s: float
    doubled_s: float
    windows_s: float
    gaps_s: float


Span = tuple[float, float]


def coverage(rows: Iterable[dict[str, Any]], camera: str, start_utc: str, end_utc: str) -> Coverage:
    """Add up a camera's windows and gaps from one time to another."""
    start, end = parse_utc(start_utc).timestamp(), parse_utc(end_utc).timestamp()
    windows: list[Span] = []
    gaps: list[Span] = []
    for row in rows:
        if row.get("camera") == camera and row["kind"] in {"window", "gap"}:
            (windows if row["kind"] == "window" else gaps).append(_span(row))
    told = [_clipped(span, start, end) for span in (*windows, *gaps)]
    covered_s = _union_s(told)
    return Coverage(
        uncovered_s=end - start - covered_s,
        doubled_s=sum(b - a for a, b in told) - covered_s,
        windows_s=sum(b - a for a, b in windows),
        gaps_s=sum(b - a for a, b in gaps),
    )


def holes(rows: Iterable[dict[str, Any]], camera: str) -> list[str]:
    """A camera's windows and gaps, a line each, to explain a failed test."""
    mine = [row for row in rows if row.get("camera") == camera and row["kind"] in {"window", "gap"}]
    return [
        f"{row['start_utc']} - {_end_utc(row)} {row.get('epoch', '')} {row.get('outcome') or row['reason']}"
        for row in mine
    ]


def _end_utc(row: dict[str, Any]) -> str:
    if row["kind"] == "gap":
        return str(row["end_utc"])
    return utc_after(row["start_utc"], row["end_s"] - row["start_s"])


def _span(row: dict[str, Any]) -> Span:
    return parse_utc(row["start_utc"]).timestamp(), parse_utc(_end_utc(row)).timestamp()


def _clipped(span: Span, start: float, end: float) -> Span:
    a, b = max(span[0], start), min(span[1], end)
    return a, max(a, b)


def _union_s(spans: Sequence[Span]) -> float:
    total, reached = 0.0, float("-inf")
    for a, b in sorted(spans):
        total += max(0.0, b - max(a, reached))
        reached = max(reached, b)
    return total
