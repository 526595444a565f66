"""Windows as a chart: signal, threshold, floor, peaks, gaps and ticks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analyzer.reel.records import Gap
from analyzer.report.axis import Axis, Horizon, Tick
from analyzer.report.sound_curve import SoundCurve, sound_curve
from analyzer.signal.window import Keyframe, Peak, Window

WIDTH, HEIGHT = 100_000, 1_000  # the drawing's own units: integers of these are finer than any screen
MAX_STEPS = 2_000  # runs of the threshold, the noise floor and quiet time that one chart draws
MAX_BORDERS = 1_000  # more windows than this have no borders drawn: they would be a grey wall
_Y_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the axis as fractions of its length, 0 to 1, with what it says."""

    left: float
    right: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A peak: its place as fractions of the chart (0, 0 is top left), its axis time and its value."""

    left: float
    top: float
    at_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The signal in equal steps of the axis: the highest value of each, NaN where nothing was observed."""

    start_s: float
    step_s: float
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chart:
    """One camera over the page's horizon. ``line`` to ``borders`` are SVG path data in WIDTH x HEIGHT.

    Attributes:
        camera: whose signal.
        windows: how many windows it shows.
        highest: the signal's highest value.
        ceiling: the signal's value at the upper edge; heights go with the square root of the value.
        series: what ``line`` and ``area`` draw.
        borders: the windows' borders; empty where there are more than MAX_BORDERS.
        marks: the peaks, in time order; all of them unless there were more than asked for.
        peaks: how many peaks there are.
        sound: the level of the sound, below the signal.
    """

    camera: str
    windows: int
    highest: float
    ceiling: float
    series: Series
    line: str
    area: str
    threshold: str
    floor: str
    quiet: str
    borders: str
    marks: tuple[Mark, ...]
    peaks: int
    gaps: tuple[Band, ...]
    y_ticks: tuple[Tick, ...]
    sound: SoundCurve


def chart(
    camera: str,
    windows: Sequence[Window],
    gaps: Sequence[tuple[Gap, str]],
    axis: Axis,
    shown: Horizon,
    *,
    max_points: int,
    max_marks: int,
) -> Chart:
    """Draw one camera's windows, in time order, and its gaps with what they say.

    Beyond ``max_points`` samples the signal is thinned to the highest value of each step; beyond
    ``max_marks`` peaks the highest of each stretch of time are kept.
    """
    series = _series(windows, axis, shown, max_points)
    peaks = [(w, p) for w in windows for p in w.peaks]
    highest = max((w.signal_max for w in windows), default=0.0)
    ceiling = 1.08 * max([1.0, highest, *(2 * w.threshold for w in windows)])
    scale = _Scale(ceiling)
    line = _line(series, shown, scale)
    return Chart(
        camera=camera,
        windows=len(windows),
        highest=highest,
        ceiling=ceiling,
        series=series,
        line="".join(line),
        area="".join(_closed(series, shown, scale)),
        threshold=_stairs(windows, axis, shown, scale, lambda w: w.threshold),
        floor=_stairs(windows, axis, shown, scale, lambda w: w.noise_floor),
        quiet=_quiet(windows, axis, shown),
        borders=_borders(windows, axis, shown),
        marks=tuple(mark(w, p, axis, shown, ceiling) for w, p in thin(peaks, max_marks, _peak_value)),
        peaks=len(peaks),
        gaps=tuple(_gap(gap, label, axis, shown) for gap, label in gaps),
        y_ticks=scale.ticks(),
        sound=sound_curve(
            windows, axis, shown, width=WIDTH, height=HEIGHT, max_points=max_points, max_marks=max_marks
        ),
    )


def mark(window: Window, peak: Peak | Keyframe, axis: Axis, shown: Horizon, ceiling: float) -> Mark:
    """A window's peak at its place in a chart with that ceiling."""
    at_s = axis.media(window, peak.pts_s)
    return Mark(shown.at(at_s), _Scale(ceiling).top(peak.value), at_s, peak.value)


def dots(marks: Iterable[Mark]) -> str:
    """SVG path data of a dot for each mark: lines without length, to be drawn with round ends."""
    return "".join(f"M{round(m.left * WIDTH)} {round(m.top * HEIGHT)}h0" for m in marks)


def thin(items: Sequence[T], at_most: int, value: Callable[[T], float]) -> list[T]:
    """The highest item of each of ``at_most`` equal runs of a sequence, in order; all if they fit."""
    if len(items) <= at_most:
        return list(items)
    edges = [len(items) * n // at_most for n in range(at_most + 1)]
    return [max(items[low:high], key=value) for low, high in pairwise(edges)]


def _x(shown: Horizon, at_s: float) -> int:
    return round(shown.at(at_s) * WIDTH)


def _peak_value(item: tuple[Window, Peak]) -> float:
    return item[1].value


@dataclass(frozen=True, slots=True)
class _Scale:
    """Square root, so that a walker stays visible next to a lorry a hundred times as large."""

    ceiling: float

    def top(self, value: float) -> float:
        return 1.0 - math.sqrt(min(1.0, max(0.0, value / self.ceiling)))

    def y(self, value: float) -> int:
        return round(self.top(value) * HEIGHT)

    def ticks(self) -> tuple[Tick, ...]:
        wanted = [self.ceiling * part**2 for part in (0.3, 0.6, 0.88)]
        values = {0.0, *(_rounded(value) for value in wanted)}
        return tuple(Tick(self.top(v), f"{v:,.0f}" if v >= 10 else f"{v:g}") for v in sorted(values))


def _rounded(value: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(value))
    return max(step for step in _Y_STEPS if step <= value / power + 1e-9) * power


def _series(windows: Sequence[Window], axis: Axis, shown: Horizon, max_points: int) -> Series:
    span_s = shown.end_s - shown.start_s
    sample_s = min((w.signal_step_s for w in windows), default=span_s)
    step_s = sample_s * max(1, math.ceil(span_s / sample_s / max_points))
    values = np.full(math.ceil(span_s / step_s - 1e-6), np.nan)
    for window in windows:
        at_s = axis.media(window, window.start_s) - shown.start_s
        middles = at_s + (np.arange(len(window.signal)) + 0.5) * window.signal_step_s
        bins = np.clip((middles / step_s).astype(np.int64), 0, len(values) - 1)
        np.fmax.at(values, bins, np.asarray(window.signal, np.float64))
    return Series(shown.start_s, step_s, values)


def _runs(series: Series) -> Iterator[list[int]]:
    """Unbroken runs of indices that hold a value."""
    for seen, run in groupby(range(len(series.values)), lambda i: not np.isnan(series.values[i])):
        if seen:
            yield list(run)


def _points(run: Iterable[int], series: Series, shown: Horizon, scale: _Scale) -> list[tuple[int, int]]:
    """A run's points; a lone one gets the width of its step, to be seen at all."""
    at = [(series.start_s + (i + 0.5) * series.step_s, float(series.values[i])) for i in run]
    if len(at) == 1:
        (middle_s, value), half_s = at[0], series.step_s / 2
        at = [(middle_s - half_s, value), (middle_s + half_s, value)]
    return [(_x(shown, t), scale.y(value)) for t, value in at]


def _line(series: Series, shown: Horizon, scale: _Scale) -> Iterator[str]:
    for run in _runs(series):
        yield _polyline(_points(run, series, shown, scale))


def _closed(series: Series, shown: Horizon, scale: _Scale) -> Iterator[str]:
    for run in _runs(series):
        points = _points(run, series, shown, scale)
        yield f"{_polyline([(points[0][0], HEIGHT), *points])}V{HEIGHT}Z"


def _polyline(points: Sequence[tuple[int, int]]) -> str:
    """SVG path data; relative steps, which are half as long to write as places."""
    x, y = points[0]
    steps = " ".join(f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(points))
    return f"M{x} {y}l{steps}"


def _stairs(
    windows: Sequence[Window], axis: Axis, shown: Horizon, scale: _Scale, value: Callable[[Window], float]
) -> str:
    """A level line per window; equal neighbours are joined, gaps are left open."""
    size = math.ceil(len(windows) / MAX_STEPS) or 1
    data, end, level = [], None, None
    for low in range(0, len(windows), size):
        part = windows[low : low + size]
        left, right = (
            _x(shown, axis.media(part[0], part[0].start_s)),
            _x(shown, axis.media(part[-1], part[-1].end_s)),
        )
        y = scale.y(max(map(value, part)))
        if end is None or left - end > 1:
            data.append(f"M{left} {y}")
        elif y != level:
            data.append(f"V{y}")
        data.append(f"H{right}")
        end, level = right, y
    return "".join(data)


def _quiet(windows: Sequence[Window], axis: Axis, shown: Horizon) -> str:
    """Boxes over quiet time; those too narrow to see are left out."""
    boxes = []
    for quiet, run in groupby(windows, lambda w: w.quiet):
        part = list(run)
        left, right = (
            _x(shown, axis.media(part[0], part[0].start_s)),
            _x(shown, axis.media(part[-1], part[-1].end_s)),
        )
        if quiet and right - left >= WIDTH / MAX_STEPS:
            boxes.append(f"M{left} 0H{right}V{HEIGHT}H{left}Z")
    return "".join(boxes)


def _borders(windows: Sequence[Window], axis: Axis, shown: Horizon) -> str:
    if len(windows) > MAX_BORDERS:
        return ""
    return "".join(f"M{_x(shown, axis.media(w, w.start_s))} 0V{HEIGHT}" for w in windows)


def _gap(gap: Gap, label: str, axis: Axis, shown: Horizon) -> Band:
    start_s, end_s = axis.wall(gap.camera, gap.start_utc), axis.wall(gap.camera, gap.end_utc)
    return Band(shown.at(start_s), shown.at(end_s), label)
