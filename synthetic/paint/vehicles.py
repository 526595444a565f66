"""Cars, vans, lorries and buses."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from synthetic.paint.light import Colour, mixed
from synthetic.paint.solid import Face, Profile, Solid, round_face, side, slanted, strips

VEHICLES = ("car", "van", "lorry", "bus")

_GLASS: Colour = (74, 62, 52)
_GLASS_SKY: Colour = (150, 138, 120)
_TYRE: Colour = (38, 36, 36)
_RIM: Colour = (165, 162, 160)
_DARK: Colour = (44, 42, 42)
_HEADLIGHT: Colour = (208, 214, 216)
_HEADLIGHT_LIT: Colour = (225, 245, 255)
_TAILLIGHT: Colour = (40, 36, 140)
_TAILLIGHT_LIT: Colour = (60, 50, 235)
_SIGN_LIT: Colour = (40, 170, 250)
_LIT_WINDOW: Colour = (150, 205, 235)
_WHITE: Colour = (236, 238, 238)

_CAR_COLOURS: tuple[Colour, ...] = (
    (232, 234, 234),  # white
    (186, 184, 180),  # silver
    (52, 50, 50),  # black
    (104, 100, 96),  # grey
    (150, 84, 34),  # blue
    (42, 40, 176),  # red
    (88, 116, 60),  # green
    (150, 176, 190),  # sand
    (40, 150, 214),  # amber
)
_VAN_COLOURS: tuple[Colour, ...] = (_WHITE, (200, 160, 60), (60, 190, 240), (180, 178, 174))
_BOX_COLOURS: tuple[Colour, ...] = (_WHITE, (225, 228, 220), (196, 206, 214), _WHITE)
_BAND_COLOURS: tuple[Colour, ...] = ((176, 104, 30), (44, 130, 228), (84, 140, 44), (60, 52, 190))
_BUS_COLOURS: tuple[Colour, ...] = ((46, 42, 190), (60, 188, 240), (158, 112, 36), (104, 150, 52))


@lru_cache(maxsize=64)
def vehicle(kind: str, look: int, heading: int) -> Solid:
    """The vehicle of this kind that `look` picks, as it is seen driving to the right (1) or left (-1)."""
    rng = np.random.default_rng(look)
    if kind == "car":
        return _car(rng, _CAR_COLOURS[look % len(_CAR_COLOURS)])
    if kind == "van":
        return _van(rng)
    if kind == "lorry":
        return _lorry(rng)
    return _bus(rng, doors=heading > 0)


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _wheel(x: float, radius: float, half_width: float) -> list[Face]:
    return [
        round_face(x, radius, radius * 1.18, half_width, _DARK),
        round_face(x, radius, radius, half_width, _TYRE),
        round_face(x, radius, radius * 0.62, half_width, _RIM),
        round_face(x, radius, radius * 0.42, half_width, mixed(_RIM, _DARK, 0.45)),
        round_face(x, radius, radius * 0.16, half_width, _RIM),
    ]


def _lights(front: float, rear: float, low: float, high: float, half_width: float) -> list[Face]:
    """Head- and taillights: what the side shows of them, and the two at each end."""
    faces = [
        side(
            [(front - 0.34, low), (front, low), (front - 0.03, high), (front - 0.3, high)],
            half_width,
            _HEADLIGHT,
            _HEADLIGHT_LIT,
        ),
        side(
            [(rear, low + 0.12), (rear + 0.2, low + 0.12), (rear + 0.2, high + 0.1), (rear, high + 0.1)],
            half_width,
            _TAILLIGHT,
            _TAILLIGHT_LIT,
        ),
    ]
    for near, far in ((-half_width, -half_width + 0.36), (half_width - 0.36, half_width)):
        for x, toward, colour, lit in (
            (front + 0.01, 1.0, _HEADLIGHT, _HEADLIGHT_LIT),
            (rear - 0.01, -1.0, _TAILLIGHT, _TAILLIGHT_LIT),
        ):
            points = np.array([(x, near, low), (x, far, low), (x, far, high), (x, near, high)])
            faces.append(Face(points, colour, (toward, 0.0, 0.0), lit))
    return faces


def _car(rng: np.random.Generator, paint: Colour) -> Solid:
    estate = bool(rng.random() < 0.45)
    shadow, bright = mixed(paint, (0, 0, 0), 0.28), mixed(paint, (255, 255, 255), 0.22)
    body: Profile = [
        (-2.16, 0.30),
        (-2.21, 0.58),
        (-2.13, 0.95),
        (-1.4, 0.99),
        (1.0, 0.95),
        (1.75, 0.84),
        (2.1, 0.68),
        (2.2, 0.47),
        (2.15, 0.27),
    ]
    rear_low, rear_high = (-2.05, -1.72) if estate else (-1.78, -1.02)
    cabin: Profile = [(rear_low, 0.96), (rear_high, 1.41), (0.2, 1.45), (1.12, 0.93)]
    low, high = (0.93, 0.84), (1.45, 0.63)
    widths = [0.84, 0.64, 0.64, 0.84]
    pillar = -0.42
    windows = [
        [(rear_low + 0.28, 1.0), (rear_high + 0.1, 1.37), (pillar - 0.05, 1.39), (pillar - 0.05, 0.99)],
        [(pillar + 0.05, 0.99), (pillar + 0.05, 1.4), (0.14, 1.4), (0.82, 0.98)],
    ]
    faces = [
        *strips(body, [0.86] * len(body), [paint] * (len(body) - 1)),
        side(body, 0.88, paint),
        side([(-2.19, 0.5), (2.18, 0.44), (2.15, 0.27), (-2.16, 0.3)], 0.885, shadow),
        side([(-2.12, 0.84), (-2.12, 0.9), (1.2, 0.88), (2.0, 0.7), (1.2, 0.82)], 0.885, bright),
        *_wheel(-1.34, 0.32, 0.89),
        *_wheel(1.36, 0.32, 0.89),
        *strips(cabin, widths, [_GLASS, bright, _GLASS_SKY]),
        slanted(cabin, low, high, paint),
        *(slanted(window, low, high, _GLASS) for window in windows),
        slanted(
            [(pillar + 0.05, 1.24), (pillar + 0.05, 1.4), (0.14, 1.4), (0.4, 1.24)], low, high, _GLASS_SKY
        ),
        side([(-0.44, 0.35), (-0.44, 0.93), (-0.41, 0.93), (-0.41, 0.35)], 0.89, shadow),
        side([(0.72, 0.35), (0.86, 0.93), (0.89, 0.93), (0.75, 0.35)], 0.89, shadow),
        side([(-0.36, 0.8), (-0.36, 0.84), (-0.14, 0.84), (-0.14, 0.8)], 0.89, shadow),
        side([(0.72, 0.94), (0.72, 1.06), (0.92, 1.04), (0.94, 0.94)], 0.98, paint),
        *_lights(2.17, -2.19, 0.56, 0.7, 0.87),
    ]
    return Solid(tuple(faces), 4.42, 1.45, 0.89)


def _van(rng: np.random.Generator) -> Solid:
    paint = _pick(rng, _VAN_COLOURS)
    band = _pick(rng, _BAND_COLOURS)
    shadow = mixed(paint, (0, 0, 0), 0.25)
    body: Profile = [
        (-2.6, 0.32),
        (-2.62, 1.9),
        (-2.5, 2.22),
        (1.0, 2.26),
        (1.3, 2.16),
        (1.98, 1.28),
        (2.5, 1.08),
        (2.64, 0.72),
        (2.62, 0.3),
    ]
    colours = [paint, paint, paint, paint, _GLASS_SKY, paint, paint, paint]
    faces = [
        *strips(body, [0.96] * len(body), colours),
        side(body, 0.98, paint),
        side([(-2.6, 0.55), (2.63, 0.55), (2.62, 0.3), (-2.6, 0.32)], 0.985, shadow),
        side([(-2.55, 1.02), (-2.55, 1.2), (0.75, 1.42), (0.75, 1.02)], 0.985, band),
        side([(-2.0, 1.5), (-2.0, 1.78), (-0.6, 1.78), (-0.6, 1.5)], 0.985, mixed(band, paint, 0.35)),
        side([(0.92, 1.3), (0.92, 1.98), (1.3, 1.98), (1.84, 1.3)], 0.985, _GLASS),
        side([(0.92, 1.74), (0.92, 1.98), (1.3, 1.98), (1.5, 1.74)], 0.988, _GLASS_SKY),
        side([(0.8, 0.4), (0.8, 2.1), (0.83, 2.1), (0.83, 0.4)], 0.99, shadow),
        side([(-0.7, 0.4), (-0.7, 2.1), (-0.67, 2.1), (-0.67, 0.4)], 0.99, shadow),
        side([(1.7, 1.2), (1.7, 1.5), (1.86, 1.5), (1.88, 1.2)], 1.08, _DARK),
        *_wheel(-1.62, 0.35, 0.99),
        *_wheel(1.72, 0.35, 0.99),
        *_lights(2.62, -2.62, 0.76, 0.98, 0.97),
    ]
    return Solid(tuple(faces), 5.26, 2.26, 0.99)


def _lorry(rng: np.random.Generator) -> Solid:
    box, band = _pick(rng, _BOX_COLOURS), _pick(rng, _BAND_COLOURS)
    cab_paint = band if rng.random() < 0.6 else _WHITE
    shadow = mixed(cab_paint, (0, 0, 0), 0.28)
    load: Profile = [(-4.3, 1.0), (-4.3, 3.5), (2.05, 3.5), (2.05, 1.0)]
    cab: Profile = [(2.2, 0.5), (2.2, 2.6), (2.5, 2.92), (3.7, 2.86), (4.2, 1.75), (4.28, 0.9), (4.28, 0.4)]
    faces = [
        *strips(cab, [1.18] * len(cab), [shadow, cab_paint, cab_paint, _GLASS_SKY, cab_paint, _DARK]),
        side([(-4.25, 0.62), (-4.25, 1.0), (2.4, 1.0), (2.4, 0.62)], 1.1, _DARK),
        *strips(load, [1.24] * len(load), [box, mixed(box, (255, 255, 255), 0.4), box]),
        side(load, 1.25, box),
        side([(-4.3, 1.3), (-4.3, 1.62), (2.05, 1.62), (2.05, 1.3)], 1.255, band),
        side([(-3.2, 2.1), (-3.5, 3.0), (-1.9, 3.0), (-1.6, 2.1)], 1.255, band),
        side([(-1.3, 2.1), (-1.6, 3.0), (-1.1, 3.0), (-0.8, 2.1)], 1.255, mixed(band, box, 0.45)),
        side([(-0.5, 2.1), (-0.8, 3.0), (-0.5, 3.0), (-0.2, 2.1)], 1.255, mixed(band, box, 0.7)),
        side([(-4.3, 3.42), (-4.3, 3.5), (2.05, 3.5), (2.05, 3.42)], 1.257, mixed(box, (0, 0, 0), 0.18)),
        side([(-2.5, 0.5), (-2.5, 0.86), (0.9, 0.86), (0.9, 0.5)], 1.2, mixed(_RIM, _DARK, 0.35)),
        side(cab, 1.2, cab_paint),
        side([(2.9, 1.75), (2.9, 2.5), (3.72, 2.5), (4.02, 1.75)], 1.205, _GLASS),
        side([(2.9, 2.2), (2.9, 2.5), (3.72, 2.5), (3.84, 2.2)], 1.208, _GLASS_SKY),
        side([(2.8, 0.8), (2.8, 2.6), (2.83, 2.6), (2.83, 0.8)], 1.21, shadow),
        side([(2.2, 0.5), (2.2, 0.85), (4.28, 0.85), (4.28, 0.4)], 1.208, shadow),
        side([(3.95, 1.7), (3.95, 2.35), (4.12, 2.35), (4.12, 1.7)], 1.4, _DARK),
        *_wheel(-3.0, 0.5, 1.22),
        *_wheel(-1.88, 0.5, 1.22),
        *_wheel(3.3, 0.5, 1.22),
        *_lights(4.29, -4.3, 0.72, 0.92, 1.19),
    ]
    return Solid(tuple(faces), 8.6, 3.5, 1.26)


def _bus(rng: np.random.Generator, *, doors: bool) -> Solid:
    paint = _pick(rng, _BUS_COLOURS)
    shadow, bright = mixed(paint, (0, 0, 0), 0.25), mixed(paint, (255, 255, 255), 0.55)
    body: Profile = [
        (-5.7, 0.34),
        (-5.74, 2.7),
        (-5.55, 3.02),
        (5.3, 3.05),
        (5.6, 2.85),
        (5.76, 1.2),
        (5.74, 0.32),
    ]
    colours = [paint, paint, bright, paint, _GLASS_SKY, paint]
    faces = [
        *strips(body, [1.25] * len(body), colours),
        side(body, 1.27, paint),
        side([(-5.72, 0.62), (5.75, 0.62), (5.74, 0.32), (-5.7, 0.34)], 1.274, shadow),
        side([(-5.6, 2.78), (-5.5, 2.98), (5.3, 3.0), (5.5, 2.84)], 1.274, bright),
        side([(-5.55, 1.36), (-5.55, 2.52), (5.62, 2.52), (5.68, 1.36)], 1.274, _DARK),
    ]
    for index in range(8):
        x = -5.42 + index * 1.38
        inside = _LIT_WINDOW if index < 7 else None
        faces.append(side([(x, 1.44), (x, 2.46), (x + 1.26, 2.46), (x + 1.26, 1.44)], 1.276, _GLASS, inside))
        faces.append(
            side([(x, 2.1), (x, 2.46), (x + 1.26, 2.46), (x + 1.26, 2.1)], 1.277, _GLASS_SKY, inside)
        )
        if rng.random() < 0.6 and index < 7:
            seat = x + 0.3 + 0.4 * float(rng.random())
            faces.append(
                side([(seat, 1.44), (seat, 1.72), (seat + 0.42, 1.72), (seat + 0.42, 1.44)], 1.28, _DARK)
            )
            faces.append(round_face(seat + 0.21, 1.84, 0.14, 1.28, (70, 84, 110), corners=10))
    if doors:
        for x in (-0.2, 4.2):
            faces.append(side([(x, 0.42), (x, 2.5), (x + 1.2, 2.5), (x + 1.2, 0.42)], 1.284, _DARK))
            for leaf in (x + 0.07, x + 0.63):
                pane = [(leaf, 0.55), (leaf, 2.42), (leaf + 0.5, 2.42), (leaf + 0.5, 0.55)]
                faces.append(side(pane, 1.286, _GLASS, _LIT_WINDOW))
    faces += [
        side([(3.2, 2.58), (3.2, 2.74), (5.2, 2.74), (5.2, 2.58)], 1.286, _DARK, _SIGN_LIT),
        side([(5.5, 1.9), (5.5, 2.6), (5.62, 2.6), (5.62, 1.9)], 1.45, _DARK),
        *_wheel(-3.1, 0.48, 1.285),
        *_wheel(3.2, 0.48, 1.285),
        *_lights(5.75, -5.74, 0.7, 0.92, 1.26),
    ]
    return Solid(tuple(faces), 11.5, 3.05, 1.28)
