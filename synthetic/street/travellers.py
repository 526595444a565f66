"""Paint one traveller: shadow or headlights, then the traveller."""

from __future__ import annotations

import math

import numpy as np

from synthetic.paint.light import Colour
from synthetic.paint.patch import Hidden, Image, Patch, Veil
from synthetic.paint.people import Outfit, Stand, body, gait, paint_person, paint_shadow, passer_by
from synthetic.paint.setting import Setting
from synthetic.paint.vehicles import VEHICLES, vehicle
from synthetic.street.cyclist import paint_cyclist, paint_cyclist_shadow
from synthetic.street.passage import BEAM_M, Passage
from synthetic.view import Floats

_SHADE: Colour = (0.64, 0.59, 0.56)
_UNDERNEATH: Colour = (0.4, 0.4, 0.4)
_BEAM: Colour = (66, 88, 100)
_HALO: Colour = (110, 128, 135)


def paint_traveller(frame: Image, way: Passage, at_s: float, setting: Setting, hidden: Hidden) -> None:
    """Paint a traveller at a time; `hidden` masks what is in front of it."""
    vehicular = way.traveller.kind in VEHICLES
    if setting.light.dark and vehicular:
        _beam(frame, way, at_s, setting, hidden)
    elif not setting.light.dark:
        _shadow(frame, way, at_s, setting, hidden)
    if vehicular:
        _underneath(frame, way, at_s, setting, hidden)
    patch = Patch.around(setting.view.project(way.moved(way.body, at_s)), frame)
    if patch is not None:
        _body(patch, way, at_s, setting)
        patch.over(frame, hidden)
    if setting.light.dark and vehicular:
        _halo(frame, way, at_s, setting, hidden)


def _body(patch: Patch, way: Passage, at_s: float, setting: Setting) -> None:
    who = way.traveller
    if who.kind in VEHICLES:
        solid = vehicle(who.kind, who.look, who.heading)
        solid.paint(patch, setting, way.x(at_s), who.y, who.heading)
    elif who.kind == "cyclist":
        paint_cyclist(patch, setting, _stand(way, at_s), passer_by(who.look), _pedals(way, at_s))
    else:
        paint_person(patch, setting, _stand(way, at_s), _outfit(way), _joints(way, at_s))


def _shadow(frame: Image, way: Passage, at_s: float, setting: Setting, hidden: Hidden) -> None:
    who = way.traveller
    veil = Veil.around(setting.view.project(way.moved(way.outline, at_s)), frame)
    if veil is None:
        return
    if who.kind in VEHICLES:
        veil.polygon(setting.view.project(way.moved(way.shadow, at_s)))
    elif who.kind == "cyclist":
        paint_cyclist_shadow(veil, setting, _stand(way, at_s), _pedals(way, at_s))
    else:
        paint_shadow(veil, setting, _stand(way, at_s), _joints(way, at_s))
    veil.shade(frame, _SHADE, 0.04 * setting.view.scale(way.x(at_s), who.y), hidden)


def _underneath(frame: Image, way: Passage, at_s: float, setting: Setting, hidden: Hidden) -> None:
    """Paint the shadow between the wheels."""
    x, who = way.x(at_s), way.traveller
    solid = vehicle(who.kind, who.look, who.heading)
    corners = setting.view.project(ground_under(x, who.y, solid.length, solid.half_width))
    veil = Veil.around(corners, frame)
    if veil is not None:
        veil.polygon(corners)
        veil.shade(frame, _UNDERNEATH, 0.06 * setting.view.scale(x, who.y), hidden)


def _beam(frame: Image, way: Passage, at_s: float, setting: Setting, hidden: Hidden) -> None:
    x, who = way.x(at_s), way.traveller
    veil = Veil.around(setting.view.project(way.moved(way.lit, at_s)), frame)
    if veil is None:
        return
    near = vehicle(who.kind, who.look, who.heading).length / 2
    far = near + BEAM_M
    shape = [(near, -0.7), (far - 1.6, -1.5), (far, 0.0), (far - 1.6, 1.5), (near, 0.7)]
    veil.polygon(setting.view.project([(x + who.heading * dx, who.y + dy, 0.0) for dx, dy in shape]))
    veil.shine(frame, _BEAM, 0.42 * setting.view.scale(x, who.y), hidden)


def _halo(frame: Image, way: Passage, at_s: float, setting: Setting, hidden: Hidden) -> None:
    """The glare around the headlight on the camera's side."""
    x, who = way.x(at_s), way.traveller
    solid = vehicle(who.kind, who.look, who.heading)
    lamp = setting.view.project([(x + who.heading * solid.length / 2, who.y - 0.7 * solid.half_width, 0.75)])
    scale = setting.view.scale(x, who.y)
    veil = Veil.around(lamp, frame, margin=1.1 * scale)
    if veil is not None:
        veil.disk(lamp[0], 0.35 * scale)
        veil.shine(frame, _HALO, 0.28 * scale, hidden)


def ground_under(x: float, y: float, length: float, half_width: float) -> Floats:
    """The corners of the ground below a vehicle."""
    left, right = x - length / 2 + 0.1, x + length / 2 - 0.1
    near, far = y - half_width, y + half_width
    return np.array([(left, near, 0.0), (right, near, 0.0), (right, far, 0.0), (left, far, 0.0)])


def _stand(way: Passage, at_s: float) -> Stand:
    return Stand(way.x(at_s), way.traveller.y, float(way.traveller.heading), 0.0)


def _outfit(way: Passage) -> Outfit:
    return passer_by(way.traveller.look, running=way.traveller.kind == "jogger")


def _joints(way: Passage, at_s: float) -> Floats:
    speed = way.traveller.speed_mps
    return body(_stand(way, at_s), _outfit(way), gait(speed, speed * (at_s - way.start_s)))


def _pedals(way: Passage, at_s: float) -> float:
    """Return the angle of the pedals in radians: one turn in 4.5 m, as on a town bicycle."""
    return way.traveller.speed_mps * (at_s - way.start_s) / 4.5 * 2 * math.pi
