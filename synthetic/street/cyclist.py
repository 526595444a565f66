"""A cyclist; distances in metres from the point between the wheels."""

from __future__ import annotations

import math

import numpy as np

from synthetic.paint.light import Colour, mixed, tinted
from synthetic.paint.patch import Patch, Stroke, Veil
from synthetic.paint.people import SHOE, Outfit, Stand, cast_shadow, placed, surface
from synthetic.paint.setting import Setting
from synthetic.view import Floats

_RUBBER: Colour = (40, 38, 38)
_HELMET: Colour = (70, 90, 190)
_HUBS = (-0.52, 0.54)
_RIM = np.arange(21) * (2 * math.pi / 20)
_WHEEL = np.stack([0.34 * np.cos(_RIM), 0 * _RIM, 0.34 + 0.34 * np.sin(_RIM)], axis=1)
# The frame: 0 rear hub, 1 pedals, 2 seat tube, 3 head tube, 4 front hub, 5 handlebar, 6 and 7 the saddle,
# 8 headlight, 9 taillight; from 10 on the wheels.
_FRAME = np.array(
    [
        (_HUBS[0], 0, 0.34), (-0.02, 0, 0.30), (-0.2, 0, 0.82), (0.36, 0, 0.84), (_HUBS[1], 0, 0.34),
        (0.4, 0, 1.0), (-0.34, 0, 0.9), (-0.08, 0, 0.9), (0.52, 0, 0.86), (-0.5, 0, 0.7),
    ]
)  # fmt: skip
_BICYCLE = np.concatenate([_FRAME, *(_WHEEL + np.array((hub, 0, 0)) for hub in _HUBS)])
_WHEELS = (list(range(10, 31)), list(range(31, 52)))
_TUBES = ([0, 1, 3], [0, 2, 3], [1, 2], [2, 6], [3, 4], [3, 5])
_SHADOW = tuple(Stroke(path, 0.06) for path in (*_WHEELS, *_TUBES))
_RIDER_SHADOW = (
    Stroke([0, 1], 0.36),
    Stroke([2, 2], 0.26),
    Stroke([0, 3, 4], 0.14),
    Stroke([0, 6, 7], 0.14),
    Stroke([1, 9, 10], 0.1),
)


def paint_cyclist(patch: Patch, setting: Setting, stand: Stand, outfit: Outfit, turn: float) -> None:
    """Paint a cyclist; `turn` is the angle of the pedals in radians."""
    size = setting.view.scale(stand.x, stand.y)
    factor = surface(setting, stand)
    rider = setting.view.project(placed(stand, _rider(turn)))
    bicycle = setting.view.project(placed(stand, _BICYCLE))
    patch.strokes(rider, size, _leg(outfit, 3, 0.8, factor))
    patch.strokes(bicycle, size, _machine(outfit, factor))
    patch.strokes(rider, size, [*_leg(outfit, 6, 1.0, factor), *_upper_body(outfit, factor)])
    if setting.light.dark:
        patch.disk(bicycle[8], size * 0.06, (225, 245, 255))
        patch.disk(bicycle[9], size * 0.05, (60, 50, 235))


def paint_cyclist_shadow(veil: Veil, setting: Setting, stand: Stand, turn: float) -> None:
    """Paint the shadow of a cyclist on the ground."""
    cast_shadow(veil, setting, stand, placed(stand, _rider(turn)), _RIDER_SHADOW)
    cast_shadow(veil, setting, stand, placed(stand, _BICYCLE), _SHADOW)


def _machine(outfit: Outfit, factor: Colour) -> list[Stroke]:
    rubber, paint = tinted(_RUBBER, factor), tinted(mixed(outfit.top, (60, 60, 200), 0.7), factor)
    strokes = [Stroke(path, 0.045, rubber) for path in _WHEELS]
    strokes += [Stroke(path, 0.045, paint) for path in _TUBES]
    return [*strokes, Stroke([6, 7], 0.06, rubber)]


def _leg(outfit: Outfit, knee: int, dim: float, factor: Colour) -> list[Stroke]:
    b, g, r = tinted(outfit.trousers, factor)
    cloth = (b * dim, g * dim, r * dim)
    return [
        Stroke([0, knee], 0.14, cloth),
        Stroke([knee, knee + 1], 0.11, cloth),
        Stroke([knee + 1, knee + 2], 0.075, tinted(SHOE, factor)),
    ]


def _upper_body(outfit: Outfit, factor: Colour) -> list[Stroke]:
    top, skin = tinted(outfit.top, factor), tinted(outfit.skin, factor)
    b, g, r = top
    return [
        Stroke([0, 1], 0.25, top),
        Stroke([1, 9], 0.09, (b * 0.9, g * 0.9, r * 0.9)),
        Stroke([9, 10], 0.075, skin),
        Stroke([2, 2], 0.23, skin),
        Stroke([11, 11], 0.23, tinted(_HELMET, factor)),
    ]


def _rider(turn: float) -> Floats:
    """Hips, chest, head, two legs (knee, ankle, toe), elbow, hand and helmet, (12, 3)."""
    hips = np.array([-0.2, 0, 0.98])
    points = [hips, np.array([0.2, 0, 1.4]), np.array([0.34, 0, 1.64])]
    for shift, aside in ((math.pi, 0.1), (0.0, -0.1)):
        foot = np.array([-0.02 + 0.17 * math.sin(turn + shift), aside, 0.38 + 0.17 * math.cos(turn + shift)])
        points += [_knee(hips, foot), foot, foot + np.array((0.14, 0, -0.02))]
    points += [np.array([0.3, -0.18, 1.14]), np.array([0.45, -0.16, 1.02]), np.array([0.33, 0, 1.685])]
    return np.array(points)


def _knee(hips: Floats, ankle: Floats) -> Floats:
    """Where two bones of 0.45 m meet between hip and ankle, in front of the line between them."""
    middle, along = (hips + ankle) / 2, ankle - hips
    half = float(np.hypot(along[0], along[2])) / 2
    bulge = math.sqrt(max(0.45**2 - half**2, 0.0))
    across = np.array([-along[2], 0, along[0]]) / (2 * half)
    return np.asarray(middle + across * bulge)
