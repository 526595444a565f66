"""The empty street: ground, houses, trees, lamps and parked cars."""

from __future__ import annotations

import numpy as np

from synthetic.paint.backdrop import Backdrop, Shader, quad, stripes
from synthetic.paint.light import Colour, Lamp, Light, mixed, unit
from synthetic.paint.texture import Grain
from synthetic.street.houses import House, paint_house
from synthetic.view import Floats, View

# Across the street, in metres from the camera.
NEAR_WALK = (10.0, 12.8)
ROAD = (12.8, 20.6)
FAR_WALK = (20.6, 23.2)
FRONTS = 25.8
MIDDLE_LINE = 16.1
PARKING_LINE = 18.75
LAMP_TALL = 6.2
LAMPS = (
    (-21.0, 20.95, -1.4),
    (-5.9, 20.95, -1.4),
    (9.5, 20.95, -1.4),
    (-9.6, 12.5, 1.4),
)  # x, y, reach of the arm
TREES = ((-14.8, 21.0, 6.6), (1.9, 21.0, 6.3))  # x, y and height

_ASPHALT: Colour = (104, 102, 100)
_SLABS: Colour = (164, 168, 170)
_KERB: Colour = (184, 188, 190)
_GRASS: Colour = (64, 128, 98)
_PAINT: Colour = (226, 230, 232)
_WALLS: tuple[tuple[Colour, bool], ...] = (
    ((196, 220, 234), False),
    ((84, 100, 158), True),
    ((206, 212, 214), False),
    ((150, 190, 222), False),
    ((176, 200, 178), False),
    ((100, 118, 168), True),
    ((214, 196, 172), False),
    ((158, 164, 222), False),
)
_ROOFS: tuple[Colour, ...] = ((70, 82, 138), (88, 84, 80), (62, 72, 112), (104, 98, 92))
_DOORS: tuple[Colour, ...] = ((70, 84, 40), (120, 66, 36), (44, 42, 140), (58, 96, 60), (88, 62, 104))


def street_view(width: int, height: int) -> View:
    """Return the view from above the opposite pavement, across and slightly down the street."""
    return View(width, height, 0.76 * width, 0.27 * height, -0.30, 5.5)


def street_light(*, dusk: bool) -> Light:
    """Return the light: the afternoon sun behind the camera to the left, at dusk only its afterglow."""
    lamps = tuple(Lamp(x, y + reach * 0.8, LAMP_TALL, 0.62) for x, y, reach in LAMPS)
    if dusk:
        return Light((0.40, 0.30, 0.25), (0.03, 0.03, 0.05), unit(-0.6, -0.3, 0.35), lamps, dark=True)
    return Light((0.68, 0.62, 0.57), (0.52, 0.62, 0.68), unit(-0.42, -0.62, 0.66), (), dark=False)


def paint_still(backdrop: Backdrop, seed: int) -> None:
    """Paint everything that no traveller passes behind."""
    rng = np.random.default_rng([seed, 1])
    if backdrop.light.dark:
        backdrop.sky((112, 62, 42), (120, 150, 214), (118, 104, 150), 0.42)
    else:
        backdrop.sky((222, 168, 108), (244, 226, 204), (252, 250, 248), 0.45)
    for height, colour in ((0.06, (150, 158, 132)), (0.035, (104, 124, 92))):
        backdrop.hills(height, colour, 24.0, float(rng.uniform(0, 99)))
    backdrop.ground(_ground(backdrop.grain))
    _tree_shadows(backdrop)
    for house in sorted(_houses(rng), key=lambda house: -abs(house.x0 + house.x1)):
        paint_house(backdrop, house, rng)
        _garden(backdrop, house, rng)


def _ground(grain: Grain) -> Shader:
    def shader(x: Floats, y: Floats) -> Floats:
        rough = grain.at(x, y, 0.12, 2)
        patches = grain.at(x, y, 3.0, 4)
        fade = np.clip(16 / np.hypot(x, y), 0.0, 1.0)
        colour = np.array(_GRASS) * (1 + 0.16 * patches + 0.2 * rough * fade)[:, :, None]
        road = stripes(y, [ROAD])
        tracks = np.cos((y - 14.5) * 2 * np.pi / 1.5) * stripes(y, [(13.4, 15.8), (16.4, 18.5)])
        worn = 1 + 0.07 * patches + 0.10 * rough * fade - 0.035 * tracks
        colour[road] = (np.array(_ASPHALT) * worn[:, :, None])[road]
        _markings(colour, x, y, worn)
        for low, high in (NEAR_WALK, FAR_WALK):
            walk = stripes(y, [(low, high)])
            joint = (np.mod(x, 0.9) < 0.035) | (np.mod(y - low, 0.87) < 0.035)
            slab = grain.at(np.floor(x / 0.9) * 7.1, np.floor((y - low) / 0.87) * 5.3, 1.0, 1)
            shade = 1 + 0.05 * slab + 0.05 * patches + 0.05 * rough * fade - 0.22 * joint * fade
            colour[walk] = (np.array(_SLABS) * shade[:, :, None])[walk]
        for edge in (ROAD[0] - 0.15, ROAD[1]):
            colour[stripes(y, [(edge, edge + 0.15)])] = _KERB
        gutter = stripes(y, [(ROAD[0], ROAD[0] + 0.22), (ROAD[1] - 0.22, ROAD[1])])
        colour[gutter] *= 0.78
        return colour

    return shader


def _markings(colour: Floats, x: Floats, y: Floats, worn: Floats) -> None:
    dashes = stripes(y, [(MIDDLE_LINE - 0.07, MIDDLE_LINE + 0.07)]) & (np.mod(x, 6.0) < 3.0)
    bays = stripes(y, [(PARKING_LINE - 0.05, PARKING_LINE + 0.05)]) & (np.mod(x, 1.0) < 0.5)
    ends = stripes(y, [(PARKING_LINE, ROAD[1])]) & (np.mod(x + 0.6, 5.6) < 0.1)
    drain = stripes(y, [(13.0, 13.4)]) & (np.abs(x + 3.2) < 0.3)
    cover = np.hypot(x + 6.5, y - 14.9) < 0.38
    painted = dashes | bays | ends
    colour[painted] = (np.array(_PAINT) * (worn - 0.04)[:, :, None])[painted]
    colour[drain | cover] *= 0.62


def _houses(rng: np.random.Generator) -> list[House]:
    """Return pairs and single houses with gaps in between, over the whole visible length."""
    houses = []
    x, count = 17.0, 0
    walls = rng.permutation(len(_WALLS))
    while x > -62:
        width = float(rng.uniform(6.8, 9.4))
        wall, bricks = _WALLS[int(walls[count % len(_WALLS)])]
        eaves = float(rng.uniform(5.1, 5.6))
        houses.append(
            House(
                x0=x - width,
                x1=x,
                y=FRONTS,
                eaves=eaves,
                ridge=eaves + float(rng.uniform(2.2, 2.9)),
                wall=wall,
                roof=_ROOFS[int(rng.integers(len(_ROOFS)))],
                door=_DOORS[int(rng.integers(len(_DOORS)))],
                bricks=bricks,
                shop=count in {2, 5},
                shutters=not bricks and bool(rng.random() < 0.5),
            )
        )
        x -= width + (float(rng.uniform(2.0, 3.4)) if count % 2 else 0.0)
        count += 1
    return houses


def _garden(backdrop: Backdrop, house: House, rng: np.random.Generator) -> None:
    """A low wall and a hedge with a gap for the way in; a shop has a paved front."""
    line = FAR_WALK[1] + 0.15
    if house.shop:
        paved = [
            (house.x0, line, 0.0),
            (house.x1, line, 0.0),
            (house.x1, FRONTS, 0.0),
            (house.x0, FRONTS, 0.0),
        ]
        backdrop.polygon(paved, (158, 162, 166), (0.0, 0.0, 1.0))
        return
    gate = house.x0 + (house.x1 - house.x0) * float(rng.uniform(0.35, 0.65))
    path = [
        (gate - 0.5, line, 0.0),
        (gate + 0.5, line, 0.0),
        (gate + 0.5, FRONTS, 0.0),
        (gate - 0.5, FRONTS, 0.0),
    ]
    backdrop.polygon(path, (150, 156, 162), (0.0, 0.0, 1.0))
    for left, right in ((house.x0 + 0.2, gate - 0.6), (gate + 0.6, house.x1 - 0.2)):
        if right - left < 0.5:
            continue
        backdrop.wall(quad(left, right, 0.35, 0.95, line + 0.2), line + 0.2, _hedge(backdrop.grain))
        backdrop.polygon(quad(left, right, 0.0, 0.42, line), mixed(house.wall, (140, 140, 140), 0.5))
        top = [(left, line, 0.42), (right, line, 0.42), (right, line + 0.2, 0.42), (left, line + 0.2, 0.42)]
        backdrop.polygon(top, (190, 192, 194), (0.0, 0.0, 1.0))


def _hedge(grain: Grain) -> Shader:
    def shader(x: Floats, z: Floats) -> Floats:
        leaves = 0.85 + 0.4 * grain.at(x, z, 0.35, 3) + 0.35 * (z - 0.6)
        return np.array((52, 112, 70)) * leaves[:, :, None]

    return shader


def _tree_shadows(backdrop: Backdrop) -> None:
    if backdrop.light.dark:
        return
    turn = np.arange(24) * (2 * np.pi / 24)
    for x, y, tall in TREES:
        # The sun is behind the camera to the left: shadows fall away from it to the right.
        middle_x, middle_y = x + 0.45 * tall, y + 0.6 * tall
        ring = np.stack(
            [middle_x + 2.0 * np.cos(turn), middle_y - 1.4 + 1.6 * np.sin(turn), 0 * turn], axis=1
        )
        backdrop.darken(ring, 0.34, 0.25)
