"""The street with its travellers in motion."""

from __future__ import annotations

from synthetic.event import Event
from synthetic.paint.backdrop import Backdrop
from synthetic.paint.patch import Hidden, Image
from synthetic.paint.setting import Setting
from synthetic.street.backdrop import paint_still, street_light, street_view
from synthetic.street.furniture import furniture, hidden_behind
from synthetic.street.passage import event, passages
from synthetic.street.travellers import paint_traveller


class Street:
    """A street under one light, in one picture size. Its groups of events are numbered from 0."""

    def __init__(self, seed: int, width: int, height: int, *, dusk: bool) -> None:
        self._seed = seed
        self._setting = Setting(street_view(width, height), street_light(dusk=dusk))
        backdrop = Backdrop(self._setting, seed)
        paint_still(backdrop, seed)
        self._still = backdrop.finished()
        self._masks = furniture(self._still, self._setting, seed)
        self._hidden: dict[int, Hidden] = {}

    def events(self, number: int) -> tuple[Event, ...]:
        """Return the events of a group, with times from its start."""
        ways = passages(self._seed, number, self._setting)
        return tuple(event(way, self._setting) for way in ways)

    def picture(self, number: int, since_s: float) -> Image:
        """Return the picture at a time after the start of a group (negative: before it)."""
        frame = self._still.copy()
        ways = passages(self._seed, number, self._setting)
        present = [way for way in ways if way.start_s <= since_s <= way.end_s]
        for way in sorted(present, key=lambda way: -way.traveller.y):
            hidden = self._in_front_of(way.traveller.y)
            paint_traveller(frame, way, since_s, self._setting, hidden)
        return frame

    def _in_front_of(self, y: float) -> Hidden:
        nearer = sum(at < y for at, _ in self._masks)
        if nearer not in self._hidden:
            self._hidden[nearer] = hidden_behind(self._masks, y)
        return self._hidden[nearer]
