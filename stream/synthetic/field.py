"""The football field in motion: attacks over the empty field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from stream.synthetic.event import Box, Event, seen
from stream.synthetic.field_backdrop import field_light, field_view, paint_field
from stream.synthetic.light import Colour, tinted
from stream.synthetic.match import line_up, play
from stream.synthetic.patch import Image, Patch, Veil
from stream.synthetic.people import HAIRS, SKINS, Outfit, Pose, Stand, gait, paint_person, paint_shadow
from stream.synthetic.play import Deed, Instant, Play
from stream.synthetic.setting import Setting
from stream.synthetic.view import Floats

_SHADE: Colour = (0.66, 0.62, 0.60)
_CONTACT: Colour = (0.62, 0.62, 0.62)
_BALL_M = 0.15  # a little larger than life, to be seen from here
_BOX_STEP_S = 0.2
_BALL_DEEDS = ("pass", "shot", "goal", "miss")
_KITS: tuple[tuple[Colour, Colour], ...] = (  # shirts of attackers and defenders
    ((52, 48, 196), (222, 222, 222)),
    ((196, 120, 40), (60, 200, 245)),
    ((60, 190, 245), (150, 80, 30)),
    ((226, 228, 230), (50, 46, 150)),
)


class Field:
    """A match under one light, in one picture size. Its groups of events are attacks, numbered from 0."""

    def __init__(self, seed: int, width: int, height: int, *, dusk: bool) -> None:
        self._seed = seed
        self._setting = Setting(field_view(width, height), field_light(dusk=dusk))
        self._view, self._light = self._setting.view, self._setting.light
        self._still = paint_field(self._setting, seed)
        self._outfits = _outfits(seed)
        self._resting = lru_cache(maxsize=2)(self._lined_up)

    def events(self, number: int) -> tuple[Event, ...]:
        """What happens in an attack, with times from its start."""
        match = play(self._seed, number)
        return tuple(self._event(match, deed) for deed in match.deeds)

    def picture(self, number: int, since_s: float) -> Image:
        """What the camera sees so long after an attack's start (negative: before it)."""
        match = play(self._seed, number)
        if since_s <= 0:
            return self._resting(number).copy()
        if since_s >= match.length_s:
            return self._resting(number + 1).copy()
        return self._paint(match.at(since_s))

    def _lined_up(self, number: int) -> Image:
        return self._paint(line_up(self._seed, number))

    def _paint(self, now: Instant) -> Image:
        frame = self._still.copy()
        stands = [
            Stand(*place, *way) for place, way in zip(now.places.tolist(), now.ahead.tolist(), strict=True)
        ]
        moves = zip(now.speed.tolist(), now.gone_m.tolist(), now.cheer.tolist(), strict=True)
        poses = [gait(*move) for move in moves]
        self._paint_shadows(frame, stands, poses, now.ball)
        depths = [self._view.depth(stand.x, stand.y) for stand in stands]
        ball_depth = self._view.depth(now.ball[0], now.ball[1])
        order = sorted(range(len(stands)), key=lambda player: -depths[player])
        for player in (player for player in order if depths[player] >= ball_depth):
            self._paint_player(frame, stands[player], self._outfits[player], poses[player])
        self._paint_ball(frame, now.ball)
        for player in (player for player in order if depths[player] < ball_depth):
            self._paint_player(frame, stands[player], self._outfits[player], poses[player])
        return frame

    def _paint_player(self, frame: Image, stand: Stand, outfit: Outfit, pose: Pose) -> None:
        patch = Patch.around(self._view.project(_around(np.array([[stand.x, stand.y]]))), frame, margin=1)
        if patch is not None:
            paint_person(patch, self._setting, stand, outfit, pose)
            patch.over(frame)

    def _paint_ball(self, frame: Image, ball: Floats) -> None:
        middle = self._view.project(ball[None, :])
        radius = _BALL_M * self._view.scale(ball[0], ball[1])
        patch = Patch.around(middle, frame, margin=radius + 2)
        if patch is None:
            return
        glow = self._light.upright * self._light.glow_at(ball[0], ball[1], 0.0)
        factor = self._light.falling((0.0, -0.6, 0.8), glow)
        patch.disk(middle[0], radius, tinted((150, 152, 152), factor))
        patch.disk(middle[0] - 0.2 * radius, radius * 0.78, tinted((244, 246, 246), factor))
        patch.over(frame)

    def _paint_shadows(
        self, frame: Image, stands: Sequence[Stand], poses: Sequence[Pose], ball: Floats
    ) -> None:
        """All shadows at once, so that where two meet it is not twice as dark."""
        near = np.array([(stand.x, stand.y) for stand in stands] + [(ball[0], ball[1])])
        veil = Veil.around(self._view.project(_around(near)), frame, margin=12)
        if veil is None:
            return
        scale = self._view.scale
        for stand, outfit, pose in zip(stands, self._outfits, poses, strict=True):
            if self._light.dark:  # floodlights from all sides leave only a little below the feet
                foot = self._view.project([(stand.x + dx, stand.y, 0.0) for dx in (-0.2, 0.2)])
                veil.line(foot, 0.22 * scale(stand.x, stand.y))
            else:
                paint_shadow(veil, self._setting, stand, outfit, pose)
        x, y, z = self._light.to_sun
        fallen_m = 0.0 if self._light.dark else ball[2] / z
        below = self._view.project([(ball[0] - fallen_m * x, ball[1] - fallen_m * y, 0.0)])
        veil.disk(below[0], 0.12 * scale(ball[0], ball[1]))
        veil.shade(frame, _CONTACT if self._light.dark else _SHADE, 0.04 * scale(*near[0]))

    def _event(self, match: Play, deed: Deed) -> Event:
        count = max(2, math.ceil((deed.end_s - deed.start_s) / _BOX_STEP_S) + 1)
        times = np.linspace(deed.start_s, deed.end_s, count).tolist()
        boxes = tuple(self._box(match.at(at_s), deed) for at_s in times)
        return Event(deed.kind, deed.start_s, deed.end_s, boxes)

    def _box(self, now: Instant, deed: Deed) -> Box:
        x, y, z = now.ball
        points = []
        if deed.kind not in _BALL_DEEDS:
            points.append(_around(now.places[list(deed.who)]))
        if deed.kind != "celebration":
            points.append(np.array([(x + dx, y, up) for dx in (-0.4, 0.4) for up in (0.0, z + 0.4)]))
        return seen(self._view.project(np.concatenate(points)), self._view.width, self._view.height)


def _around(places: Floats) -> Floats:
    """Corners around people who stand at these places, (n, 2), with raised arms and long steps."""
    return np.array([(x + dx, y, z) for x, y in places for dx in (-0.95, 0.95) for z in (-0.05, 2.3)])


def _outfits(seed: int) -> tuple[Outfit, ...]:
    """Six attackers, the keeper, five defenders, the referee."""
    rng = np.random.default_rng([seed, 9])
    attack, defend = _KITS[int(rng.integers(len(_KITS)))]
    shirts = [attack] * 6 + [(60, 200, 120)] + [defend] * 5 + [(50, 48, 50)]
    shorts = [(225, 226, 228)] * 6 + [(60, 60, 60)] + [(70, 60, 54)] * 5 + [(50, 48, 50)]
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
