"""House fronts and roofs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from synthetic.paint.backdrop import Backdrop, Shader, quad
from synthetic.paint.light import Colour, mixed, unit
from synthetic.paint.texture import Grain
from synthetic.street.windows import FRAME, PANE, PANE_SKY, Opening, paint_door, paint_window
from synthetic.view import Floats

_DEPTH_M = 8.0


@dataclass(frozen=True, slots=True)
class House:
    """One house: from x0 to x1 along the street, its front at y; metres.

    Attributes:
        eaves, ridge: heights of the roof's lower and upper edge.
        bricks: brickwork rather than plaster.
        shop: a shop window below.
    """

    x0: float
    x1: float
    y: float
    eaves: float
    ridge: float
    wall: Colour
    roof: Colour
    door: Colour
    bricks: bool = False
    shop: bool = False
    shutters: bool = False


def paint_house(backdrop: Backdrop, house: House, rng: np.random.Generator) -> None:
    """Paint a house; the ones farther along the street come first."""
    _side_wall(backdrop, house)
    backdrop.wall(
        quad(house.x0, house.x1, 0.0, house.eaves, house.y), house.y, _surface(house, backdrop.grain)
    )
    _edges(backdrop, house)
    _roof(backdrop, house, rng)
    _openings(backdrop, house, rng)


def _surface(house: House, grain: Grain) -> Shader:
    colour = np.array(house.wall)

    def shader(x: Floats, z: Floats) -> Floats:
        shade = (
            1
            + 0.05 * grain.at(x, z, 1.3, 4)
            - 0.10 * np.clip(0.7 - z, 0, 1)
            - 0.22 * (z > house.eaves - 0.28)
        )
        if house.bricks:
            row = np.floor(z / 0.12)
            column = np.floor((x + 0.15 * (row % 2)) / 0.3)
            shade = shade + 0.11 * grain.at(column * 3.7, row * 2.3, 1.0, 1) - 0.10 * (z / 0.12 - row > 0.82)
        return np.asarray(colour * shade[:, :, None])

    return shader


def _side_wall(backdrop: Backdrop, house: House) -> None:
    """The gable wall that the camera, at x = 0, can see."""
    if house.x0 <= 0 <= house.x1:
        return
    x, outward = (house.x1, 1.0) if house.x1 < 0 else (house.x0, -1.0)
    back, middle = house.y + _DEPTH_M, house.y + _DEPTH_M / 2
    gable = [
        (x, house.y, 0.0),
        (x, back, 0.0),
        (x, back, house.eaves),
        (x, middle, house.ridge),
        (x, house.y, house.eaves),
    ]
    backdrop.polygon(gable, mixed(house.wall, (60, 60, 60), 0.1), (outward, 0.0, 0.0))


def _edges(backdrop: Backdrop, house: House) -> None:
    dark = mixed(house.wall, (40, 40, 40), 0.45)
    backdrop.polygon(
        quad(house.x0, house.x1, 0.0, 0.35, house.y - 0.02), mixed(house.wall, (90, 90, 90), 0.5)
    )
    pipe = house.x0 + 0.25
    backdrop.polygon(quad(pipe, pipe + 0.1, 0.0, house.eaves, house.y - 0.03), dark)


def _roof(backdrop: Backdrop, house: House, rng: np.random.Generator) -> None:
    x0, x1 = house.x0 - 0.35, house.x1 + 0.35
    front, middle = house.y - 0.45, house.y + _DEPTH_M / 2
    rise, run = house.ridge - house.eaves, middle - front
    normal = unit(0.0, -rise, run)
    courses = 13
    for course in range(courses):
        low, high = course / courses, (course + 1) / courses
        y0, y1 = front + run * low, front + run * high
        z0, z1 = house.eaves + rise * low, house.eaves + rise * high
        pieces = np.linspace(x0, x1, 10 + course % 2)
        for left, right in pairwise(pieces):
            tile = mixed(house.roof, (40, 40, 44), 0.16 * float(rng.random()))
            backdrop.polygon([(left, y0, z0), (right, y0, z0), (right, y1, z1), (left, y1, z1)], tile, normal)
        backdrop.line([(x0, y0, z0), (x1, y0, z0)], 0.04, mixed(house.roof, (20, 20, 20), 0.35))
    backdrop.polygon(
        quad(x0, x1, house.eaves - 0.14, house.eaves + 0.04, front), mixed(FRAME, house.roof, 0.15)
    )
    backdrop.line(
        [(x0, middle, house.ridge), (x1, middle, house.ridge)], 0.16, mixed(house.roof, (20, 20, 20), 0.25)
    )
    _chimney(backdrop, house, middle, x0 + (x1 - x0) * float(rng.uniform(0.15, 0.85)))


def _chimney(backdrop: Backdrop, house: House, y: float, x: float) -> None:
    brick: Colour = (84, 98, 148)
    low, high = house.ridge - 0.5, house.ridge + 0.95
    backdrop.polygon(quad(x - 0.35, x + 0.35, low, high, y), brick)
    shown = x + 0.35 if x < 0 else x - 0.35
    outward = 1.0 if x < 0 else -1.0
    backdrop.polygon(
        [(shown, y, low), (shown, y + 0.6, low), (shown, y + 0.6, high), (shown, y, high)],
        brick,
        (outward, 0.0, 0.0),
    )
    for pot in (x - 0.18, x + 0.18):
        backdrop.polygon(quad(pot - 0.1, pot + 0.1, high, high + 0.3, y + 0.2), (66, 84, 140))


def _openings(backdrop: Backdrop, house: House, rng: np.random.Generator) -> None:
    """Windows above; below them more windows and a door, or a shop."""
    y, shutters = house.y - 0.03, house.door if house.shutters else None
    count = max(2, int((house.x1 - house.x0) / 2.5))
    step = (house.x1 - house.x0) / count
    door = int(rng.integers(count))
    for column in range(count):
        x = house.x0 + (column + 0.5) * step
        paint_window(backdrop, Opening(x, y, 3.35, 1.15, 1.35), rng, shutters)
        if house.shop:
            continue
        if column == door:
            paint_door(backdrop, x, y, house.door)
        else:
            paint_window(backdrop, Opening(x, y, 0.95, 1.3, 1.45), rng, shutters)
    if house.shop:
        _shop(backdrop, house, rng)


def _shop(backdrop: Backdrop, house: House, rng: np.random.Generator) -> None:
    y = house.y - 0.03
    x0, x1 = house.x0 + 0.4, house.x1 - 0.4
    backdrop.polygon(quad(x0, x1, 0.0, 2.9, y), mixed(house.door, (0, 0, 0), 0.35))
    panes = np.linspace(x0 + 0.15, x1 - 0.15, 5)
    for index, (left, right) in enumerate(pairwise(panes)):
        low = 0.1 if index == 2 else 0.55
        pane = quad(left + 0.06, right - 0.06, low, 2.2, y)
        if backdrop.light.dark:
            backdrop.lit(pane, (138, 182, 214))
        else:
            backdrop.polygon(pane, PANE)
            backdrop.polygon(quad(left + 0.06, right - 0.06, 1.4, 2.2, y), mixed(PANE, PANE_SKY, 0.5))
        for _ in range(3 if index != 2 else 0):
            x = float(rng.uniform(left + 0.2, right - 0.5))
            goods = (float(rng.uniform(60, 200)), float(rng.uniform(60, 200)), float(rng.uniform(80, 220)))
            backdrop.polygon(quad(x, x + 0.3, 0.62, float(rng.uniform(0.85, 1.25)), y), goods)
    backdrop.polygon(quad(x0, x1, 2.42, 2.95, y - 0.05), house.door)
    lettering = np.linspace(x0 + 1.2, x1 - 1.2, 9)
    for left, right in pairwise(lettering):
        if rng.random() < 0.85:
            backdrop.polygon(
                quad(left, right - 0.14, 2.58, float(rng.uniform(2.7, 2.84)), y - 0.06), (220, 236, 240)
            )
    _awning(backdrop, house, x0, x1)


def _awning(backdrop: Backdrop, house: House, x0: float, x1: float) -> None:
    back, front = house.y - 0.06, house.y - 1.3
    edges = np.linspace(x0, x1, 15)
    for index, (left, right) in enumerate(pairwise(edges)):
        colour = house.door if index % 2 else (228, 232, 234)
        cloth = [(left, back, 2.42), (right, back, 2.42), (right, front, 2.05), (left, front, 2.05)]
        backdrop.polygon(cloth, colour, unit(0.0, -0.3, 1.0))
        backdrop.polygon(quad(left, right, 1.88, 2.06, front), mixed(colour, (0, 0, 0), 0.12))
