"""The time axis of a page, in media or wall time, and its ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from analyzer.reel.records import Gap
from analyzer.signal.window import Window
from base.clock import parse_utc
from base.local_time import length_text, time_text, utc_offsets_s

_STEPS_S = (0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
_MAX_TICKS = 8
_MARGIN = 0.03
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a time stands on a page's time axis, in seconds.

    With media time the axis counts from each camera's first frame; later epochs follow at the wall
    time that lay between. Otherwise it is wall time: seconds since 1970 (UTC).

    Attributes:
        media_time: whether the axis is media time.
        offsets: by camera and epoch, wall time minus media time; only used with media time.
        zeros: by camera, the wall time of the axis' zero; only used with media time.
        zero_s: the same for cameras without windows.
    """

    media_time: bool
    offsets: Mapping[tuple[str, int], float]
    zeros: Mapping[str, float]
    zero_s: float

    @classmethod
    def of(cls, windows: Iterable[Window], gaps: Iterable[Gap], *, media_time: bool) -> Axis:
        """The axis of windows, in time order, and gaps."""
        offsets: dict[tuple[str, int], float] = {}
        zeros: dict[str, float] = {}
        for window in windows if media_time else ():
            offset = unix_s(window.start_utc) - window.start_s
            zeros.setdefault(window.camera, offset)
            offsets.setdefault((window.camera, window.epoch), offset)
        starts = zeros.values() or [unix_s(gap.start_utc) for gap in gaps]
        zero_s = min(starts, default=0.0) if media_time else 0.0
        return cls(media_time=media_time, offsets=offsets, zeros=zeros, zero_s=zero_s)

    def media(self, window: Window, at_s: float) -> float:
        """Where media time ``at_s`` of a window's epoch stands."""
        if self.media_time:
            return self.offsets[window.camera, window.epoch] - self.zeros[window.camera] + at_s
        return unix_s(window.start_utc) + at_s - window.start_s

    def wall(self, camera: str, utc: str) -> float:
        """Where a wall time of a camera stands."""
        return unix_s(utc) - self.zeros.get(camera, self.zero_s)

    def label(self, at_s: float, *, tenths: bool = False) -> str:
        """``m:ss`` of media time, or the local wall clock's ``hh:mm:ss``."""
        if self.media_time:
            return length_text(at_s, tenths=tenths)
        moment = datetime.fromtimestamp(at_s, UTC)
        return time_text(moment) + (f".{moment.microsecond // 100_000}" if tenths else "")

    def utc_offsets_s(self, start_s: float, end_s: float) -> list[tuple[float, float]]:
        """The user's zone over a span of the axis, as ``base.local_time.utc_offsets_s``; of media time, 0."""
        if self.media_time:
            return [(start_s, 0.0)]
        return utc_offsets_s(datetime.fromtimestamp(start_s, UTC), datetime.fromtimestamp(end_s, UTC))


def unix_s(utc: str) -> float:
    """Seconds since 1970 of an ISO 8601 time with Z."""
    return parse_utc(utc).timestamp()


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, as a fraction of its length, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Horizon:
    """The stretch of the axis that a page shows."""

    start_s: float
    end_s: float

    def at(self, at_s: float) -> float:
        """A time as a fraction of the horizon, clipped to 0 and 1."""
        return min(1.0, max(0.0, (at_s - self.start_s) / (self.end_s - self.start_s)))


def horizon(windows: Sequence[Window], gaps: Sequence[Gap], axis: Axis) -> Horizon:
    """From the first window or gap to the end of the last; one second where there is neither."""
    starts = [axis.media(w, w.start_s) for w in windows] + [axis.wall(g.camera, g.start_utc) for g in gaps]
    ends = [axis.media(w, w.end_s) for w in windows] + [axis.wall(g.camera, g.end_utc) for g in gaps]
    start_s = min(starts, default=0.0)
    return Horizon(start_s, max(*ends, start_s + 1.0) if ends else start_s + 1.0)


def x_ticks(shown: Horizon, axis: Axis) -> tuple[Tick, ...]:
    """At most eight round times, none so near an end that its text would be cut off.

    The page's script draws others when the chart is zoomed.
    """
    span_s = shown.end_s - shown.start_s
    step_s = next((s for s in _STEPS_S if span_s / s <= _MAX_TICKS), None)
    step_s = step_s or _DAY_S * math.ceil(span_s / _DAY_S / _MAX_TICKS)
    offset_s = axis.utc_offsets_s(shown.start_s, shown.start_s)[0][1]  # times are round on the user's clock
    first = math.ceil((shown.start_s + offset_s) / step_s)
    last = math.floor((shown.end_s + offset_s) / step_s)
    times = (n * step_s - offset_s for n in range(first, last + 1))
    ticks = (Tick(shown.at(t), axis.label(t)) for t in times)
    return tuple(tick for tick in ticks if _MARGIN < tick.at < 1 - _MARGIN)
