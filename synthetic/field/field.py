"""The football field with its players in motion."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from synthetic.event import Box, Event, box_around
from synthetic.field.backdrop import field_light, field_view, paint_field
from synthetic.field.match import line_up, play
from synthetic.field.play import Deed, Instant, Play
from synthetic.field.players import around, outfits, paint_players
from synthetic.paint.patch import Image
from synthetic.paint.setting import Setting

_BOX_STEP_S = 0.2
_BALL_DEEDS = ("pass", "shot", "goal", "miss")


class Field:
    """A match under one light, in one picture size. Its groups of events are attacks, numbered from 0."""

    def __init__(self, seed: int, width: int, height: int, *, dusk: bool) -> None:
        self._seed = seed
        self._setting = Setting(field_view(width, height), field_light(dusk=dusk))
        self._still = paint_field(self._setting, seed)
        self._outfits = outfits(seed)
        # Between attacks all players stand still: that picture is painted once.
        self._lined_up = lru_cache(maxsize=2)(self._paint_line_up)

    def events(self, number: int) -> tuple[Event, ...]:
        """Return the events of an attack, with times from its start."""
        match = play(self._seed, number)
        return tuple(self._event(match, deed) for deed in match.deeds)

    def picture(self, number: int, since_s: float) -> Image:
        """Return the picture at a time after the start of an attack (negative: before it)."""
        match = play(self._seed, number)
        if since_s <= 0:
            return self._lined_up(number).copy()
        if since_s >= match.length_s:
            return self._lined_up(number + 1).copy()
        return self._paint(match.at(since_s))

    def _paint_line_up(self, number: int) -> Image:
        return self._paint(line_up(self._seed, number))

    def _paint(self, now: Instant) -> Image:
        frame = self._still.copy()
        paint_players(frame, self._setting, self._outfits, now)
        return frame

    def _event(self, match: Play, deed: Deed) -> Event:
        count = max(2, math.ceil((deed.end_s - deed.start_s) / _BOX_STEP_S) + 1)
        times = np.linspace(deed.start_s, deed.end_s, count).tolist()
        boxes = tuple(self._box(match.at(at_s), deed) for at_s in times)
        return Event(deed.kind, deed.start_s, deed.end_s, boxes)

    def _box(self, now: Instant, deed: Deed) -> Box:
        view, (x, y, z) = self._setting.view, now.ball
        points = []
        if deed.kind not in _BALL_DEEDS:
            points.append(around(now.places[list(deed.who)]))
        if deed.kind != "celebration":
            points.append(np.array([(x + dx, y, up) for dx in (-0.4, 0.4) for up in (0.0, z + 0.4)]))
        return box_around(view.project(np.concatenate(points)), view.width, view.height)
