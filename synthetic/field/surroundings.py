"""The stand, boards, goal, trees and floodlights."""

from __future__ import annotations

import math

import numpy as np

from synthetic.field.pitch import BAR, FAR_LINE, GOAL_HALF, GOAL_LINE, GOAL_Y, NEAR_LINE
from synthetic.paint.backdrop import Backdrop, quad
from synthetic.paint.light import Colour, mixed
from synthetic.paint.patch import Image, Patch, Veil
from synthetic.paint.setting import Setting
from synthetic.paint.trees import Tree, put_tree
from synthetic.view import Floats

MASTS = ((-13.5, FAR_LINE + 5.0), (13.5, FAR_LINE + 5.0), (30.0, FAR_LINE - 6.0))
MAST_TALL = 12.5

_POST: Colour = (240, 242, 244)
_STEEL: Colour = (120, 116, 112)
_SEAT: Colour = (150, 88, 40)
_LEAVES: Colour = (66, 132, 88)
_BOARDS: tuple[Colour, ...] = (
    (168, 92, 32), (232, 234, 236), (48, 44, 180), (60, 190, 238), (92, 130, 52),
    (232, 234, 236), (110, 60, 90),
)  # fmt: skip
_CLOTHES: tuple[Colour, ...] = (
    (58, 54, 170), (170, 110, 50), (215, 216, 218), (70, 68, 70), (70, 170, 215), (96, 140, 70),
    (150, 120, 170),
)  # fmt: skip
_BOARD_Y = FAR_LINE + 3.0
_BOARD_X = GOAL_LINE + 5.0
_BOARD_M = 4.0
_STAND = (-12.0, 10.0)
_STAND_Y = FAR_LINE + 5.5
_TREES = (
    (-24.0, 52.0), (16.5, 53.0), (21.5, 50.5), (26.5, 54.0), (31.5, 49.5), (36.5, 52.0),
    (38.0, 43.5), (43.0, 47.0),
)  # fmt: skip


def paint_surroundings(backdrop: Backdrop, rng: np.random.Generator) -> None:
    """Paint everything flat that stands around the field, and the goal."""
    _stand(backdrop, rng)
    _boards(backdrop, rng)
    _goal(backdrop)


def put_trees_and_masts(picture: Image, setting: Setting, seed: int) -> None:
    """Paint the trees, where there is no stand, and the floodlights onto the finished picture."""
    rng = np.random.default_rng([seed, 8])
    for x, y in sorted(_TREES, key=lambda place: -place[1]):
        tall, radius = float(rng.uniform(6.0, 8.0)), float(rng.uniform(2.3, 3.0))
        patch = put_tree(setting, Tree(x, y, tall, radius, _LEAVES, trunk=1.6), rng, picture)
        if patch is not None:
            patch.over(picture)
    for x, y in MASTS:
        _mast(picture, setting, x, y)


def _stand(backdrop: Backdrop, rng: np.random.Generator) -> None:
    """Paint a stand: four rows of seats under a roof."""
    (x0, x1), front, back = _STAND, _STAND_Y, _STAND_Y + 3.4
    backdrop.polygon(quad(x0, x1, 0.0, 4.3, back), (112, 104, 98))
    side = [(x1, front, 0.0), (x1, back, 0.0), (x1, back, 4.3), (x1, front, 0.6)]
    backdrop.polygon(side, (130, 124, 118), (1.0, 0.0, 0.0))
    for row in range(3, -1, -1):
        _seats(backdrop, rng, row)
    low, high = front - 0.6, back + 0.2
    roof = [(x0 - 0.4, low, 4.5), (x1 + 0.4, low, 4.5), (x1 + 0.4, high, 4.9), (x0 - 0.4, high, 4.9)]
    backdrop.polygon(roof, (176, 170, 164), (0.0, 0.0, 1.0))
    backdrop.polygon(quad(x0 - 0.4, x1 + 0.4, 4.25, 4.55, low), (150, 80, 34))
    for post in np.linspace(x0, x1, 5):
        backdrop.line([(post, front - 0.4, 0.0), (post, front - 0.4, 4.3)], 0.14, (190, 188, 186))


def _seats(backdrop: Backdrop, rng: np.random.Generator, row: int) -> None:
    """Paint one row of the stand; two thirds of its seats are taken."""
    x0, x1 = _STAND
    y, z = _STAND_Y + 0.8 * row, 0.35 + 0.5 * row
    backdrop.polygon(quad(x0, x1, 0.0, z, y), mixed((150, 148, 146), (90, 90, 90), 0.12 * row))
    for x in np.arange(x0 + 0.4, x1 - 0.3, 0.58).tolist():
        if rng.random() < 0.68:
            _spectator(backdrop, rng, x, y + 0.3, z)
        else:
            backdrop.polygon(quad(x - 0.2, x + 0.2, z, z + 0.4, y + 0.3), _SEAT)


def _spectator(backdrop: Backdrop, rng: np.random.Generator, x: float, y: float, z: float) -> None:
    x += float(rng.uniform(-0.07, 0.07))
    top = _CLOTHES[int(rng.integers(len(_CLOTHES)))]
    head = mixed((150, 180, 226), (60, 84, 128), float(rng.random()))
    hair = mixed((30, 34, 44), (110, 160, 190), float(rng.random()) ** 2)
    backdrop.polygon(quad(x - 0.23, x + 0.23, z, z + 0.62, y), top)
    turn = np.arange(8) * (math.pi / 4)
    for colour, up, radius in ((hair, 0.8, 0.15), (head, 0.74, 0.12)):
        ring = np.stack([x + radius * np.cos(turn), np.full(8, y), z + up + radius * np.sin(turn)], axis=1)
        backdrop.polygon(ring, colour)


def _boards(backdrop: Backdrop, rng: np.random.Generator) -> None:
    """Boards along the far side and behind the goal, with lettering too small to read."""
    for index, x in enumerate(np.arange(-30.0, _BOARD_X - _BOARD_M, _BOARD_M).tolist()):
        _board(backdrop, rng, _BOARDS[index % len(_BOARDS)], (x, _BOARD_Y), (1.0, 0.0))
    for index, y in enumerate(np.arange(_BOARD_Y, NEAR_LINE, -_BOARD_M).tolist()):
        _board(backdrop, rng, _BOARDS[(index + 3) % len(_BOARDS)], (_BOARD_X, y), (0.0, -1.0))


def _board(
    backdrop: Backdrop,
    rng: np.random.Generator,
    colour: Colour,
    start: tuple[float, float],
    along: tuple[float, float],
) -> None:
    """One board from `start` on; `along` is the way it runs, which faces the field on its right."""

    def panel(near: float, far: float, low: float, high: float) -> Floats:
        ends = [(start[0] + along[0] * at, start[1] + along[1] * at) for at in (near, far)]
        return np.array([(*ends[0], low), (*ends[1], low), (*ends[1], high), (*ends[0], high)])

    normal = (along[1], -along[0], 0.0)
    backdrop.polygon(panel(0.0, _BOARD_M - 0.04, 0.0, 0.95), colour, normal)
    ink: Colour = (60, 56, 54) if sum(colour) > 600 else (236, 240, 242)
    for place in np.arange(0.4, _BOARD_M - 0.6, 0.4).tolist():
        if rng.random() < 0.82:
            backdrop.polygon(panel(place, place + 0.26, 0.25, float(rng.choice([0.58, 0.72]))), ink, normal)


def _goal(backdrop: Backdrop) -> None:
    """Paint the attacked goal: its net first, then posts and bar."""
    near, far, deep = GOAL_Y - GOAL_HALF, GOAL_Y + GOAL_HALF, GOAL_LINE + 1.6
    shape = [(GOAL_LINE, BAR), (GOAL_LINE + 0.5, BAR), (deep, 0.0)]  # from the bar back and down
    net = mixed(_POST, (100, 130, 100), 0.45)
    for y in np.linspace(near, far, 13):
        backdrop.line([(x, y, z) for x, z in shape], 0.02, net)
    for share in np.linspace(0, 1, 9):
        x = GOAL_LINE + 0.5 + share * (deep - GOAL_LINE - 0.5)
        backdrop.line([(x, near, BAR * (1 - share)), (x, far, BAR * (1 - share))], 0.02, net)
        for y in (near, far):
            backdrop.line([(GOAL_LINE, y, BAR * (1 - share)), (x, y, BAR * (1 - share))], 0.02, net)
    for y in (far, near):
        backdrop.line([(GOAL_LINE, y, 0.0), (GOAL_LINE, y, BAR)], 0.12, _POST)
    backdrop.line([(GOAL_LINE, near, BAR), (GOAL_LINE, far, BAR)], 0.12, _POST)
    for y in (NEAR_LINE, FAR_LINE):
        backdrop.line([(GOAL_LINE, y, 0.0), (GOAL_LINE, y, 1.5)], 0.05, _POST)
        backdrop.polygon(quad(GOAL_LINE, GOAL_LINE + 0.5, 1.1, 1.5, y), (50, 48, 220))


def _mast(picture: Image, setting: Setting, x: float, y: float) -> None:
    view, light = setting.view, setting.light
    foot, top = (x, y, 0.0), (x, y, MAST_TALL)
    path = view.project([foot, top])
    patch = Patch.around(path, picture, margin=30)
    if patch is None:
        return
    scale = view.scale(x, y)
    steel: Colour = (_STEEL[0] * light.sky[0], _STEEL[1] * light.sky[1], _STEEL[2] * light.sky[2])
    patch.line(path, scale * 0.2, steel)
    heads = [
        view.project([(x + dx, y, MAST_TALL + dz)])[0]
        for dz in (0.0, -0.55)
        for dx in (-0.75, -0.25, 0.25, 0.75)
    ]
    for head in heads:
        patch.disk(head, scale * 0.24, (235, 245, 250) if light.dark else (190, 186, 180))
    patch.over(picture)
    if light.dark:
        for radius_m, level in ((0.9, 120.0), (3.2, 60.0)):
            middle = np.mean(heads, axis=0)
            veil = Veil.around(middle[None, :], picture, margin=radius_m * scale * 4)
            if veil is not None:
                veil.disk(middle, radius_m * scale)
                veil.shine(picture, (level, level * 0.97, level * 0.9), radius_m * scale)
