"""Things that move in a staged film: people with limbs, cars, and boxes, drawn on BGR pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
Point = tuple[float, float]

_SUBPIXEL_BITS = 4
_SHADOW = 0.62  # of the ground's brightness
_WIDTHS = {"person": 0.42, "juggler": 0.7, "car": 2.3, "box": 0.8, "plain": 1.4}


@dataclass(frozen=True, slots=True)
class Actor:
    """One thing that moves.

    Attributes:
        look: ``person``, ``juggler`` (a person who stays, moves its arms and throws a ball), ``car``, ``box``
            (textured) or ``plain`` (one colour, so that only its edges change).
        way: (media time, x, y) of its middle, as fractions of the picture, in time order; straight and even
            in between. Before the first and after the last it is not there.
        height: of the picture's height.
        colours: of its parts, BGR; at least three.
        stride_hz: steps a second, for limbs.
        shadow: how far its shadow reaches, in its own heights, to the right if positive; 0 for none.
    """

    look: str
    way: tuple[tuple[float, float, float], ...]
    height: float
    colours: tuple[Colour, ...]
    stride_hz: float = 1.8
    shadow: float = 0.0

    def middle(self, at_s: float) -> Point | None:
        """Where its middle is, or None while it is not there."""
        times = [at for at, _, _ in self.way]
        if not times[0] <= at_s <= times[-1]:
            return None
        x, y = (float(np.interp(at_s, times, [point[k] for point in self.way])) for k in (1, 2))
        return x, y

    def shown(self, at_s: float, aspect: float) -> float:
        """How much of it lies within the picture, 0 to 1; ``aspect`` is the picture's width by its height."""
        middle = self.middle(at_s)
        if middle is None:
            return 0.0
        wide, high = self.height * _WIDTHS[self.look] / aspect, self.height
        across = min(1.0, middle[0] + wide / 2) - max(0.0, middle[0] - wide / 2)
        down = min(1.0, middle[1] + high / 2) - max(0.0, middle[1] - high / 2)
        return max(0.0, across) * max(0.0, down) / (wide * high)

    def draw(self, picture: Picture, at_s: float) -> None:
        """Draw it and its shadow, if it is there."""
        middle = self.middle(at_s)
        if middle is None:
            return
        rows, columns = picture.shape[:2]
        centre = (middle[0] * columns, middle[1] * rows)
        size = self.height * rows
        if self.shadow:
            _cast(picture, centre, size, size * _WIDTHS[self.look], self.shadow)
        facing = 1.0 if self.way[-1][1] >= self.way[0][1] else -1.0
        _DRAWN[self.look](_Pen(picture, centre, size, facing), at_s * self.stride_hz, self.colours)


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws in units of the actor's height, its middle at (0, 0), x to where it faces."""

    picture: Picture
    centre: Point
    size: float
    facing: float

    def _at(self, point: Point) -> Point:
        return self.centre[0] + self.facing * self.size * point[0], self.centre[1] + self.size * point[1]

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        _fill(self.picture, [self._at(point) for point in points], colour)

    def disc(self, middle: Point, radius: float, colour: Colour) -> None:
        turns = (k * math.tau / 16 for k in range(16))
        self.shape(
            [(middle[0] + radius * math.cos(t), middle[1] + radius * math.sin(t)) for t in turns], colour
        )

    def limb(self, joint: Point, angles: Point, length: float, thickness: float, colour: Colour) -> None:
        """Two segments from a joint down; angles in radians from straight down, forward is positive."""
        for angle in angles:
            end = (joint[0] + length * math.sin(angle), joint[1] + length * math.cos(angle))
            x, y = thickness * math.cos(angle) / 2, -thickness * math.sin(angle) / 2
            corners = [(joint[0] - x, joint[1] - y), (joint[0] + x, joint[1] + y)]
            corners += [(end[0] + x, end[1] + y), (end[0] - x, end[1] - y)]
            self.shape(corners, colour)
            joint = end


def _fill(picture: Picture, points: Sequence[Point], colour: Colour) -> None:
    corners = np.rint(np.array(points) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(picture, [corners], colour, cv2.LINE_AA, _SUBPIXEL_BITS)


def _cast(picture: Picture, centre: Point, size: float, width: float, reach: float) -> None:
    """Darken the ground from the feet on."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    feet, head = centre[1] + size / 2, centre[1] + size / 2 - size * 0.2
    half = width / 2
    corners = [(centre[0] - half, feet), (centre[0] + half, feet)]
    corners += [(centre[0] + half + reach * size, head), (centre[0] - half + reach * size, head)]
    _fill(mask, corners, (255, 255, 255))
    cv2.copyTo(cv2.convertScaleAbs(picture, alpha=_SHADOW), mask, picture)


def _person(pen: _Pen, step: float, colours: Sequence[Colour]) -> None:
    swing = 0.55 * math.sin(math.tau * step / 2)
    _figure(
        pen, colours, legs=(swing, -swing), arms=((-swing * 0.9, -swing * 0.3), (swing * 0.9, swing * 1.4))
    )


def _juggler(pen: _Pen, step: float, colours: Sequence[Colour]) -> None:
    up = 0.5 + 0.5 * math.sin(math.tau * step)
    kick = max(0.0, math.sin(math.tau * step / 2))
    arms = ((0.4 + 1.2 * up, 1.4 + up), (-0.6 - 0.5 * up, -1.0))
    _figure(pen, colours, legs=(0.1 + 0.9 * kick, -0.12), arms=arms)
    pen.disc((0.42, 0.15 - 0.55 * abs(math.sin(math.tau * step / 2))), 0.055, colours[2])


def _figure(pen: _Pen, colours: Sequence[Colour], *, legs: Point, arms: tuple[Point, Point]) -> None:
    top, trousers, skin = colours[:3]
    for angle in legs:
        pen.limb((0.0, 0.0), (angle, min(angle, angle * 0.3) - 0.05), 0.25, 0.1, trousers)
    pen.limb((0.0, -0.3), arms[0], 0.16, 0.06, top)
    pen.shape([(-0.1, -0.33), (0.1, -0.33), (0.08, 0.03), (-0.08, 0.03)], top)
    pen.limb((0.0, -0.3), arms[1], 0.16, 0.06, top)
    pen.disc((0.0, -0.42), 0.075, skin)


def _car(pen: _Pen, step: float, colours: Sequence[Colour]) -> None:
    paint, glass, tyre = colours[:3]
    pen.shape([(-1.1, -0.05), (1.1, 0.0), (1.15, 0.35), (-1.15, 0.35)], paint)
    pen.shape([(-0.85, -0.05), (-0.55, -0.5), (0.35, -0.5), (0.7, 0.0)], paint)
    pen.shape([(-0.68, -0.06), (-0.48, -0.42), (-0.12, -0.42), (-0.12, -0.05)], glass)
    pen.shape([(-0.02, -0.05), (-0.02, -0.42), (0.3, -0.42), (0.55, -0.03)], glass)
    for axle in (-0.7, 0.7):
        pen.disc((axle, 0.33), 0.18, tyre)
        pen.limb((axle, 0.33), (step * 9, step * 9), 0.06, 0.05, glass)


def _box(pen: _Pen, step: float, colours: Sequence[Colour]) -> None:  # noqa: ARG001  # drawn like the others
    for row in range(4):
        for column in range(3):
            x, y = -0.4 + 0.8 * column / 3, -0.5 + row / 4
            colour = colours[(row * 2 + column) % len(colours)]
            pen.shape([(x, y), (x + 0.8 / 3, y), (x + 0.8 / 3, y + 0.25), (x, y + 0.25)], colour)


def _plain(pen: _Pen, step: float, colours: Sequence[Colour]) -> None:  # noqa: ARG001  # drawn like the others
    pen.shape([(-0.7, -0.5), (0.7, -0.5), (0.7, 0.5), (-0.7, 0.5)], colours[0])


_DRAWN = {"person": _person, "juggler": _juggler, "car": _car, "box": _box, "plain": _plain}
