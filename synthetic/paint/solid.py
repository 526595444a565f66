"""Solids with flat faces, drawn in perspective."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from synthetic.paint.light import Colour, tinted
from synthetic.paint.patch import Patch
from synthetic.paint.setting import Setting
from synthetic.view import Floats

Normal = tuple[float, float, float]
Profile = Sequence[tuple[float, float]]

SIDE: Normal = (0.0, -1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Face:
    """A flat polygon of a thing that drives along x.

    Attributes:
        points: (n, 3) in metres: x forward from the middle, y away from the camera, z up from the ground.
        colour: in white light.
        normal: out of the thing.
        lit: its colour in the dark, where it gives light of its own.
    """

    points: Floats
    colour: Colour
    normal: Normal = SIDE
    lit: Colour | None = None


@dataclass(frozen=True, slots=True)
class Solid:
    """Faces in the order in which they are painted; those that face away are left out then."""

    faces: tuple[Face, ...]
    length: float
    height: float
    half_width: float

    def paint(
        self, patch: Patch, setting: Setting, x: float, y: float, heading: int, *, lights: bool = True
    ) -> None:
        """Paint it standing at x, y; `heading` is 1 to the right, -1 to the left.

        `lights` is whether they are on when it is dark.
        """
        light = setting.light
        corners = np.concatenate([face.points for face in self.faces])
        corners = corners * (heading, 1, 1) + (x, y, 0)
        flat = setting.view.project(corners)
        glow = light.upright * light.glow_at(x, y, 0.0)
        at = 0
        for face in self.faces:
            end = at + len(face.points)
            normal = (face.normal[0] * heading, face.normal[1], face.normal[2])
            if float(np.dot((0.0, 0.0, setting.view.eye_m) - corners[at], normal)) > 0:
                own = face.lit if light.dark and lights else None
                patch.polygon(flat[at:end], own or tinted(face.colour, light.falling(normal, glow)))
            at = end


def side(profile: Profile, half_width: float, colour: Colour, lit: Colour | None = None) -> Face:
    """The face towards the camera of something with this profile of x and z."""
    return Face(np.array([(x, -half_width, z) for x, z in profile]), colour, lit=lit)


def slanted(profile: Profile, low: tuple[float, float], high: tuple[float, float], colour: Colour) -> Face:
    """A face towards the camera that leans: at height low[0] it is low[1] wide from the middle, and so on."""
    slope = (high[1] - low[1]) / (high[0] - low[0])
    points = [(x, -(low[1] + (z - low[0]) * slope), z) for x, z in profile]
    lean = math.atan(-slope)
    return Face(np.array(points), colour, (0.0, -math.cos(lean), math.sin(lean)))


def strips(profile: Profile, widths: Sequence[float], colours: Sequence[Colour]) -> list[Face]:
    """The faces between the near and the far side: one from each point of the profile to the next.

    The profile runs clockwise as seen from the camera with the front at the right; the last point is not
    joined to the first, which leaves the underside open.
    """
    faces = []
    for index, ((x0, z0), (x1, z1)) in enumerate(pairwise(profile)):
        near, far = widths[index], widths[index + 1]
        points = np.array([(x0, -near, z0), (x1, -far, z1), (x1, far, z1), (x0, near, z0)])
        length = math.hypot(x1 - x0, z1 - z0)
        normal = (-(z1 - z0) / length, 0.0, (x1 - x0) / length)
        faces.append(Face(points, colours[index], normal))
    return faces


def round_face(
    x: float, z: float, radius: float, half_width: float, colour: Colour, *, corners: int = 20
) -> Face:
    """A disk on the side towards the camera, such as a wheel."""
    turn = np.arange(corners) * (2 * math.pi / corners)
    points = np.stack(
        [x + radius * np.cos(turn), np.full(corners, -half_width), z + radius * np.sin(turn)], axis=1
    )
    return Face(points, colour)
