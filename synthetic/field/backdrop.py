"""The empty field: view, light, grass and lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthetic.field.pitch import FAR_LINE, GOAL_LINE, GOAL_Y, HALFWAY, NEAR_LINE
from synthetic.field.surroundings import MAST_TALL, MASTS, paint_surroundings, put_trees_and_masts
from synthetic.paint.backdrop import Backdrop, Shader, stripes
from synthetic.paint.light import Colour, Lamp, Light, unit
from synthetic.paint.patch import Image
from synthetic.paint.setting import Setting
from synthetic.paint.texture import Grain
from synthetic.view import Floats, View

_GRASS: Colour = (62, 142, 92)
_LINE: Colour = (232, 238, 238)
_FLOOD_M = 20.0
# Hills and woods behind everything: height as a share of the picture's, colour, how many bumps.
_HILLS: tuple[tuple[float, Colour, float], ...] = (
    (0.09, (166, 164, 140), 8.0),
    (0.055, (92, 122, 86), 13.0),
    (0.04, (58, 96, 62), 22.0),
)


def field_view(width: int, height: int) -> View:
    """Return the view from a platform behind the near touchline, of one half and its goal."""
    return View(width, height, 0.80 * width, 0.235 * height, 0.30, 7.5)


def field_light(*, dusk: bool) -> Light:
    """Return the light: by day the sun behind the camera to the right, at dusk mostly the floodlights."""
    if dusk:
        lamps = [Lamp(x, y, MAST_TALL, 0.36, _FLOOD_M) for x, y in MASTS]
        lamps += [Lamp(x, 3.0, MAST_TALL, 0.36, _FLOOD_M) for x in (-10.0, 18.0)]  # behind the camera
        return Light(
            (0.40, 0.31, 0.27), (0.04, 0.04, 0.06), unit(0.6, -0.3, 0.35), tuple(lamps), dark=True,
            lamp=(1.0, 0.98, 0.93), upright=0.95,
        )  # fmt: skip
    return Light((0.68, 0.62, 0.57), (0.52, 0.62, 0.68), unit(0.40, -0.55, 0.74), (), dark=False)


def paint_field(setting: Setting, seed: int) -> Image:
    """Return the picture of the empty field."""
    backdrop = Backdrop(setting, seed)
    rng = np.random.default_rng([seed, 7])
    if setting.light.dark:
        backdrop.sky((96, 52, 34), (132, 122, 168), (110, 96, 132), 0.4)
    else:
        backdrop.sky((224, 172, 112), (246, 230, 208), (252, 250, 248), 0.5)
    for height, colour, bumps in _HILLS:
        backdrop.hills(height, colour, bumps, float(rng.uniform(0, 99)))
    backdrop.ground(_ground(backdrop.grain))
    paint_surroundings(backdrop, rng)
    picture = backdrop.finished()
    put_trees_and_masts(picture, setting, seed)
    return picture


def _ground(grain: Grain) -> Shader:
    def shader(x: Floats, y: Floats) -> Floats:
        rough = grain.at(x, y, 0.16, 2) * np.clip(14 / np.hypot(x, y), 0, 1)
        patches = grain.at(x, y, 4.0, 4)
        inside = (y > NEAR_LINE - 1.5) & (y < FAR_LINE + 1.5) & (x < GOAL_LINE + 1.5)
        mown = np.where(np.mod(x - GOAL_LINE, 8.0) < 4.0, 0.055, -0.055) * inside
        colour = np.array(_GRASS) * (1 + mown + 0.07 * patches + 0.12 * rough)[..., None]
        worn = np.exp(-((x - GOAL_LINE + 0.8) ** 2 / 3 + (y - GOAL_Y) ** 2 / 9)) * np.clip(
            0.5 + patches, 0, 1
        )
        colour += (np.array((80, 120, 140)) - colour) * (0.55 * worn)[..., None]
        track = ~inside & (y > FAR_LINE)
        colour[track] *= 0.9
        lines = _lines(x, y)
        colour[lines] = (np.array(_LINE) * (0.97 + 0.05 * rough[..., None]))[lines]
        return np.asarray(colour)

    return shader


def _lines(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Paint the lines of the visible half: 12 cm wide, as the laws of the game allow."""
    half = 0.06
    long = (y > NEAR_LINE - half) & (y < FAR_LINE + half)
    lines = stripes(y, [(NEAR_LINE - half, NEAR_LINE + half), (FAR_LINE - half, FAR_LINE + half)])
    lines &= x < GOAL_LINE + half
    lines |= (np.abs(x - GOAL_LINE) < half) & long
    lines |= (np.abs(x - HALFWAY) < half) & long
    lines |= np.abs(np.hypot(x - HALFWAY, y - GOAL_Y) - 6.0) < half
    for deep, wide in ((9.0, 10.0), (3.5, 5.0)):
        box_x, box_y = x - (GOAL_LINE - deep), np.abs(y - GOAL_Y)
        lines |= (np.abs(box_x) < half) & (box_y < wide + half)
        lines |= (np.abs(box_y - wide) < half) & (box_x > -half) & (x < GOAL_LINE)
    spot_m = np.hypot(x - (GOAL_LINE - 7.0), y - GOAL_Y)
    lines |= spot_m < 0.16
    lines |= (np.abs(spot_m - 5.0) < half) & (x < GOAL_LINE - 9.0)
    for corner in (NEAR_LINE, FAR_LINE):
        lines |= (np.abs(np.hypot(x - GOAL_LINE, y - corner) - 1.0) < half) & (x < GOAL_LINE) & long
    return lines
