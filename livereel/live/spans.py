"""Spans of a camera's time, joined and cut to what a strip can show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import ceil
from typing import assert_never

from analyzer.reel.records import GapReason
from analyzer.signal.window import Outcome
from base.clock import parse_utc, utc_after, utc_text
from sinks.archive import Span

# Windows that follow each other may be this far apart by rounding and drift.
JOIN_S = 1.0


def edges_of(since_utc: str, until_utc: str, part_s: float) -> list[str]:
    """Return where parts of a time begin, each ``part_s`` long, and where the last ends: ``until_utc``."""
    since = parse_utc(since_utc)
    count = ceil((parse_utc(until_utc) - since).total_seconds() / part_s - 1e-6)
    return [*(utc_text(since + timedelta(seconds=part_s * number)) for number in range(count)), until_utc]


def longest(spans: Iterable[Span], edges: Sequence[str]) -> list[Span]:
    """Return of the spans that begin in one part of ``edges`` the longest, in order of time."""
    kept: list[Span] = []
    ends = iter(edges[1:])
    end = next(ends, "")
    for span in spans:
        is_same = bool(kept) and span.start_utc < end
        while end and end <= span.start_utc:
            end = next(ends, "")
        if not is_same:
            kept.append(span)
        elif length_s(span) > length_s(kept[-1]):
            kept[-1] = span
    return kept


def without(spans: Iterable[Span], gaps: Sequence[Span]) -> list[Span]:
    """Return spans without the time of gaps; both in order of time, gaps apart from each other."""
    rest: list[Span] = []
    number = 0
    for span in spans:
        while number < len(gaps) and gaps[number].end_utc <= span.start_utc:
            number += 1
        start_utc = span.start_utc
        for gap in gaps[number:]:
            if gap.start_utc >= span.end_utc:
                break
            if start_utc < gap.start_utc:
                rest.append(Span(start_utc, gap.start_utc, span.state, observed=span.observed))
            start_utc = max(start_utc, gap.end_utc)
        if start_utc < span.end_utc:
            rest.append(Span(start_utc, span.end_utc, span.state, observed=span.observed))
    return rest


def joined(spans: Iterable[Span], least_s: float) -> list[Span]:
    """Join spans of one state that follow each other, and those shorter than ``least_s``."""
    result: list[Span] = []
    for span in spans:
        last = result[-1] if result else None
        if last is None or (
            last.end_utc < span.start_utc and utc_after(last.end_utc, JOIN_S) < span.start_utc
        ):
            result.append(span)
        elif last.state == span.state:
            end_utc = max(last.end_utc, span.end_utc)
            result[-1] = Span(last.start_utc, end_utc, last.state, observed=last.observed)
        elif last.observed == span.observed and least_s > 0 and length_s(last) < least_s:
            more = max(last, span, key=_activity)
            result[-1] = Span(last.start_utc, span.end_utc, more.state, observed=more.observed)
        else:
            result.append(span)
    return result


def length_s(span: Span) -> float:
    """Return how long a span is."""
    return (parse_utc(span.end_utc) - parse_utc(span.start_utc)).total_seconds()


def _activity(span: Span) -> int:
    """Return how much of a span's state a viewer wants to see, in comparison with its neighbour's."""
    match span.state:
        case Outcome.DESCRIBED:
            return 2
        case Outcome.SKIPPED_OVERLOAD | Outcome.MODEL_FAILED | Outcome.DISK_FULL | "pending" | GapReason():
            return 1
        case Outcome.QUIET:
            return 0
        case _:
            assert_never(span.state)
