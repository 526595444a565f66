"""Which frames of a damaged stream can be trusted."""

from __future__ import annotations

import math
from collections import deque

# A decoder marks the pictures that it could make only in part, but not those that are built on them. Of a
# stream that loses a fifth of its packets an eighth to two thirds are marked, of an encrypted one nearly all.
_SPAN_S = 1.0
_LEAST_SHARE = 0.25
# Where no key picture comes, or none that is whole, half of the pictures must be whole for so long.
_HEALED_SHARE, _HEALED_S = 0.5, 3.0


class Wholeness:
    """How many pictures of the last second were whole, and whether what follows them can be shown.

    Attributes:
        trusted: false from when hardly any picture of a second was whole until one that needs none before it
            is, or most have been for a while: those between are built on broken ones.
    """

    def __init__(self) -> None:
        self._last: deque[tuple[float, bool]] = deque()
        self._begin()

    def _begin(self) -> None:
        self._last.clear()
        self._whole = 0
        self._broken_s = -math.inf  # the newest broken one
        self._since_s = -math.inf  # the first of those that follow each other within a second
        self._bad_s = -math.inf  # the end of the newest second of which less than half was whole
        self.trusted = True

    def add(self, at_s: float, *, whole: bool, key: bool = False) -> None:
        """Take the next picture, of this stream time, or a packet that gave none."""
        if self._last and at_s < self._last[-1][0] - _SPAN_S:  # a timeline that starts over
            self._begin()
        self._last.append((at_s, whole))
        self._whole += whole
        while self._last[0][0] <= at_s - _SPAN_S:
            self._whole -= self._last.popleft()[1]
        if not whole:
            if at_s - self._broken_s > _SPAN_S:
                self._since_s = at_s
            self._broken_s = at_s
        if self._whole < _HEALED_SHARE * len(self._last):
            self._bad_s = at_s
        if not self.trusted:
            self.trusted = whole and (key or at_s - self._bad_s >= _HEALED_S)
        elif not self.doubtful:
            self.trusted = self.likely

    @property
    def doubtful(self) -> bool:
        """Whether damage has begun less than a second ago: it is not known yet whether it is all there is."""
        return bool(self._last) and self._last[-1][0] - self._since_s < _SPAN_S

    @property
    def likely(self) -> bool:
        """Whether, by the last second so far, whole pictures can be trusted."""
        return self._whole >= _LEAST_SHARE * len(self._last)
