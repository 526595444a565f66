"""Integrity of a damaged stream: which of its frames can be trusted. Pure.

A decoder marks the frames that it could decode only in part, but not those that are predicted from them.
"""

from __future__ import annotations

import math
from collections import deque

from stream.frames.frame import Frame

# Of a stream that loses a fifth of its packets an eighth to two thirds of the frames are marked as damaged,
# of an encrypted one nearly all.
_SPAN_S = 1.0
_MIN_SHARE = 0.25
# Where no complete key frame comes, half of the frames must be complete for this long.
_RECOVERED_SHARE, _RECOVERED_S = 0.5, 3.0
# Demuxers of transport streams yield a packet that is complete before those that were lost ahead of it.
_SLACK_S = 0.5
# Memory that doubtful frames may hold.
MAX_DOUBTFUL_BYTES = 64_000_000


class Integrity:
    """Share of complete frames within the last second, and whether the frames after them can be trusted.

    Attributes:
        trusted: False once hardly any frame of a second was complete, until a complete key frame comes or
            most
            frames have been complete for a while: those in between are predicted from damaged ones.
    """

    def __init__(self) -> None:
        self._last: deque[tuple[float, bool]] = deque()  # stream time, complete
        self._begin()

    def _begin(self) -> None:
        self._last.clear()
        self._complete = 0  # of those
        self._damaged_s = -math.inf  # the newest damaged frame
        self._since_s = -math.inf  # the first of the damaged ones that follow each other within a second
        self._bad_s = -math.inf  # the end of the newest second of which less than half was complete
        self.trusted = True

    def add(self, at_s: float, *, complete: bool, key: bool = False) -> None:
        """Take the next frame, of this stream time, or a packet that gave none."""
        if self._last and at_s < self._last[-1][0] - _SPAN_S:  # another timeline
            self._begin()
        self._last.append((at_s, complete))
        self._complete += complete
        while self._last[0][0] <= at_s - _SPAN_S:
            self._complete -= self._last.popleft()[1]
        if not complete:
            if at_s - self._damaged_s > _SPAN_S:
                self._since_s = at_s
            self._damaged_s = at_s
        if self._complete < _RECOVERED_SHARE * len(self._last):
            self._bad_s = at_s
        if not self.trusted:
            self.trusted = complete and (key or at_s - self._bad_s >= _RECOVERED_S)
        elif not self.doubtful:
            self.trusted = self.likely

    @property
    def doubtful(self) -> bool:
        """Whether damage began less than a second ago, so that its share is not known yet."""
        return bool(self._last) and self._last[-1][0] - self._since_s < _SPAN_S

    @property
    def likely(self) -> bool:
        """Whether, by the last second so far, complete frames can be trusted."""
        return self._complete >= _MIN_SHARE * len(self._last)


class DoubtfulFrames:
    """Frames since the first damage, held until it is known, a second later, whether they can be trusted."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._before_s: tuple[float, float | None] | None = None

    def add(self, frame: Frame, before_s: tuple[float, float | None]) -> None:
        """Hold a frame; ``before_s`` are media times of the frames decoded and handed out last before it."""
        self._before_s = self._before_s or before_s
        self._frames.append(frame)

    @property
    def is_full(self) -> bool:
        """Whether they hold as much memory as they may."""
        if not self._frames:
            return False
        image = self._frames[0].image
        return len(self._frames) * image.width * image.height * 3 // 2 >= MAX_DOUBTFUL_BYTES

    def take(self) -> tuple[list[Frame], tuple[float, float | None] | None]:
        """Return all of them, and the times before the first; none are held any more."""
        taken = self._frames, self._before_s
        self._frames, self._before_s = [], None
        return taken


class DamageSpan:
    """The stream times between which the newest damage lies."""

    def __init__(self) -> None:
        self._span_s: tuple[float, float] | None = None

    def add(self, from_s: float, to_s: float) -> None:
        """Note damage between these times."""
        if self._span_s is not None:
            from_s, to_s = min(from_s, self._span_s[0]), max(to_s, self._span_s[1])
        self._span_s = (from_s, to_s)

    def lies_between(self, last_s: float, next_s: float) -> bool:
        """Whether damage lies between two frames; damage that ends before the second is dropped."""
        if self._span_s is None:
            return False
        from_s, to_s = self._span_s
        if to_s < next_s - _SLACK_S:
            self._span_s = None
        return from_s <= next_s and to_s >= last_s - _SLACK_S
