"""Spans of activity: how long something moves, and the highest peak of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from analyzer.signal.peaks import Candidate

P = TypeVar("P")

MIN_ACTIVE_S, MIN_ACTIVE_FRAMES = 0.15, 2
"""The least activity that makes an event: half of an event of 0.3 s, and never a single frame, however low
the frame rate: a single one is a flash or damage."""

_MAX_FRAME_S = 0.2
"""The most activity that one frame counts for, however long the stream paused before it."""

_CALM_WEIGHT = 0.25
"""Calm time is subtracted at this weight: activity in less than a fifth of the
frames is no event."""


@dataclass(frozen=True, slots=True)
class ActivitySpan(Generic[P]):
    """Unbroken activity within one window: with a second of calm before and after, or cut at the border.

    Attributes:
        start_s, end_s: media time of the first and the last active frame in this window.
        peak: its highest local maximum in this window; where it has none there (it only falls after
            the border, or stays level), its highest frame.
    """

    start_s: float
    end_s: float
    peak: Candidate[P]


@dataclass(slots=True)
class _Part(Generic[P]):
    """The part of the current span that lies in the current window."""

    start_s: float
    end_s: float
    peak: Candidate[P]  # the highest local maximum, or frame while there is no maximum
    has_maximum: bool = False
    shown_s: float = 0.0  # the longest time between one of its frames and the frame before it


class ActivitySpanTracker(Generic[P]):
    """Finds spans of activity frame by frame, with the highest maximum of each.

    A span ends when the signal has stayed at or below the quiet threshold for ``calm_s``. One that
    crosses a border is reported in each window that contains at least ``calm_s`` of it: a shorter
    tail of a span that was reported before is no event of its own, nor is a head that only rises
    up to the border. A time-lapse frame that is shown for ``calm_s`` counts as that long. A span that is too
    short in each of two windows but long enough in both together is reported in the second.
    """

    def __init__(self, calm_s: float = 1.0, settle: Callable[[Candidate[P]], object] | None = None) -> None:
        self._calm_s = calm_s
        self._settle = settle
        self._found: list[ActivitySpan[P]] = []
        self._part: _Part[P] | None = None
        self._active_s = 0.0
        self._begin_series()

    def _begin_series(self) -> None:
        self._last_s: float | None = None
        self._end_span()

    def _end_span(self) -> None:
        self._last_active_s: float | None = None  # None outside a span
        self._evidence_s = 0.0
        self._active_frames = 0
        self._is_event = False
        self._is_reported = False
        self._part = None

    @property
    def active(self) -> bool:
        """Whether an event is in progress: enough activity, and since then less than ``calm_s`` of calm."""
        return self._is_event and self._last_active_s is not None

    def push(self, pts_s: float, value: float, threshold: float, payload: P | None = None) -> None:
        """Add the next frame, after ``offer`` was called with the maximum that it ended."""
        step_s = 0.0 if self._last_s is None else max(pts_s - self._last_s, 0.0)
        self._last_s = pts_s
        if value > threshold:
            self._add(step_s, Candidate(pts_s, value, payload))
        elif self._last_active_s is not None:
            self._evidence_s = max(0.0, self._evidence_s - _CALM_WEIGHT * min(step_s, _MAX_FRAME_S))
            if pts_s - self._last_active_s >= self._calm_s:
                self._report_part(ended=True)
                self._end_span()

    def _add(self, step_s: float, frame: Candidate[P]) -> None:
        frame_s = min(step_s, _MAX_FRAME_S)
        self._active_s += frame_s
        self._evidence_s += frame_s
        self._active_frames += 1
        if self._active_frames >= MIN_ACTIVE_FRAMES and self._evidence_s >= MIN_ACTIVE_S:
            self._is_event = True
        self._last_active_s = frame.pts_s
        if self._part is None:
            self._part = _Part(frame.pts_s, frame.pts_s, frame)
        self._part.end_s = frame.pts_s
        self._part.shown_s = max(self._part.shown_s, step_s)
        if not self._part.has_maximum and frame.value > self._part.peak.value:
            self._part.peak = frame

    def offer(self, maximum: Candidate[P]) -> None:
        """Add a local maximum above the threshold, of the frames pushed so far."""
        part = self._part
        if part is not None and (not part.has_maximum or maximum.value > part.peak.value):
            part.peak = maximum
            part.has_maximum = True

    def close(self, *, ends: bool = False) -> tuple[tuple[ActivitySpan[P], ...], float]:
        """End the window; returns its spans and the seconds of activity.

        Args:
            ends: whether nothing follows; then the next push begins a new series.
        """
        self._report_part(ended=ends)
        self._part = None
        found, active_s = tuple(self._found), self._active_s
        self._found, self._active_s = [], 0.0
        if ends:
            self._begin_series()
        return found, active_s

    def _report_part(self, *, ended: bool) -> None:
        part = self._part
        if part is None or not self._is_event:
            return
        is_long = max(part.end_s - part.start_s, part.shown_s) >= self._calm_s
        is_tail = self._is_reported and not is_long
        only_rises = not part.has_maximum and not ended and not is_long
        if is_tail or only_rises:
            return
        if self._settle is not None and part.peak.payload is not None:
            self._settle(part.peak)
        self._is_reported = True
        self._found.append(ActivitySpan(part.start_s, part.end_s, part.peak))
