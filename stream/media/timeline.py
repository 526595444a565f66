"""Timestamps of packets and frames: repaired, cut and ordered. Pure, in ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from heapq import heappush, heappushpop
from itertools import pairwise
from statistics import fmean, median_low
from typing import TypeVar

Tick = int | Fraction
"""A time in ticks; it may be a fraction, as a tick of AVI may last as long as a frame."""

Stamp = tuple[int | None, int | None]
"""Presentation and decoding timestamp of a packet, None where the source has none."""

_T = TypeVar("_T")

# Two frames are too close below this share of the usual step.
_CLOSE = 0.75
# From this many usual steps on, a frame is missing.
_MISSING = 1.9


def repaired(stamps: Sequence[Stamp]) -> list[tuple[int, int]]:
    """Return the timestamps in decoding order, such that a muxer accepts them.

    Presentation times become unique, decoding times rise and never exceed the presentation time. Valid
    timestamps are not changed. A missing presentation time is taken from the decoding time, then from the
    packet before.
    """
    pts = _unique(_filled([p if p is not None else d for p, d in stamps]))
    given = [d for _, d in stamps if d is not None]
    rising = len(given) == len(stamps) and all(a < b for a, b in pairwise(given))
    if rising and all(d <= p for p, d in zip(pts, given, strict=True)):
        return list(zip(pts, given, strict=True))
    return list(zip(pts, decode_times(pts), strict=True))


def decode_times(pts: Sequence[int]) -> list[int]:
    """Decoding times for unique presentation times in decoding order: these sorted, and moved back as
    little as lets every packet be decoded before it is shown.
    """
    ordered = sorted(pts)
    delay = max((o - p for o, p in zip(ordered, pts, strict=True)), default=0)
    return [o - delay for o in ordered]


def _filled(times: list[int | None]) -> list[int]:
    """Fill missing times, one typical step after the time before."""
    known = [t for t in times if t is not None]
    step = max(1, (max(known) - min(known)) // max(1, len(times) - 1)) if known else 1
    last = known[0] - step if known else -step
    filled = []
    for time in times:
        last = last + step if time is None else time
        filled.append(last)
    return filled


def _unique(times: list[int]) -> list[int]:
    """Move duplicate times to the next free tick, in order of time."""
    unique = times.copy()
    last: int | None = None
    for i in sorted(range(len(times)), key=lambda i: (times[i], i)):
        last = times[i] if last is None else max(times[i], last + 1)
        unique[i] = last
    return unique


def closed_prefix(pts: Sequence[int], end: Tick) -> int | None:
    """How many packets, in decoding order, contain every frame before ``end``.

    They are displayed without a hole: where a frame before ``end`` refers to one after it, those between are
    included. None when no such number follows from these packets.
    """
    first_after = min((p for p in pts if p >= end), default=None)
    if first_after is None:
        return None
    needed = max((i for i, p in enumerate(pts) if p < end), default=-1) + 1
    least_after = [0] * len(pts)
    least = pts[-1]
    for i in range(len(pts) - 1, -1, -1):
        least = min(least, pts[i])
        least_after[i] = least
    most = max(pts[:needed], default=end - 1)
    for n in range(needed, len(pts)):
        if most < least_after[n]:
            return n
        most = max(most, pts[n])
    return None


def evened(times: list[int], slack: int) -> list[int] | None:
    """Return the times, moved to an even grid where some follow each other too closely.

    Players pace frames by the usual step, and drop one of two that are much closer. This corrects cameras
    whose clock jitters. None where a frame would move by more than ``slack``.
    """
    ordered = sorted(times)
    deltas = [b - a for a, b in pairwise(ordered)]
    if not deltas or min(deltas) >= median_low(deltas) * _CLOSE:
        return times
    # As if no frame were missing, or else each by its time.
    for step, places in (_one_by_one(ordered), _by_time(ordered, deltas)):
        moved = [ordered[0] + round(place * step) for place in places]
        if all(abs(new - old) <= slack for new, old in zip(moved, ordered, strict=True)):
            by_time = dict(zip(ordered, moved, strict=True))
            return [by_time[time] for time in times]
    return None


def _one_by_one(ordered: Sequence[int]) -> tuple[float, Sequence[int]]:
    """The step, and the position of each frame on the grid, from the first on."""
    last = len(ordered) - 1
    return max(1.0, (ordered[-1] - ordered[0]) / last), range(last + 1)


def _by_time(ordered: Sequence[int], deltas: Sequence[int]) -> tuple[float, Sequence[int]]:
    """As above, with free positions where frames are missing."""
    step = max(1.0, fmean(delta for delta in deltas if delta < median_low(deltas) * _MISSING))
    guessed = [round((time - ordered[0]) / step) for time in ordered]
    zero = fmean(time - place * step for time, place in zip(ordered, guessed, strict=True))
    first = round((ordered[0] - zero) / step)
    places: list[int] = []
    for time in ordered:
        place = round((time - zero) / step) - first
        places.append(max(places[-1] + 1, place) if places else 0)
    return step, places


def in_order(items: Iterable[tuple[int, _T]], depth: int) -> Iterator[tuple[int, _T]]:
    """Yield the items in the order given, their times sorted over ``depth`` neighbours and strictly rising.

    Some files (packed B-frames in AVI) have the right frames in the right order, with their times exchanged.
    """
    waiting: list[_T] = []
    times: list[int] = []
    last: int | None = None
    for time, item in items:
        waiting.append(item)
        if len(times) < depth:
            heappush(times, time)
            continue
        least = heappushpop(times, time)
        last = least if last is None else max(least, last + 1)
        yield last, waiting.pop(0)
    for time, item in zip(sorted(times), waiting, strict=True):
        last = time if last is None else max(time, last + 1)
        yield last, item


def shown_between(
    items: Iterable[tuple[int, _T]], start: Tick, end: Tick, step: int, slack: Tick
) -> Iterator[tuple[Tick, Tick, _T]]:
    """Yield the frames displayed from ``start`` to ``end``: each with its time and the time of the next.

    A frame that begins within ``slack`` of a border counts from or up to its own time. One that is displayed
    for longer, across a border, counts for the part inside.

    Args:
        items: frames with rising times, from before ``start`` on.
        start, end: in the items' ticks.
        step: duration of the last frame.
        slack: at most half of a typical duration.
    """
    first, reached, stop = start - slack, start + slack, end - slack
    held: tuple[int, _T] | None = None
    for time, item in items:
        if held and (held[0] >= first or time > reached):
            yield (
                held[0] if held[0] >= first else start,
                shown_until(held[0], time, end, step, slack),
                held[1],
            )
        if time >= stop:
            return
        held = time, item
    if held and (held[0] >= first or held[0] + step > reached):
        begin = held[0] if held[0] >= first else start
        yield begin, shown_until(held[0], None, end, step, slack), held[1]


def shown_until(time: int, following: int | None, end: Tick, step: int, slack: Tick) -> Tick:
    """When the display of a frame ends that begins at ``time``.

    It ends with the following one, or at ``end`` where that is more than ``slack`` earlier. The last frame is
    displayed for ``step``.
    """
    until = time + step if following is None else following
    return end if until > end + slack and end > time else until
