"""Trees, lamps and parked cars that hide travellers behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from synthetic.paint.light import Colour, tinted
from synthetic.paint.patch import Hidden, Image, Patch, Veil
from synthetic.paint.setting import Setting
from synthetic.paint.trees import Tree, put_tree
from synthetic.paint.vehicles import vehicle
from synthetic.street.backdrop import LAMP_TALL, LAMPS, TREES
from synthetic.street.travellers import ground_under

_PARKED = ((-20.6, 3), (-9.4, 5), (-3.7, 11))  # x, and the number that selects their looks
_PARKED_Y = 19.65
_LEAVES: Colour = (62, 138, 96)
_STEEL: Colour = (92, 88, 84)

Put = Callable[[Image], Patch | None]
"""Paints a thing over the still picture's shadows; None when it is not in the picture."""


def furniture(still: Image, setting: Setting, seed: int) -> list[tuple[float, Image]]:
    """Paint all of it onto the empty street.

    Returns for each thing its y in metres, and a mask of the picture's size: 255 where it hides what is
    behind it. Nearest last.
    """
    masks = []
    for y, put in sorted(_things(setting, seed), key=lambda thing: -thing[0]):
        mask = np.zeros(still.shape[:2], np.uint8)
        patch = put(still)
        if patch is not None:
            patch.over(still)
            patch.cover_on(mask)
            masks.append((y, mask))
    if setting.light.dark:
        _lamplight(still, setting)
    return masks


def hidden_behind(masks: list[tuple[float, Image]], y: float) -> Hidden:
    """Return the mask of what is in front of `y`."""
    nearer = [mask for at, mask in masks if at < y]
    if not nearer:
        return None
    together = nearer[0].copy()
    for mask in nearer[1:]:
        cv2.max(together, mask, dst=together)
    return together


def _things(setting: Setting, seed: int) -> list[tuple[float, Put]]:
    things: list[tuple[float, Put]] = []
    for index, (x, y, tall) in enumerate(TREES):
        tree = Tree(x, y, tall, 2.0, _LEAVES)
        things.append((y, partial(put_tree, setting, tree, np.random.default_rng([seed, 4, index]))))
    things += [(y, partial(_put_lamp, setting, (x, y), reach)) for x, y, reach in LAMPS]
    things += [(_PARKED_Y, partial(_put_car, setting, x, look + seed)) for x, look in _PARKED]
    return things


def _put_lamp(setting: Setting, foot: tuple[float, float], reach: float, still: Image) -> Patch | None:
    view, light = setting.view, setting.light
    x, y = foot
    top, head = (x, y, LAMP_TALL), (x, y + reach, LAMP_TALL + 0.15)
    path = view.project([(x, y, 0.0), (x, y, LAMP_TALL - 0.4), top, head])
    patch = Patch.around(path, still, margin=12)
    if patch is None:
        return None
    scale = view.scale(x, y)
    steel = tinted(_STEEL, light.falling((-0.6, -0.8, 0.0), light.glow_at(x, y, 2.0)))
    patch.line(view.project([(x, y, 0.0), (x, y, 0.9)]), scale * 0.2, steel)
    patch.line(path, scale * 0.12, steel)
    ends = view.project([(x, y + reach * 0.55, LAMP_TALL + 0.1), head])
    patch.line(ends, scale * 0.2, steel)
    if light.dark:
        patch.line(ends + np.array((0, scale * 0.05)), scale * 0.14, (190, 236, 255))
    return patch


def _put_car(setting: Setting, x: float, look: int, still: Image) -> Patch | None:
    view, car = setting.view, vehicle("car", look, -1)
    ends = [(x + dx, _PARKED_Y + dy) for dx in (-2.4, 2.4) for dy in (-1.0, 1.0)]
    box = view.project([(*end, z) for end in ends for z in (0.0, 1.5)])
    shadow, patch = Veil.around(box, still, margin=8), Patch.around(box, still)
    if shadow is None or patch is None:
        return None
    shadow.polygon(view.project(ground_under(x, _PARKED_Y, car.length, car.half_width)))
    shadow.shade(still, (0.45, 0.45, 0.45), 0.12 * view.scale(x, _PARKED_Y))
    car.paint(patch, setting, x, _PARKED_Y, -1, lights=False)
    return patch


def _lamplight(still: Image, setting: Setting) -> None:
    """The halo around each lit lamp."""
    for x, y, reach in LAMPS:
        head = setting.view.project([(x, y + reach * 0.8, LAMP_TALL + 0.1)])
        scale = setting.view.scale(x, y)
        for radius_m, light in ((0.35, 130.0), (1.3, 45.0)):
            veil = Veil.around(head, still, margin=radius_m * scale * 4 + 2)
            if veil is not None:
                veil.disk(head[0], radius_m * scale)
                veil.shine(still, (0.6 * light, 0.85 * light, light), radius_m * scale)
