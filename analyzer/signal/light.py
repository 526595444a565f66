"""Changes of the whole picture's brightness, distinguished from flicker."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_LEVELS = 12.0  # grey levels within _WITHIN_S: more than a passing cloud, less than a lamp
_WITHIN_S = 2.0
_PAUSE_S = 0.5  # a change is over when it has not continued for so long
_NOISE = 0.05  # grey levels: a smaller shift is no change


@dataclass(frozen=True, slots=True)
class LightChange:
    """A change of the whole picture's brightness: when it began (s) and by how many grey levels."""

    at_s: float
    levels: float


class LightMeter:
    """Adds up the shifts of frames and finds changes: a step or a fade is one change."""

    def __init__(self) -> None:
        self._level = 0.0
        self._recent: deque[LightChange] = deque()  # of the last _WITHIN_S: time and level before each shift
        self._start: LightChange | None = None  # time and level at the start of the current change
        self._reached_s = 0.0  # when the current change last continued
        self._reached = 0.0  # the level that it reached
        self._found: list[LightChange] = []

    def add(self, pts_s: float, shift: float) -> None:
        """Add the shift of brightness of one frame, in grey levels."""
        if self._start is not None and pts_s - self._reached_s > _PAUSE_S:
            self._end()
        if abs(shift) < _NOISE:
            return
        while self._recent and pts_s - self._recent[0].at_s > _WITHIN_S:
            self._recent.popleft()
        self._recent.append(LightChange(pts_s, self._level))
        self._level += shift
        if self._start is None:
            self._begin(pts_s)
        elif (self._level - self._reached) * (self._reached - self._start.levels) > 0:
            self._reached_s, self._reached = pts_s, self._level
        elif abs(self._level - self._reached) >= _LEVELS:  # it reversed: a flash is two changes
            self._end()
            self._begin(pts_s)

    def close(self) -> tuple[LightChange, ...]:
        """Return the changes since the last call, in time order. One that goes on is split there."""
        if self._start is not None:
            self._end()
        found = tuple(self._found)
        self._found.clear()
        return found

    def cut(self) -> None:
        """End the current change, since the picture was replaced."""
        if self._start is not None:
            self._end()
        self._recent.clear()

    def _begin(self, pts_s: float) -> None:
        """Begin a change if the level differs enough from that at some time in ``_WITHIN_S``."""
        start = max(self._recent, key=lambda past: abs(self._level - past.levels))
        if abs(self._level - start.levels) >= _LEVELS:
            self._start, self._reached_s, self._reached = start, pts_s, self._level

    def _end(self) -> None:
        if self._start is not None:
            self._found.append(LightChange(self._start.at_s, self._reached - self._start.levels))
            self._recent = deque(past for past in self._recent if past.at_s > self._reached_s)
            self._start = None
