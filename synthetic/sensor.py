"""The sensor of a camera: exposure and noise."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from synthetic.event import Event
from synthetic.paint.patch import Image
from synthetic.scene import Scene
from synthetic.schedule import group_at, happening, place

_REACTION_S = 0.15  # a few frames pass before a camera reacts
_SETTLING_S = 0.6  # then it takes this long for two thirds of the change
_MEMORY_S = 3.0
_MEMORY_STEP_S = 0.1
_STRENGTH = 2.2
_NOISE_MARGIN_PX = 64


def draw(scene: Scene, at_s: float) -> Image:
    """Return the scene at a time, without noise and exposure: BGR, (height, width, 3)."""
    number, since_s = group_at(scene, at_s)
    return place(scene).picture(number, since_s)


def photograph(scene: Scene, number: int) -> Image:
    """Return the frame of this number (from 0), with noise and exposure: BGR, (height, width, 3)."""
    at_s = number / scene.fps
    frame = draw(scene, at_s)
    if scene.exposure:
        cv2.convertScaleAbs(frame, dst=frame, alpha=gain(scene, at_s))
    if scene.noise > 0:
        _add_noise(frame, scene, number)
    return frame


def gain(scene: Scene, at_s: float) -> float:
    """Return the exposure factor: about 1, less when something bright is visible."""
    first_s = at_s - _REACTION_S - _MEMORY_S
    events = [event for event in happening(scene, first_s, at_s) if event.brightness]
    bright = weights = 0.0
    for step in range(round(_MEMORY_S / _MEMORY_STEP_S)):
        age_s = step * _MEMORY_STEP_S
        weight = math.exp(-age_s / _SETTLING_S)
        bright += weight * sum(_share(event, at_s - _REACTION_S - age_s) for event in events)
        weights += weight
    # Two slow waves without a common period: clouds, and the drift of the sensor.
    turn = 2 * math.pi * at_s
    drift = 0.012 * math.sin(turn / 47 + scene.seed) + 0.007 * math.sin(turn / 19)
    return (1 + drift) / (1 + _STRENGTH * bright / weights)


def _share(event: Event, at_s: float) -> float:
    """How much an event brightens the whole picture at a time, as a share of white."""
    if not event.within(at_s):
        return 0.0
    width, height = event.size(at_s)
    return event.brightness * width * height


def _add_noise(frame: Image, scene: Scene, number: int) -> None:
    more, less = _noise(scene.noise, scene.width, scene.height)
    x, y = np.random.default_rng([scene.seed, 11, number]).integers(_NOISE_MARGIN_PX, size=2)
    rows, columns = slice(y, y + scene.height), slice(x, x + scene.width)
    cv2.add(frame, more[rows, columns], dst=frame)
    cv2.subtract(frame, less[rows, columns], dst=frame)


@lru_cache(maxsize=4)
def _noise(deviation: float, width: int, height: int) -> tuple[Image, Image]:
    """Return what to add and what to subtract: noise on a field larger than the picture, to be shifted.

    Most of it is common to the three colours: a camera makes each pixel's colours of its neighbours' too.
    """
    rng = np.random.default_rng(12)
    shape = (height + _NOISE_MARGIN_PX, width + _NOISE_MARGIN_PX)
    common, own = math.sqrt(0.75), math.sqrt(0.25)
    noise = common * rng.normal(size=(*shape, 1)) + own * rng.normal(size=(*shape, 3))
    # Rounded at random, or noise of less than half a grey level would vanish.
    levels = np.floor(deviation * noise + rng.uniform(size=(*shape, 1)))
    return np.clip(levels, 0, 255).astype(np.uint8), np.clip(-levels, 0, 255).astype(np.uint8)
