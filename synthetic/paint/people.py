"""People who stand, walk, run and cheer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from synthetic.paint.light import Colour, tinted
from synthetic.paint.patch import Patch, Stroke, Veil
from synthetic.paint.setting import Setting
from synthetic.view import Floats

SKINS: tuple[Colour, ...] = ((150, 180, 226), (120, 156, 208), (84, 118, 172), (60, 84, 128))
HAIRS: tuple[Colour, ...] = ((34, 40, 52), (46, 74, 108), (96, 150, 190), (140, 142, 146), (24, 24, 28))
_TOPS: tuple[Colour, ...] = (
    (56, 52, 178), (160, 96, 40), (70, 120, 62), (210, 212, 214), (60, 56, 58), (50, 160, 214),
    (128, 70, 120),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = ((92, 62, 44), (50, 48, 50), (110, 118, 124), (64, 88, 108))
SHOE: Colour = (48, 46, 50)
_BAG: Colour = (52, 66, 84)

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Outfit:
    """The looks of a person. Colours in white light, lengths in metres."""

    top: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    socks: Colour
    tall: float = 1.75
    bare_legs: bool = False
    coat: bool = False
    bag: bool = False


@dataclass(frozen=True, slots=True)
class Pose:
    """How the limbs stand.

    Attributes:
        phase: of the step, in radians; a whole turn is two steps.
        swing: how far the thighs swing, in radians: 0 standing, 0.42 walking, 0.8 running.
        bend: how far the knee folds when the leg swings forward, in radians.
        cheer: arms hanging (0) to raised (1).
    """

    phase: float = 0.0
    swing: float = 0.0
    bend: float = 0.0
    cheer: float = 0.0


@dataclass(frozen=True, slots=True)
class Stand:
    """Place and direction of a person: metres, and a unit vector on the ground."""

    x: float
    y: float
    ahead_x: float
    ahead_y: float


@lru_cache(maxsize=64)
def passer_by(look: int, *, running: bool = False) -> Outfit:
    """The clothes that `look` picks; runners wear shorts and carry nothing."""
    rng = np.random.default_rng(look)

    def pick(colours: tuple[Colour, ...]) -> Colour:
        return colours[int(rng.integers(len(colours)))]

    skin = pick(SKINS)
    return Outfit(
        top=pick(_TOPS),
        trousers=pick(_TROUSERS),
        skin=skin,
        hair=pick(HAIRS),
        socks=skin,
        tall=float(rng.uniform(1.6, 1.88)),
        bare_legs=running,
        coat=not running and bool(rng.random() < 0.35),
        bag=not running and bool(rng.random() < 0.4),
    )


def gait(speed_mps: float, distance_m: float, cheer: float = 0.0) -> Pose:
    """Return the pose at a speed, after a distance. Faster people take longer steps."""
    stride_m = 0.75 + 0.5 * speed_mps  # two steps; 1.45 m at a walk of 1.4 m/s
    return Pose(
        phase=distance_m / stride_m * 2 * math.pi,
        swing=min(0.32 * speed_mps, 0.3 + 0.09 * speed_mps),
        bend=min(0.5 * speed_mps, 0.5 + 0.24 * speed_mps),
        cheer=cheer,
    )


def body(stand: Stand, outfit: Outfit, pose: Pose) -> Floats:
    """Return the joints of an upright person in the world, for painting the person and the shadow."""
    return placed(stand, _joints(outfit.tall, pose))


def paint_person(patch: Patch, setting: Setting, stand: Stand, outfit: Outfit, joints: Floats) -> None:
    """Paint a person whose `body` has these joints."""
    # The arm and leg on the side away from the camera come first. Left is 0.
    away = 0 if stand.ahead_x > 0 or (stand.ahead_x == 0 and stand.ahead_y > 0) else 1
    strokes = _strokes(outfit, away, surface(setting, stand))
    flat = setting.view.project(joints)
    patch.strokes(flat, setting.view.scale(stand.x, stand.y) * outfit.tall, strokes)


def paint_shadow(veil: Veil, setting: Setting, stand: Stand, joints: Floats) -> None:
    """Paint the shadow of a person with these joints on the ground."""
    cast_shadow(veil, setting, stand, joints, _SHADOW)


def cast_shadow(
    veil: Veil, setting: Setting, stand: Stand, points: Floats, strokes: Sequence[Stroke]
) -> None:
    """Paint the sun's shadow of strokes through points in the world; widths in metres."""
    x, y, z = setting.light.to_sun
    fallen = points - points[:, 2:] * np.array([x / z, y / z, 1.0])
    veil.strokes(setting.view.project(fallen), setting.view.scale(stand.x, stand.y), strokes)


def placed(stand: Stand, points: Floats) -> Floats:
    """Convert points ahead, to the left and up of a person, (n, 3), to the world."""
    world = points.copy()
    ahead, left = points[:, 0], points[:, 1]
    world[:, 0] = stand.x + ahead * stand.ahead_x - left * stand.ahead_y
    world[:, 1] = stand.y + ahead * stand.ahead_y + left * stand.ahead_x
    return world


def surface(setting: Setting, stand: Stand) -> Colour:
    """Return the factor of each colour on a person there."""
    return setting.falling_upright((-0.3, -0.75, 0.59), stand.x, stand.y)


# Joints: 0 hips, 1 chest, 2 head, 3-6 left leg (hip, knee, ankle, toe), 7-10 right leg, 11-13 left arm
# (shoulder, elbow, hand), 14-16 right arm; 17, 18 where shorts end, 19 waist, 20 neck, 21 where a coat
# ends, 22, 23 the bag's top and bottom, 24 the hair.
_LEGS = (3, 7)
_ARMS = (11, 14)
_SHADOW = (
    Stroke([3, 4, 5], 0.14),
    Stroke([7, 8, 9], 0.14),
    Stroke([11, 12, 13], 0.1),
    Stroke([14, 15, 16], 0.1),
    Stroke([0, 1], 0.3),
    Stroke([2, 2], 0.24),
)


@lru_cache(maxsize=256)
def _strokes(outfit: Outfit, away: int, factor: Colour) -> tuple[Stroke, ...]:
    """Return all parts of a person, in the order of painting; widths are shares of the body's height."""
    near = 1 - away
    strokes = [*_leg(outfit, away, 0.8), *_arm(outfit, away, 0.78), *_leg(outfit, near, 1.0), *_torso(outfit)]
    strokes += _arm(outfit, near, 0.92)
    return tuple(Stroke(path, width, tinted(colour, factor)) for path, width, colour in strokes)


def _dim(colour: Colour, share: float) -> Colour:
    b, g, r = colour
    return b * share, g * share, r * share


def _leg(outfit: Outfit, side: int, dim: float) -> list[Stroke]:
    hip = _LEGS[side]
    knee, ankle, toe = hip + 1, hip + 2, hip + 3
    cloth = _dim(outfit.trousers, dim)
    if outfit.bare_legs:
        strokes = [
            Stroke([knee, ankle], 0.05, _dim(outfit.socks, dim)),
            Stroke([hip, knee], 0.062, _dim(outfit.skin, dim)),
            Stroke([hip, 17 + side], 0.088, cloth),
        ]
    else:
        strokes = [Stroke([hip, knee], 0.082, cloth), Stroke([knee, ankle], 0.062, cloth)]
    return [*strokes, Stroke([ankle, toe], 0.042, _dim(SHOE, dim))]


def _arm(outfit: Outfit, side: int, dim: float) -> list[Stroke]:
    shoulder = _ARMS[side]
    elbow, hand = shoulder + 1, shoulder + 2
    sleeve = outfit.skin if outfit.bare_legs else outfit.top
    return [
        Stroke([elbow, hand], 0.04, _dim(sleeve, dim)),
        Stroke([shoulder, elbow], 0.056, _dim(outfit.top, dim)),
        Stroke([hand, hand], 0.052, outfit.skin),
    ]


def _torso(outfit: Outfit) -> list[Stroke]:
    strokes = [
        Stroke([11, 14, 7, 3], 0.0, outfit.top),  # both shoulders, both hips
        Stroke([0, 19], 0.12, outfit.trousers),
        Stroke([19, 1], 0.145, outfit.top),
    ]
    if outfit.coat:
        strokes.append(Stroke([21, 0], 0.14, _dim(outfit.top, 0.94)))
    if outfit.bag:
        strokes.append(Stroke([22, 23], 0.09, _BAG))
    strokes.append(Stroke([20, 2], 0.045, _dim(outfit.skin, 0.9)))
    strokes.append(Stroke([2, 2], 0.124, outfit.skin))
    strokes.append(Stroke([24, 24], 0.116, outfit.hair))
    return strokes


def _joints(tall: float, pose: Pose) -> Floats:
    """Where the joints are, (25, 3): metres ahead, to the left, and up."""
    legs = [_leg_joints(pose, shift) for shift in (0.0, math.pi)]
    hip = 0.035 - min(leg[1][1] for leg in legs)
    lean = 0.11 * pose.swing
    chest, head = (lean, 0.0, hip + 0.27), (lean * 1.4, 0.0, hip + 0.41)
    points: list[Point] = [(0.0, 0.0, hip), chest, head]
    for leg, left in zip(legs, (0.052, -0.052), strict=True):
        points.append((0.0, left, hip))
        points += [(ahead, left, hip + up) for ahead, up in leg]
    for opposite, left in ((math.pi, 0.115), (0.0, -0.115)):
        points += _arm_joints(pose, opposite, left, chest)
    for leg, left in zip(legs, (0.052, -0.052), strict=True):
        points.append((leg[0][0] * 0.66, left, hip + leg[0][1] * 0.66))
    points += [
        (lean / 4, 0.0, hip + 0.07),
        ((chest[0] + head[0]) / 2, 0.0, hip + 0.34),
        (0.0, 0.0, hip - 0.13),
        (lean - 0.095, 0.0, hip + 0.26),
        (lean / 2 - 0.095, 0.0, hip + 0.13),
        (head[0] - 0.014, 0.0, head[2] + 0.022),
    ]
    return np.array(points) * tall


def _leg_joints(pose: Pose, shift: float) -> list[tuple[float, float]]:
    """Knee, ankle and toe, ahead and up from the hip, as shares of the body's height."""
    turn = pose.phase + shift
    thigh = pose.swing * math.sin(turn)
    shin = thigh - pose.bend * max(0.0, math.cos(turn)) - 0.06
    knee = (0.245 * math.sin(thigh), -0.245 * math.cos(thigh))
    ankle = (knee[0] + 0.245 * math.sin(shin), knee[1] - 0.245 * math.cos(shin))
    foot = shin + 0.1
    return [knee, ankle, (ankle[0] + 0.1 * math.cos(foot), ankle[1] + 0.1 * math.sin(foot) - 0.012)]


def _arm_joints(pose: Pose, opposite: float, left: float, chest: Point) -> list[Point]:
    """Shoulder, elbow and hand."""
    swing = pose.swing * 0.85 * math.sin(pose.phase + opposite)
    fold = swing + 0.18 + 0.9 * pose.bend * min(pose.swing, 1.0) ** 1.5
    out = math.copysign(0.03 + 0.09 * pose.cheer, left)
    down = 1 - 2 * pose.cheer
    shoulder = (chest[0], left, chest[2] + 0.035)
    elbow = (shoulder[0] + 0.165 * math.sin(swing), left + out, shoulder[2] - 0.165 * math.cos(swing) * down)
    hand = (elbow[0] + 0.15 * math.sin(fold), elbow[1] + out * 0.4, elbow[2] - 0.15 * math.cos(fold) * down)
    return [shoulder, elbow, hand]
