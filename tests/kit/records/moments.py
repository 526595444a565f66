"""Moments as if described, one for each window index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analyzer.describe.moment import Moment
from analyzer.signal.activity import Activity, Mover
from analyzer.signal.sound.record import Sound, Speech
from analyzer.signal.window import Window
from tests.kit.records.windows import measured


def moment(
    index: int,
    *,
    camera: str = "front",
    importance: float = 5.0,
    tags: Sequence[str] = (),
    title: str = "A mover crosses left to right",
    text: str = "A mover crosses the picture from left to right. It takes four seconds.",
) -> Moment:
    window = measured(index, [(2.0, 900.0)], camera=camera)
    return Moment(window, title, text, importance, tuple(tags), "scripted", 0.1)


def heard(told: Moment, *speech: Speech) -> Moment:
    """The moment, with speech in its window."""
    sound = Sound(-20.0, -45.0, -35.0, levels=(-45.0,) * 50, speech=speech)
    return replace(told, window=replace(told.window, sound=sound))


def active(index: int, activity: Activity, *, camera: str = "front") -> Window:
    """A window in which this was measured."""
    return replace(measured(index, [(2.0, 900.0)], camera=camera), activity=activity)


def mover(
    span_s: tuple[float, float],
    x: tuple[float, float] = (0.5, 0.5),
    y: tuple[float, float] = (0.5, 0.5),
    share: float = 0.02,
) -> Mover:
    """A mover by its first and last sight."""
    return Mover(span_s[0], span_s[1], x[0], y[0], x[1], y[1], share)
