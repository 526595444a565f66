"""Paint footballers and the ball."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthetic.field.play import Instant
from synthetic.paint.light import Colour, tinted
from synthetic.paint.patch import Image, Patch, Veil
from synthetic.paint.people import HAIRS, SKINS, Outfit, Stand, body, gait, paint_person, paint_shadow
from synthetic.paint.setting import Setting
from synthetic.view import Floats

_SHADE: Colour = (0.66, 0.62, 0.60)
_CONTACT: Colour = (0.62, 0.62, 0.62)
_BALL_M = 0.15  # a little larger than a real one, so that it is visible
_KEEPER_SHIRT: Colour = (60, 200, 120)
_BLACK: Colour = (50, 48, 50)
_KITS: tuple[tuple[Colour, Colour], ...] = (  # shirts of attackers and defenders
    ((52, 48, 196), (222, 222, 222)),
    ((196, 120, 40), (60, 200, 245)),
    ((60, 190, 245), (150, 80, 30)),
    ((226, 228, 230), (50, 46, 150)),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Player:
    stand: Stand
    outfit: Outfit
    joints: Floats
    depth: float


def paint_players(frame: Image, setting: Setting, outfits: Sequence[Outfit], now: Instant) -> None:
    """Paint all players and the ball, the farthest first."""
    players = sorted(_players(setting, outfits, now), key=lambda player: -player.depth)
    _shadows(frame, setting, players, now.ball)
    ball_depth = setting.view.depth(now.ball[0], now.ball[1])
    for player in players:
        if player.depth >= ball_depth:
            _paint_player(frame, setting, player)
    _paint_ball(frame, setting, now.ball)
    for player in players:
        if player.depth < ball_depth:
            _paint_player(frame, setting, player)


def outfits(seed: int) -> tuple[Outfit, ...]:
    """Return the outfits of six attackers, the keeper, five defenders and the referee."""
    rng = np.random.default_rng([seed, 9])
    attack, defend = _KITS[int(rng.integers(len(_KITS)))]
    shirts = [attack] * 6 + [_KEEPER_SHIRT] + [defend] * 5 + [_BLACK]
    shorts: list[Colour] = [(225, 226, 228)] * 6 + [(60, 60, 60)] + [(70, 60, 54)] * 5 + [_BLACK]
    return tuple(
        Outfit(
            top=shirt,
            trousers=short,
            skin=SKINS[int(rng.integers(len(SKINS)))],
            hair=HAIRS[int(rng.integers(len(HAIRS)))],
            socks=shirt,
            tall=float(rng.uniform(1.7, 1.9)),
            bare_legs=True,
        )
        for shirt, short in zip(shirts, shorts, strict=True)
    )


def around(places: Floats) -> Floats:
    """Return the corners of boxes around people at these places, (n, 2), and their shadows to the left."""
    reach = [(dx, z) for dx in (-1.4, 0.95) for z in (-0.05, 2.3)]
    return np.array([(x + dx, y, z) for x, y in places.tolist() for dx, z in reach])


def _players(setting: Setting, outfits: Sequence[Outfit], now: Instant) -> list[_Player]:
    players = []
    states = zip(outfits, *(part.tolist() for part in now[:-1]), strict=True)
    for outfit, place, ahead, speed, gone_m, cheer in states:
        stand = Stand(*place, *ahead)
        joints = body(stand, outfit, gait(speed, gone_m, cheer))
        players.append(_Player(stand, outfit, joints, setting.view.depth(stand.x, stand.y)))
    return players


def _paint_player(frame: Image, setting: Setting, player: _Player) -> None:
    place = np.array([[player.stand.x, player.stand.y]])
    patch = Patch.around(setting.view.project(around(place)), frame, margin=1)
    if patch is not None:
        paint_person(patch, setting, player.stand, player.outfit, player.joints)
        patch.over(frame)


def _paint_ball(frame: Image, setting: Setting, ball: Floats) -> None:
    middle = setting.view.project(ball[None, :])
    radius = _BALL_M * setting.view.scale(ball[0], ball[1])
    patch = Patch.around(middle, frame, margin=radius + 2)
    if patch is None:
        return
    factor = setting.falling_upright((0.0, -0.6, 0.8), ball[0], ball[1])
    patch.disk(middle[0], radius, tinted((150, 152, 152), factor))
    patch.disk(middle[0] - 0.2 * radius, radius * 0.78, tinted((244, 246, 246), factor))
    patch.over(frame)


def _shadows(frame: Image, setting: Setting, players: Sequence[_Player], ball: Floats) -> None:
    """Paint all shadows at once, so that it is not twice as dark where two overlap."""
    view, light = setting.view, setting.light
    near = np.array([(player.stand.x, player.stand.y) for player in players] + [(ball[0], ball[1])])
    veil = Veil.around(view.project(around(near)), frame, margin=12)
    if veil is None:
        return
    for player in players:
        stand = player.stand
        if light.dark:  # floodlights from all sides leave only small shadows below the feet
            foot = view.project([(stand.x + dx, stand.y, 0.0) for dx in (-0.2, 0.2)])
            veil.line(foot, 0.22 * view.scale(stand.x, stand.y))
        else:
            paint_shadow(veil, setting, stand, player.joints)
    x, y, z = light.to_sun
    fallen_m = 0.0 if light.dark else ball[2] / z
    below = view.project([(ball[0] - fallen_m * x, ball[1] - fallen_m * y, 0.0)])
    veil.disk(below[0], 0.12 * view.scale(ball[0], ball[1]))
    veil.shade(frame, _CONTACT if light.dark else _SHADE, 0.04 * view.scale(*near[0]))
