"""Which frames of a fast stream need not be decoded. Pure."""

from __future__ import annotations

import math
from heapq import heappop, heappush

# Pictures that may come before their turn; H.264 allows 16.
_MAX_REORDER = 16
# So many times the least distance is not too much, where that spares a picture: 8 a second for 15.
_MOST = 2.1


class FrameSkipper:
    """Finds packets whose picture nobody need look at, before they are decoded.

    Pictures are taken in the order in which they are shown, each that is ``least_s`` later than the one
    taken before. What will be taken is known when a picture comes that no other builds on: by then all
    those that are shown before it have come. It is spared, too, where one that is decoded anyway is shown
    soon after it.
    """

    def __init__(self, least_s: float) -> None:
        self._least_s = least_s
        self._taken_s: float | None = None
        self._coming: list[float] = []  # a heap of shown times

    def skips(self, shown_s: float, *, droppable: bool) -> bool:
        """Whether the next packet, in decoding order, may be left out.

        ``droppable`` says that no other picture builds on this one.
        """
        if droppable:
            while self._coming and self._coming[0] < shown_s:
                self._pass(heappop(self._coming))
            if self._taken_s is not None and self._spares(shown_s, self._taken_s):
                return True
        heappush(self._coming, shown_s)
        if len(self._coming) > _MAX_REORDER:
            self._pass(heappop(self._coming))
        return False

    def _spares(self, shown_s: float, taken_s: float) -> bool:
        if shown_s < taken_s:
            return False  # another timeline
        next_s = self._coming[0] if self._coming else math.inf
        return shown_s - taken_s < self._least_s or next_s - taken_s <= _MOST * self._least_s

    def _pass(self, shown_s: float) -> None:
        if self._taken_s is None or shown_s - self._taken_s >= self._least_s:
            self._taken_s = shown_s
