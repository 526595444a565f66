"""The level of the sound as a curve under the signal, with its peaks, and speech along the lower edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from analyzer.report.axis import Axis, Horizon
from analyzer.signal.sound.record import Sound
from analyzer.signal.window import Window

LOWEST_DB, HIGHEST_DB = -70.0, -10.0
"""Levels at the lower edge of the chart, and at the top of the curve."""

SHARE = 0.3
"""How much of the chart's height the curve takes, at the lower edge."""

SPEECH_SHARE = 0.03
"""How high the bars of speech are."""


@dataclass(frozen=True, slots=True)
class SoundCurve:
    """One camera's sound. ``area``, ``dots`` and ``bars`` are SVG path data, empty where there is none.

    Attributes:
        area: the level, filled down to the lower edge.
        dots: loud noises and changes of sound.
        bars: when there is speech.
        peaks: how many peaks there are.
    """

    area: str = ""
    dots: str = ""
    bars: str = ""
    peaks: int = 0


def sound_curve(
    windows: Sequence[Window],
    axis: Axis,
    shown: Horizon,
    *,
    width: int,
    height: int,
    max_points: int,
    max_marks: int,
) -> SoundCurve:
    """Draw the sound of one camera's windows, in a drawing of this size.

    Beyond ``max_points`` steps the level is thinned to the highest of each; beyond ``max_marks`` peaks the
    strongest windows' are drawn.
    """
    audible = [(window, window.sound) for window in windows if window.sound is not None]
    if not audible:
        return SoundCurve()
    drawing = _Drawing(shown, width, height)
    levels, step_s = _levels(audible, axis, shown, max_points)
    found = [(window, peak) for window, sound in audible for peak in sound.peaks]
    drawn = sorted(found, key=lambda item: -item[1].strength)[:max_marks]
    dots = [
        f"M{drawing.x(axis.media(window, peak.pts_s))} {drawing.y(peak.level_db)}h0" for window, peak in drawn
    ]
    spoken = [
        (drawing.x(axis.media(window, it.start_s)), drawing.x(axis.media(window, it.end_s)))
        for window, sound in audible
        for it in sound.speech
    ]
    return SoundCurve(drawing.area(levels, step_s), "".join(dots), _bars(spoken, height), len(found))


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Where times and levels stand in a drawing of this size."""

    shown: Horizon
    width: int
    height: int

    def x(self, at_s: float) -> int:
        return round(min(1.0, self.shown.at(at_s)) * self.width)

    def y(self, level_db: float) -> int:
        share = (level_db - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)
        return round(self.height * (1 - SHARE * min(1.0, max(0.0, share))))

    def area(self, levels: NDArray[np.float64], step_s: float) -> str:
        """Return the path of levels, filled down to the lower edge; steps without one are left out."""
        parts = []
        for known, run in groupby(range(len(levels)), lambda nth: not math.isnan(levels[nth])):
            steps = list(run)
            if known:
                starts_s = [self.shown.start_s + nth * step_s for nth in steps]
                line = "".join(
                    f"L{self.x(at_s)} {self.y(float(levels[nth]))}"
                    for nth, at_s in zip(steps, starts_s, strict=True)
                )
                left, right = self.x(starts_s[0]), self.x(starts_s[-1] + step_s)
                parts.append(f"M{left} {self.height}{line}H{right}V{self.height}Z")
        return "".join(parts)


def _levels(
    audible: Sequence[tuple[Window, Sound]], axis: Axis, shown: Horizon, max_points: int
) -> tuple[NDArray[np.float64], float]:
    """Return the highest level (dB) of each step, NaN where there is none, and a step's length in seconds."""
    span_s = shown.end_s - shown.start_s
    step_s = max(min(sound.level_step_s for _, sound in audible), span_s / max_points)
    levels = np.full(math.ceil(span_s / step_s - 1e-6), np.nan)
    for window, sound in audible:
        at_s = axis.media(window, window.start_s) - shown.start_s
        values = np.array([math.nan if level is None else level for level in sound.levels])
        middles = at_s + (np.arange(len(values)) + 0.5) * sound.level_step_s
        places = np.clip((middles / step_s).astype(np.int64), 0, len(levels) - 1)
        np.fmax.at(levels, places, values)
    return levels, step_s


def _bars(spans: Sequence[tuple[int, int]], height: int) -> str:
    """Return bars along the lower edge, one for spans between which nothing could be seen."""
    joined: list[tuple[int, int]] = []
    for left, right in sorted(spans):
        if joined and left <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], right))
        else:
            joined.append((left, max(right, left + 1)))
    top = round(height * (1 - SPEECH_SHARE))
    return "".join(f"M{left} {top}H{right}V{height}H{left}Z" for left, right in joined)
