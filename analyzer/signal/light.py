"""Changes of the whole picture's brightness, distinguished from flicker."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_LEVELS = 12.0  # grey levels within _WITHIN_S: more than a passing cloud, less than a lamp
_WITHIN_S = 2.0
_RESTS_S = 0.5  # a change is over when it has gone no further for so long
_NOISE = 0.05  # grey levels: a frame whose shift is below is as bright as the one before


@dataclass(frozen=True, slots=True)
class LightChange:
    """A change of the whole picture's brightness: when it began (s) and by how many grey levels."""

    at_s: float
    levels: float


class LightMeter:
    """Adds up the frames' shifts, and tells where they come to a change: a step or a fade is one."""

    def __init__(self) -> None:
        self._level = 0.0
        self._recent: deque[LightChange] = deque()  # frames of the last _WITHIN_S: the level before each
        self._start: LightChange | None = None  # where the change that goes on began, and from what level
        self._far_s = 0.0  # when it last went further
        self._far = 0.0  # to what level
        self._found: list[LightChange] = []

    def add(self, pts_s: float, shift: float) -> None:
        """Take one frame's shift of brightness, in grey levels."""
        if self._start is not None and pts_s - self._far_s > _RESTS_S:
            self._end()
        if abs(shift) < _NOISE:
            return
        while self._recent and pts_s - self._recent[0].at_s > _WITHIN_S:
            self._recent.popleft()
        self._recent.append(LightChange(pts_s, self._level))
        self._level += shift
        if self._start is None:
            self._begin(pts_s)
        elif (self._level - self._far) * (self._far - self._start.levels) > 0:
            self._far_s, self._far = pts_s, self._level
        elif abs(self._level - self._far) >= _LEVELS:  # turned back: a flash is two changes
            self._end()
            self._begin(pts_s)

    def close(self) -> tuple[LightChange, ...]:
        """The changes since the last call, in time order. One that goes on is cut there."""
        if self._start is not None:
            self._end()
        found = tuple(self._found)
        self._found.clear()
        return found

    def cut(self) -> None:
        """The picture was replaced: what went before says nothing about its brightness."""
        if self._start is not None:
            self._end()
        self._recent.clear()

    def _begin(self, pts_s: float) -> None:
        """Open a change if the level is far from what it was at some time in ``_WITHIN_S``."""
        start = max(self._recent, key=lambda past: abs(self._level - past.levels))
        if abs(self._level - start.levels) >= _LEVELS:
            self._start, self._far_s, self._far = start, pts_s, self._level

    def _end(self) -> None:
        if self._start is not None:
            self._found.append(LightChange(self._start.at_s, self._far - self._start.levels))
            self._recent = deque(past for past in self._recent if past.at_s > self._far_s)
            self._start = None
