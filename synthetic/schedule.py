"""The times of events: one group in each period, with quiet in between."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np

from synthetic.event import Event
from synthetic.field import match
from synthetic.field.field import Field
from synthetic.scene import Scene
from synthetic.street import script as street_script
from synthetic.street.street import Street

_FIRST_S = 3.0  # so that a stream begins with a short quiet time
_LONGEST_S = max(match.MAX_SPAN_S, street_script.MAX_SPAN_S)
_MOST_LATE_S = 4.0
_LEAST_QUIET_S = 10.0


def scheduled(scene: Scene, until_s: float) -> tuple[Event, ...]:
    """Return all events that start before a time, in order of their starts.

    An event is the same however far the schedule is asked for. Between two groups of events nothing
    moves: for 10 to 40 seconds at the usual number of groups a minute.
    """
    return tuple(event for event in happening(scene, 0.0, until_s) if event.start_s < until_s)


def happening(scene: Scene, from_s: float, to_s: float) -> tuple[Event, ...]:
    """Return all events in progress at a time, in order of their starts."""
    if not scene.groups_per_minute or to_s < 0:
        return ()
    events: list[Event] = []
    for number in range(max(_number(scene, from_s) - 1, 0), max(_number(scene, to_s), 0) + 1):
        events += _group(scene, number)
    inside = (event for event in events if event.start_s <= to_s and event.end_s >= from_s)
    return tuple(sorted(inside, key=lambda event: event.start_s))


def group_at(scene: Scene, at_s: float) -> tuple[int, float]:
    """Return the number of the latest group and the time since its start; negative before the first."""
    if not scene.groups_per_minute:
        return 0, -1.0
    number = max(_number(scene, at_s), 0)
    if number and at_s < _start_s(scene, number):
        number -= 1
    return number, at_s - _start_s(scene, number)


def place(scene: Scene) -> Street | Field:
    """Return the place of a scene, with its backdrop; the last few are cached."""
    return _place(scene.place, scene.seed, scene.light, scene.width, scene.height)


@lru_cache(maxsize=4)
def _place(name: str, seed: int, light: str, width: int, height: int) -> Street | Field:
    kind = Street if name == "street" else Field
    return kind(seed, width, height, dusk=light == "dusk")


def _period_s(scene: Scene) -> float:
    return 60.0 / scene.groups_per_minute


def _number(scene: Scene, at_s: float) -> int:
    """Return the number of the period that contains a time."""
    return math.floor((at_s - _FIRST_S) / _period_s(scene))


def _start_s(scene: Scene, number: int) -> float:
    spare_s = _period_s(scene) - _LONGEST_S - _LEAST_QUIET_S
    late_s = np.random.default_rng([scene.seed, 10, number]).uniform(0, min(max(spare_s, 0.0), _MOST_LATE_S))
    return _FIRST_S + number * _period_s(scene) + float(late_s)


def _group(scene: Scene, number: int) -> tuple[Event, ...]:
    # Settings of the sensor and the encoder do not change the events.
    return _timed(replace(scene, noise=0.0, duration_s=None, fps=1.0, audio=False, exposure=False), number)


@lru_cache(maxsize=256)
def _timed(scene: Scene, number: int) -> tuple[Event, ...]:
    start_s = _start_s(scene, number)
    return tuple(
        replace(event, start_s=event.start_s + start_s, end_s=event.end_s + start_s)
        for event in place(scene).events(number)
    )
