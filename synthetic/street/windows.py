"""Windows and doors of houses, some lit at dusk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.paint.backdrop import Backdrop, quad
from synthetic.paint.light import Colour, mixed
from synthetic.view import Floats

FRAME: Colour = (232, 236, 238)
PANE: Colour = (92, 78, 66)
PANE_SKY: Colour = (168, 152, 132)
_LINTEL: Colour = (150, 150, 150)
_STONE: Colour = (176, 178, 180)
_LAMPLIGHT: tuple[Colour, ...] = ((96, 176, 246), (120, 196, 250), (84, 156, 232))


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in a front at y: its middle, its sill, its size; metres."""

    x: float
    y: float
    z: float
    width: float
    height: float

    def part(self, left: float, right: float, low: float, high: float) -> Floats:
        """A rectangle of it, from shares of its width (from its middle, so -0.5 to 0.5) and of its height."""
        return quad(
            self.x + left * self.width,
            self.x + right * self.width,
            self.z + low * self.height,
            self.z + high * self.height,
            self.y,
        )

    def around(self, margin: float) -> Floats:
        """The rectangle that is larger by a margin in metres on each side."""
        half = self.width / 2 + margin
        return quad(self.x - half, self.x + half, self.z - margin, self.z + self.height + margin, self.y)


def paint_window(
    backdrop: Backdrop, opening: Opening, rng: np.random.Generator, shutters: Colour | None
) -> None:
    """A window with its frame, its sill and perhaps shutters; at dusk half of them are lit."""
    x, y, half, top = opening.x, opening.y, opening.width / 2, opening.z + opening.height
    if shutters is not None:
        for left in (x - half - 0.58, x + half + 0.08):
            backdrop.polygon(quad(left, left + 0.5, opening.z - 0.05, top + 0.05, y), shutters)
    backdrop.polygon(opening.around(0.1), FRAME)
    lit, bright, blind = rng.random() < 0.5, float(rng.uniform(0.7, 1.0)), float(rng.uniform(0.5, 1.0))
    colour = _LAMPLIGHT[int(rng.integers(len(_LAMPLIGHT)))]
    if backdrop.light.dark and lit:
        b, g, r = (value * bright for value in colour)
        backdrop.lit(opening.part(-0.5, 0.5, 0, 1), (b, g, r))
        for left in (-0.5, 0.3):  # curtains
            backdrop.lit(opening.part(left, left + 0.2, 0, 1), (b * 0.62, g * 0.68, r * 0.78))
    else:
        backdrop.polygon(opening.part(-0.5, 0.5, 0, 1), PANE)
        backdrop.polygon(opening.part(-0.5, 0.5, 0.55, 1), mixed(PANE, PANE_SKY, 0.6))
        backdrop.polygon(opening.part(-0.5, 0.5, blind, 1), mixed(FRAME, PANE_SKY, 0.5))
    backdrop.polygon(opening.part(-0.025, 0.025, 0, 1), FRAME)
    backdrop.polygon(opening.part(-0.5, 0.5, 0.62, 0.655), FRAME)
    backdrop.polygon(quad(x - half - 0.1, x + half + 0.1, top - 0.02, top + 0.1, y), _LINTEL)
    sill = quad(x - half - 0.16, x + half + 0.16, opening.z - 0.2, opening.z - 0.08, y - 0.1)
    backdrop.polygon(sill, FRAME)


def paint_door(backdrop: Backdrop, x: float, y: float, colour: Colour) -> None:
    """A door with a light above it and a step before it."""
    backdrop.polygon(quad(x - 0.62, x + 0.62, 0.0, 2.45, y), FRAME)
    backdrop.polygon(quad(x - 0.5, x + 0.5, 0.12, 2.1, y), colour)
    for low, high in ((0.3, 0.95), (1.1, 1.9)):
        backdrop.polygon(quad(x - 0.36, x + 0.36, low, high, y), mixed(colour, (0, 0, 0), 0.22))
    pane = quad(x - 0.5, x + 0.5, 2.15, 2.38, y)
    if backdrop.light.dark:
        backdrop.lit(pane, _LAMPLIGHT[1])
    else:
        backdrop.polygon(pane, PANE_SKY)
    backdrop.polygon(quad(x - 0.8, x + 0.8, 0.0, 0.14, y - 0.4), _STONE)
