"""The path of one traveller through the picture, and when it is visible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from synthetic.event import Event, box_around
from synthetic.paint.light import Light
from synthetic.paint.setting import Setting
from synthetic.paint.vehicles import VEHICLES, vehicle
from synthetic.street.script import Traveller, group
from synthetic.view import Floats, View

BEAM_M = 6.5
_STEP_S = 0.2
_FARTHEST_M = 70.0  # along the street; nothing is visible beyond
_NEAREST_M = 24.0  # to the right, where the picture ends


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """A traveller with its path through the picture of one camera.

    Attributes:
        enter_x: where it is when its first part is seen, in metres along the street.
        start_s, end_s: when it is seen, from the start of its group.
        body: corners around it, (n, 3) in metres from its own place on the ground.
        shadow: corners of its shadow, likewise; empty in the dark.
        lit: corners of the ground that its headlights shine on, likewise; empty by day.
        outline: all of these.
    """

    traveller: Traveller
    enter_x: float
    start_s: float
    end_s: float
    body: Floats
    shadow: Floats
    lit: Floats
    outline: Floats

    def x(self, at_s: float) -> float:
        """Return its place along the street."""
        return self.enter_x + self.traveller.heading * self.traveller.speed_mps * (at_s - self.start_s)

    def moved(self, points: Floats, at_s: float) -> Floats:
        """Convert points relative to its place to the world."""
        return np.asarray(points + np.array((self.x(at_s), self.traveller.y, 0.0)))


@lru_cache(maxsize=16)
def passages(seed: int, number: int, setting: Setting) -> tuple[Passage, ...]:
    """Return the paths of all travellers of a group, in order of their starts."""
    return tuple(_passage(traveller, setting) for traveller in group(seed, number))


def event(passage: Passage, setting: Setting) -> Event:
    """Return the passage as an event in the picture; times from the start of the group."""
    length_s = passage.end_s - passage.start_s
    times = np.linspace(passage.start_s, passage.end_s, max(2, math.ceil(length_s / _STEP_S) + 1))
    view = setting.view
    boxes = tuple(
        box_around(view.project(passage.moved(passage.outline, float(at_s))), view.width, view.height)
        for at_s in times
    )
    kind = passage.traveller.kind
    return Event(kind, passage.start_s, passage.end_s, boxes, _brightness(kind, dark=setting.light.dark))


def _brightness(kind: str, *, dark: bool) -> float:
    # Against grey asphalt: lorries here are mostly white; buses are lit from within at dusk.
    if dark:
        return {"bus": 0.35, "lorry": 0.2, "car": 0.12, "van": 0.15}.get(kind, 0.0)
    return {"bus": 0.1, "lorry": 0.4, "van": 0.3}.get(kind, 0.0)


def _passage(traveller: Traveller, setting: Setting) -> Passage:
    body = _body(traveller)
    shadow, lit = np.zeros((0, 3)), np.zeros((0, 3))
    if not setting.light.dark:
        # Above the knees people are much narrower than the box around their steps.
        slim = 1.0 if traveller.kind in VEHICLES else 0.4
        shadow = _shadow(body * (slim, slim, 0.95), setting.light)
    elif traveller.kind in VEHICLES:
        lit = _lit(traveller)
    outline = np.concatenate([body, shadow, lit])
    left, right = _visible(outline, traveller.y, setting.view)
    enter = left if traveller.heading > 0 else right
    end_s = traveller.start_s + (right - left) / traveller.speed_mps
    return Passage(traveller, enter, traveller.start_s, end_s, body, shadow, lit, outline)


def _body(traveller: Traveller) -> Floats:
    """The corners of the box around a traveller."""
    if traveller.kind in VEHICLES:
        solid = vehicle(traveller.kind, traveller.look, traveller.heading)
        length, width, height = solid.length / 2 + 0.1, solid.half_width + 0.2, solid.height
    elif traveller.kind == "cyclist":
        length, width, height = 0.95, 0.35, 1.85
    else:
        length, width, height = 0.5 if traveller.kind == "walker" else 0.75, 0.3, 1.95
    return np.array([(x, y, z) for x in (-length, length) for y in (-width, width) for z in (0.0, height)])


def _shadow(body: Floats, light: Light) -> Floats:
    """Return the shadow of a box on the ground."""
    x, y, z = light.to_sun
    fallen = body - body[:, 2:] * np.array([x / z, y / z, 1.0])
    hull = cv2.convexHull(fallen[:, :2].astype(np.float32))[:, 0, :]
    return np.concatenate([hull, np.zeros((len(hull), 1))], axis=1).astype(np.float64)


def _lit(traveller: Traveller) -> Floats:
    """Return the box of ground that headlights illuminate, soft edges included."""
    front = vehicle(traveller.kind, traveller.look, traveller.heading).length / 2
    ends = (front - 1.2, front + BEAM_M + 1.2)
    return np.array([(x * traveller.heading, y, 0.0) for x in ends for y in (-2.8, 2.8)])


def _visible(outline: Floats, y: float, view: View) -> tuple[float, float]:
    """Return the first and the last x at which any part of an outline is in the picture."""

    def shown(x: float) -> bool:
        pixels = view.project(outline + np.array((x, y, 0.0)))
        x0, y0, x1, y1 = box_around(pixels, view.width, view.height)
        return x0 < 1 and y0 < 1 and x1 > 0 and y1 > 0

    middle = -math.tan(view.yaw_rad) * -y
    edges = []
    for beyond in (-_FARTHEST_M, _NEAREST_M):
        inside, outside = middle, beyond
        for _ in range(24):
            half = (inside + outside) / 2
            inside, outside = (half, outside) if shown(half) else (inside, half)
        edges.append(outside)
    return edges[0], edges[1]
