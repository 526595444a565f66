"""Colours of surfaces by day and at dusk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Blue, green, red: 0 to 255, or a factor of each."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp over the ground: its place in metres, and how bright it makes the ground right below it.

    Attributes:
        spread: 0 for a lamp that just shines down; for a floodlight, over how many metres it is aimed.
    """

    x: float
    y: float
    z: float
    power: float
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """All light of a scene.

    Attributes:
        sky: what comes from everywhere, a factor for each colour.
        sun: what the sun (or the afterglow) adds where it shines straight on a surface.
        to_sun: unit vector towards it.
        lamps: what stands around; lit only when `dark`.
        dark: whether lamps, windows and headlights are lit.
        lamp: the colour of the lamps' light.
        upright: how much of what the lamps give the ground an upright surface there has of them.
    """

    sky: Colour
    sun: Colour
    to_sun: tuple[float, float, float]
    lamps: tuple[Lamp, ...]
    dark: bool
    lamp: Colour = (0.52, 0.80, 1.0)
    upright: float = 0.45

    def glow(
        self, x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How brightly the lamps shine on each place, 1 is the ground right below one."""
        total = np.zeros(np.broadcast(x, y, z).shape)
        if not self.dark:
            return total
        for lamp in self.lamps:
            drop = lamp.z - z
            even = lamp.spread**2 + 0.5
            square = (x - lamp.x) ** 2 + (y - lamp.y) ** 2 + drop**2 + even
            slant = np.maximum(drop / np.sqrt(square), 0.7 if lamp.spread else 0.12)
            total += lamp.power * (lamp.z**2 + even) / square * slant
        return total

    def falling(self, normal: tuple[float, float, float], glow: float = 0.0) -> Colour:
        """The factor of each colour on a surface with this normal where the lamps shine so brightly."""
        sun = max(0.0, sum(a * b for a, b in zip(normal, self.to_sun, strict=True)))
        b, g, r = (
            sky + direct * sun + lamp * glow
            for sky, direct, lamp in zip(self.sky, self.sun, self.lamp, strict=True)
        )
        return b, g, r

    def glow_at(self, x: float, y: float, z: float) -> float:
        """The lamps' light at one place."""
        if not self.dark:
            return 0.0
        return float(self.glow(np.array(x), np.array(y), np.array(z)))


def unit(x: float, y: float, z: float) -> tuple[float, float, float]:
    """The vector at length one."""
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


def tinted(colour: Colour, factor: Colour) -> Colour:
    """A colour under a light, at most white."""
    b, g, r = (min(255.0, value * share) for value, share in zip(colour, factor, strict=True))
    return b, g, r


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """The colour with that share of the other in it."""
    b, g, r = (a + (c - a) * share for a, c in zip(colour, other, strict=True))
    return b, g, r
