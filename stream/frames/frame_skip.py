"""Frames of a fast stream that are not measured; most of them are not even decoded."""

from __future__ import annotations

import math
from heapq import heappop, heappush

from stream.frames.frame import Passed

# Frames that may come before their turn; H.264 allows 16.
_MAX_REORDER = 16
# A distance of this many times the minimum is accepted where it saves decoding a frame: 8 a second, not 15.
_MAX_DISTANCE = 2.1
# Memory that the decoded frames between two measured ones may hold: 16 of 1080p.
PASSED_BYTES = 50_000_000


class FrameSkipper:
    """Finds packets that need not be decoded, as their frame would not be measured. Pure.

    Frames are measured in display order, each at least ``min_s`` after the one measured before. A frame that
    no other refers to is decided on when it comes: by then all frames displayed before it have come. It is
    skipped, too, where a frame that is decoded anyway is displayed soon after it.
    """

    def __init__(self, min_s: float) -> None:
        self._min_s = min_s
        self._measured_s: float | None = None
        self._coming: list[float] = []  # a heap of display times

    def skips(self, shown_s: float, *, droppable: bool) -> bool:
        """Whether the next packet, in decoding order, need not be decoded.

        ``droppable`` is whether no other frame refers to this one.
        """
        if droppable:
            while self._coming and self._coming[0] < shown_s:
                self._pass(heappop(self._coming))
            if self._measured_s is not None and self._is_spare(shown_s, self._measured_s):
                return True
        heappush(self._coming, shown_s)
        if len(self._coming) > _MAX_REORDER:
            self._pass(heappop(self._coming))
        return False

    def _is_spare(self, shown_s: float, measured_s: float) -> bool:
        if shown_s < measured_s:
            return False  # another timeline
        next_s = self._coming[0] if self._coming else math.inf
        return shown_s - measured_s < self._min_s or next_s - measured_s <= _MAX_DISTANCE * self._min_s

    def _pass(self, shown_s: float) -> None:
        if self._measured_s is None or shown_s - self._measured_s >= self._min_s:
            self._measured_s = shown_s


class Unmeasured:
    """The frames since the one that was measured last."""

    def __init__(self) -> None:
        self._passed: list[Passed] = []
        self._decoded = 0
        self._skipped_s: list[float] = []  # stream times of skipped packets, until a later frame comes

    def skip(self, shown_s: float) -> None:
        """Note a packet that was not decoded."""
        self._skipped_s.append(shown_s)

    def add(self, frame: Passed) -> None:
        """Take a decoded frame; the oldest are dropped where they hold too much memory."""
        self._decoded += 1
        self._passed.append(frame)
        # Three bytes for two pixels, as in 4:2:0 of 8 bits; near enough for others.
        if len(self._passed) * frame.image.width * frame.image.height * 3 // 2 > PASSED_BYTES:
            del self._passed[0]

    def take(self, stream_s: float | None) -> tuple[int, tuple[Passed, ...]]:
        """Return how many were displayed before this stream time, each counted once, and the decoded ones."""
        count, passed = self._decoded, tuple(self._passed)
        self._decoded, self._passed = 0, []
        if self._skipped_s:
            later = [] if stream_s is None else [at_s for at_s in self._skipped_s if at_s > stream_s]
            count += len(self._skipped_s) - len(later)
            self._skipped_s = later
        return count, passed
