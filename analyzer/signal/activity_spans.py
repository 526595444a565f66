"""Spans of activity, the peaks of a window, and which of them become keyframes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from analyzer.signal.peaks import Maximum, PeakDetector

P = TypeVar("P")

MIN_ACTIVE_S, MIN_ACTIVE_FRAMES = 0.15, 2
"""So much activity makes an event: half of one that lasts 0.3 s, and never a single frame, however slow
the camera: a lone one is a flash or damage."""

_MAX_FRAME_S = 0.2
"""A frame speaks for no more time than this, however long the stream paused before it."""

_CALM_WEIGHT = 0.25
"""Calm takes back a quarter of its time: frames active less than a fifth of the time are no event."""


@dataclass(frozen=True, slots=True)
class FoundPeak(Generic[P]):
    """A peak of a window with what was kept of its frame."""

    pts_s: float
    value: float
    payload: P | None


@dataclass(frozen=True, slots=True)
class ActivitySpan(Generic[P]):
    """Unbroken activity within one window: calm for a second before and after, or cut by the border.

    Attributes:
        start_s, end_s: media time of the first and the last active frame in this window.
        peak: its highest local maximum in this window; where it has none there (it only falls from
            the border, or stays level all the time), its highest frame.
    """

    start_s: float
    end_s: float
    peak: FoundPeak[P]


@dataclass(frozen=True, slots=True)
class Findings(Generic[P]):
    """What one window held.

    Attributes:
        peaks: as ``find_peaks`` finds them, less those that are not above the quiet threshold, the highest
            of each stretch, and each cut; in time order; empty in a quiet window.
        stretches: in time order; empty in a quiet window, and where nothing but cuts happened.
        active_s: time in which the signal was above the quiet threshold, noise included.
        cuts: media times of the first frames of new scenes, in time order; all are peaks.
    """

    peaks: tuple[FoundPeak[P], ...]
    stretches: tuple[ActivitySpan[P], ...]
    active_s: float
    cuts: tuple[float, ...] = ()

    @property
    def quiet(self) -> bool:
        return not self.peaks


@dataclass(slots=True)
class _Part(Generic[P]):
    """What the present window holds of the stretch that is going on."""

    start_s: float
    end_s: float
    peak: FoundPeak[P]  # the highest local maximum, or frame while there is no maximum
    has_maximum: bool = False
    stands_s: float = 0.0  # the longest time between one of its frames and the frame before it


class ActivitySpanTracker(Generic[P]):
    """Follows the signal frame by frame and keeps the highest maximum of each stretch of activity.

    A stretch ends when the signal has stayed at or below the quiet threshold for ``calm_s``. One that
    goes on over a border is reported in each window that holds at least ``calm_s`` of it: a shorter
    tail of a stretch that was reported before is no event of its own, nor is a head that only rises
    towards the border. A frame of a time-lapse that stands for ``calm_s`` is as long. What is too short to be
    an event in either of two windows but long enough in both together is reported in the second.
    """

    def __init__(self, calm_s: float = 1.0, settle: Callable[[P], object] | None = None) -> None:
        self._calm_s = calm_s
        self._settle = settle
        self._found: list[ActivitySpan[P]] = []
        self._part: _Part[P] | None = None
        self._active_s = 0.0
        self._begin_series()

    def _begin_series(self) -> None:
        self._last_s: float | None = None
        self._end_stretch()

    def _end_stretch(self) -> None:
        self._last_active_s: float | None = None  # None outside a stretch
        self._evidence_s = 0.0
        self._active_frames = 0
        self._is_event = False
        self._is_reported = False
        self._part = None

    @property
    def active(self) -> bool:
        """An event goes on: enough activity to be one, and calm for less than ``calm_s`` since."""
        return self._is_event and self._last_active_s is not None

    def push(self, pts_s: float, value: float, threshold: float, payload: P | None = None) -> None:
        """Take the next frame, after ``offer`` was called with the maximum that it ended."""
        step_s = 0.0 if self._last_s is None else max(pts_s - self._last_s, 0.0)
        self._last_s = pts_s
        if value > threshold:
            self._add(step_s, FoundPeak(pts_s, value, payload))
        elif self._last_active_s is not None:
            self._evidence_s = max(0.0, self._evidence_s - _CALM_WEIGHT * min(step_s, _MAX_FRAME_S))
            if pts_s - self._last_active_s >= self._calm_s:
                self._report_part(ended=True)
                self._end_stretch()

    def _add(self, step_s: float, frame: FoundPeak[P]) -> None:
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
        self._part.stands_s = max(self._part.stands_s, step_s)
        if not self._part.has_maximum and frame.value > self._part.peak.value:
            self._part.peak = frame

    def offer(self, maximum: Maximum[P]) -> None:
        """Take a local maximum above the threshold, of the frames pushed so far."""
        part = self._part
        if part is not None and (not part.has_maximum or maximum.value > part.peak.value):
            part.peak = FoundPeak(maximum.pts_s, maximum.value, maximum.payload)
            part.has_maximum = True

    def close(self, *, ends: bool = False) -> tuple[tuple[ActivitySpan[P], ...], float]:
        """End the window; returns its stretches and the seconds of activity.

        Args:
            ends: nothing follows; the next push begins a new series.
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
        is_long = max(part.end_s - part.start_s, part.stands_s) >= self._calm_s
        is_tail = self._is_reported and not is_long
        only_rises = not part.has_maximum and not ended and not is_long
        if is_tail or only_rises:
            return
        if self._settle is not None and part.peak.payload is not None:
            self._settle(part.peak.payload)
        self._is_reported = True
        self._found.append(ActivitySpan(part.start_s, part.end_s, part.peak))


class PeakFinder(Generic[P]):
    """Peaks and stretches of one window after the other, one frame at a time.

    A cut is a peak whatever its value: the first frame of a new scene. Payloads of other frames that are
    not above the threshold are not kept at all. ``settle`` is called with the payload of a frame that is
    still in the race ``distance_frames`` later; with the same payload it may be called more than once.
    """

    def __init__(
        self,
        height_ratio: float = 0.4,
        distance_frames: int = 5,
        settle: Callable[[P], object] | None = None,
        calm_s: float = 1.0,
    ) -> None:
        self._detector: PeakDetector[P] = PeakDetector(height_ratio, distance_frames, settle)
        self._tracker: ActivitySpanTracker[P] = ActivitySpanTracker(calm_s, settle)
        self._settle = settle
        self._threshold = 0.0
        self._clear: set[int] = set()  # maxima above the threshold, by index
        self._cuts: list[FoundPeak[P]] = []
        self._newest_is_cut = False

    def push(
        self,
        pts_s: float,
        value: float,
        threshold: float,
        payload: P | None = None,
        *,
        step: int = 1,
        cut: bool = False,
    ) -> None:
        """Take the next frame; raises ValueError for a value that is not a finite number.

        Args:
            pts_s, value, threshold: its motion.
            payload: what comes back with a peak.
            step: how many frames of the source later it is than the one before.
            cut: it is the first of a new scene.
        """
        kept = payload if value > threshold else None
        self._offer(self._detector.push(pts_s, value, kept, step=step))
        self._tracker.push(pts_s, value, threshold, kept)
        self._threshold = threshold
        self._settle_cut()
        if cut:
            self._cuts.append(FoundPeak(pts_s, value, payload))
            self._newest_is_cut = True

    def withdraw_cut(self) -> None:
        """Take back a cut of the newest frame: what follows shows that it was a lone frame."""
        if self._newest_is_cut:
            self._newest_is_cut = False
            del self._cuts[-1]

    def _settle_cut(self) -> None:
        """Settle a cut that was not withdrawn, once."""
        if self._newest_is_cut and self._settle is not None and self._cuts[-1].payload is not None:
            self._settle(self._cuts[-1].payload)
        self._newest_is_cut = False

    @property
    def active(self) -> bool:
        """An event goes on, or ended less than a second ago."""
        return self._tracker.active

    def close(self, next_value: float | None = None) -> Findings[P]:
        """End the window.

        Args:
            next_value: the first value of the next window, which is pushed afterwards; None where
                nothing follows: then the next push begins a new series.
        """
        self._offer(self._detector.peek(next_value))
        maxima = [maximum for maximum in self._detector.close(next_value) if maximum.index in self._clear]
        self._clear.clear()
        stretches, active_s = self._tracker.close(ends=next_value is None)
        self._settle_cut()
        cuts, self._cuts = self._cuts, []
        found = [FoundPeak(m.pts_s, m.value, m.payload) for m in maxima] if stretches else []
        peaks = {peak.pts_s: peak for peak in (*found, *(stretch.peak for stretch in stretches), *cuts)}
        in_order = tuple(peaks[pts_s] for pts_s in sorted(peaks))
        return Findings(in_order, stretches, active_s, tuple(cut.pts_s for cut in cuts))

    def _offer(self, maximum: Maximum[P] | None) -> None:
        if maximum is not None and maximum.value > self._threshold:
            self._clear.add(maximum.index)
            self._tracker.offer(maximum)


def without(
    findings: Findings[P], values: Mapping[float, float], stretches: Sequence[ActivitySpan[P]]
) -> Findings[P]:
    """Return a window's findings as they are once some of its motion does not count any more.

    Args:
        findings: with all of the motion.
        values: what is left above the threshold, by media time.
        stretches: those of what is left. One that has no peak of its own is shown by the nearest there is:
            no picture was kept of other frames.
    """
    cuts = [peak for peak in findings.peaks if peak.pts_s in findings.cuts]
    peaks = {cut.pts_s: cut for cut in cuts}
    if stretches:
        for peak in findings.peaks:
            if peak.pts_s in values:
                peaks[peak.pts_s] = FoundPeak(peak.pts_s, values[peak.pts_s], peak.payload)
    for stretch in stretches:
        if findings.peaks and not any(stretch.start_s <= pts_s <= stretch.end_s for pts_s in peaks):
            nearest = min(findings.peaks, key=lambda peak: abs(peak.pts_s - stretch.peak.pts_s))
            peaks[nearest.pts_s] = FoundPeak(nearest.pts_s, stretch.peak.value, nearest.payload)
    in_order = tuple(peaks[pts_s] for pts_s in sorted(peaks))
    return Findings(in_order, tuple(stretches), findings.active_s, findings.cuts)


class _Placed(Protocol):
    @property
    def pts_s(self) -> float: ...

    @property
    def value(self) -> float: ...


class _Span(Protocol):
    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


K = TypeVar("K", bound=_Placed)


def choose_keyframes(
    peaks: Sequence[K], stretches: Sequence[_Span], max_keyframes: int = 12, cuts: Collection[float] = ()
) -> list[K]:
    """Choose the peaks to show, in time order: cuts, one of each stretch, then the strongest, spread in time.

    ``cuts`` are their media times. Strength counts in full only at a distance from what is already chosen: at
    ``1 / max_keyframes`` of the peaks' span, and less in proportion nearer by.
    """
    if len(peaks) <= max_keyframes:
        return sorted(peaks, key=lambda peak: peak.pts_s)
    best = [
        max(inside, key=lambda peak: peak.value)
        for stretch in stretches
        if (inside := [peak for peak in peaks if stretch.start_s <= peak.pts_s <= stretch.end_s])
    ]
    chosen: list[K] = []
    for pool in ([peak for peak in peaks if peak.pts_s in cuts], best, peaks):
        _choose_spread(chosen, pool, peaks, max_keyframes)
    return sorted(chosen, key=lambda peak: peak.pts_s)


def _choose_spread(chosen: list[K], pool: Sequence[K], peaks: Sequence[K], max_keyframes: int) -> None:
    times = [peak.pts_s for peak in peaks]
    spacing_s = (max(times) - min(times)) / max_keyframes

    def worth(peak: K) -> tuple[float, float, float]:
        nearest_s = min((abs(peak.pts_s - other.pts_s) for other in chosen), default=spacing_s)
        share = min(1.0, nearest_s / spacing_s) if spacing_s > 0.0 else 1.0
        return peak.value * share, peak.value, -peak.pts_s

    left = [peak for peak in pool if all(peak is not other for other in chosen)]
    while left and len(chosen) < max_keyframes:
        winner = max(range(len(left)), key=lambda i: worth(left[i]))
        chosen.append(left.pop(winner))
