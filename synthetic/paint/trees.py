"""Trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.paint.light import Colour, tinted
from synthetic.paint.patch import Image, Patch
from synthetic.paint.setting import Setting
from synthetic.view import Floats

_BARK: Colour = (58, 74, 92)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree: its foot, whole height, radius of the crown and height of the trunk, in metres."""

    x: float
    y: float
    tall: float
    radius: float
    leaves: Colour
    trunk: float = 2.4


def put_tree(setting: Setting, tree: Tree, rng: np.random.Generator, still: Image) -> Patch | None:
    """A drawing of a tree for the picture."""
    reach = tree.radius * 1.3
    corners = [(tree.x + dx, tree.y, z) for dx in (-reach, reach) for z in (0.0, tree.tall + 0.6)]
    patch = Patch.around(setting.view.project(corners), still)
    if patch is not None:
        _paint(patch, setting, tree, rng)
    return patch


def _paint(patch: Patch, setting: Setting, tree: Tree, rng: np.random.Generator) -> None:
    """Paint a tree with a round crown."""
    view, light = setting.view, setting.light
    scale = view.scale(tree.x, tree.y)
    _trunk(patch, setting, tree)
    spots = _crown(tree, rng)
    flat = view.project(spots)
    middle = np.array([tree.x, tree.y, (tree.tall + tree.trunk) / 2])
    half = np.array([tree.radius, tree.radius, (tree.tall - tree.trunk) / 2])
    for spot, pixel in zip(spots, flat, strict=True):
        outward = (spot - middle) / half
        # Leaves at the outside and towards the light are bright; inside and below it is dark.
        open_to = float(np.clip(0.5 + 0.5 * np.dot(outward, light.to_sun), 0, 1)) ** 1.3
        bright = 0.42 + 0.62 * open_to + float(rng.uniform(-0.1, 0.1))
        glow = light.glow_at(*(float(value) for value in spot)) * 1.5
        factor = light.falling((0.0, 0.0, 1.0), min(glow * light.upright, 1.0))
        b, g, r = tinted(tree.leaves, factor)
        patch.disk(
            pixel, scale * tree.radius * float(rng.uniform(0.07, 0.15)), (b * bright, g * bright, r * bright)
        )


def _trunk(patch: Patch, setting: Setting, tree: Tree) -> None:
    view, light = setting.view, setting.light
    scale = view.scale(tree.x, tree.y)
    glow = light.glow_at(tree.x, tree.y, 1.5)
    bark = tinted(_BARK, light.falling((-0.5, -0.8, 0.2), glow))
    fork = (tree.x, tree.y, tree.trunk)
    patch.line(view.project([(tree.x, tree.y, 0.05), fork]), scale * 0.3, bark)
    for aside, up in ((-0.5, 0.42), (0.45, 0.5), (0.05, 0.62)):
        tip = (tree.x + aside * tree.radius, tree.y, tree.trunk + up * (tree.tall - tree.trunk))
        patch.line(view.project([fork, tip]), scale * 0.14, bark)


def _crown(tree: Tree, rng: np.random.Generator, count: int = 420) -> Floats:
    """Places of leaf clusters, farthest and lowest first, (count, 3): some bulges make the crown uneven."""
    bulges = rng.normal(size=(9, 3))
    bulges *= 0.52 / np.linalg.norm(bulges, axis=1)[:, None]
    around = rng.normal(size=(count, 3))
    around *= rng.uniform(0.25, 0.5, (count, 1)) / np.linalg.norm(around, axis=1)[:, None]
    spots = bulges[rng.integers(len(bulges), size=count)] + around
    order = np.argsort(spots[:, 2] - 1.2 * spots[:, 1])
    half = (tree.radius, tree.radius, (tree.tall - tree.trunk) / 2)
    return np.asarray(spots[order] * half + (tree.x, tree.y, (tree.tall + tree.trunk) / 2))
