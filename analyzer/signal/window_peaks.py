"""The peaks of a window, and which of them become keyframes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from analyzer.signal.activity_spans import ActivitySpan, ActivitySpanTracker
from analyzer.signal.peaks import Candidate, PeakDetector, Sample

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class WindowPeaks(Generic[P]):
    """The peaks of one window, with the spans and cuts that they belong to.

    Attributes:
        peaks: those that ``find_peaks`` finds and that are above the quiet threshold, the highest of each
            span, and each cut; in time order; empty in a quiet window.
        spans: in time order; empty in a quiet window, and where there were only cuts.
        active_s: time in which the signal was above the quiet threshold, noise included.
        cuts: media times of the first frames of new scenes, in time order; all are peaks.
    """

    peaks: tuple[Candidate[P], ...]
    spans: tuple[ActivitySpan[P], ...]
    active_s: float
    cuts: tuple[float, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether there are no peaks."""
        return not self.peaks


class PeakFinder(Generic[P]):
    """Finds the peaks and spans of consecutive windows, one frame at a time.

    A cut is a peak whatever its value: the first frame of a new scene. Payloads of other frames are kept
    only above the threshold. ``settle`` is called with each frame that is still a candidate
    ``distance_frames`` later; it may be called more than once for the same payload.
    """

    def __init__(
        self,
        height_ratio: float = 0.4,
        distance_frames: int = 5,
        settle: Callable[[Candidate[P]], object] | None = None,
        calm_s: float = 1.0,
    ) -> None:
        self._detector: PeakDetector[P] = PeakDetector(height_ratio, distance_frames, settle)
        self._tracker: ActivitySpanTracker[P] = ActivitySpanTracker(calm_s, settle)
        self._settle = settle
        self._threshold = 0.0
        self._above: set[int] = set()  # indices of maxima above the threshold
        self._cuts: list[Candidate[P]] = []
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
        """Add the next frame; raises ValueError for a value that is not a finite number.

        Args:
            pts_s, value, threshold: its motion.
            payload: what is returned with a peak.
            step: number of source frames since the one before.
            cut: whether it is the first frame of a new scene.
        """
        kept = payload if value > threshold else None
        self._offer(self._detector.push(pts_s, value, kept, step=step))
        self._tracker.push(pts_s, value, threshold, kept)
        self._threshold = threshold
        self._settle_cut()
        if cut:
            self._cuts.append(Candidate(pts_s, value, payload))
            self._newest_is_cut = True

    def withdraw_cut(self) -> None:
        """Remove a cut at the newest frame: as the next one shows, only that frame was of another scene."""
        if self._newest_is_cut:
            self._newest_is_cut = False
            del self._cuts[-1]

    def _settle_cut(self) -> None:
        """Settle the newest cut, once, unless it was withdrawn."""
        if self._newest_is_cut and self._settle is not None and self._cuts[-1].payload is not None:
            self._settle(self._cuts[-1])
        self._newest_is_cut = False

    @property
    def active(self) -> bool:
        """Whether an event is in progress, or ended less than a second ago."""
        return self._tracker.active

    def close(self, next_value: float | None = None) -> WindowPeaks[P]:
        """End the window.

        Args:
            next_value: the first value of the next window, which is pushed afterwards; None where
                nothing follows: then the next push begins a new series.
        """
        self._offer(self._detector.peek(next_value))
        found = [peak.candidate for peak in self._detector.close(next_value) if peak.index in self._above]
        self._above.clear()
        spans, active_s = self._tracker.close(ends=next_value is None)
        self._settle_cut()
        cuts, self._cuts = self._cuts, []
        in_spans = (*found, *(span.peak for span in spans)) if spans else ()
        peaks = {peak.pts_s: peak for peak in (*in_spans, *cuts)}
        in_order = tuple(peaks[pts_s] for pts_s in sorted(peaks))
        return WindowPeaks(in_order, spans, active_s, tuple(cut.pts_s for cut in cuts))

    def _offer(self, maximum: Sample[P] | None) -> None:
        if maximum is not None and maximum.value > self._threshold:
            self._above.add(maximum.index)
            self._tracker.offer(maximum.candidate)


def revised(
    found: WindowPeaks[P], values: Mapping[float, float], spans: Sequence[ActivitySpan[P]]
) -> WindowPeaks[P]:
    """Return a window's peaks after some of its motion was removed.

    Args:
        found: the peaks of all motion.
        values: the remaining signal above the threshold, by media time.
        spans: those of the remaining motion. One without a peak of its own gets the nearest peak: no
            picture was kept of other frames.
    """
    cuts = [peak for peak in found.peaks if peak.pts_s in found.cuts]
    peaks = {cut.pts_s: cut for cut in cuts}
    if spans:
        for peak in found.peaks:
            if peak.pts_s in values:
                peaks[peak.pts_s] = Candidate(peak.pts_s, values[peak.pts_s], peak.payload)
    for span in spans:
        if found.peaks and not any(span.start_s <= pts_s <= span.end_s for pts_s in peaks):
            nearest = min(found.peaks, key=lambda peak: abs(peak.pts_s - span.peak.pts_s))
            peaks[nearest.pts_s] = Candidate(nearest.pts_s, span.peak.value, nearest.payload)
    in_order = tuple(peaks[pts_s] for pts_s in sorted(peaks))
    return WindowPeaks(in_order, tuple(spans), found.active_s, found.cuts)


class _Timed(Protocol):
    @property
    def pts_s(self) -> float: ...

    @property
    def value(self) -> float: ...


class _Span(Protocol):
    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


K = TypeVar("K", bound=_Timed)


def choose_keyframes(
    peaks: Sequence[K], spans: Sequence[_Span], max_keyframes: int = 12, cuts: Collection[float] = ()
) -> list[K]:
    """Choose the peaks to show, in time order: cuts, one of each span, then the highest, spread in time.

    ``cuts`` are their media times. A peak that is closer to a chosen one than ``1 / max_keyframes`` of the
    time from the first peak to the last counts for less, in proportion to its distance.
    """
    if len(peaks) <= max_keyframes:
        return sorted(peaks, key=lambda peak: peak.pts_s)
    best = [
        max(inside, key=lambda peak: peak.value)
        for span in spans
        if (inside := [peak for peak in peaks if span.start_s <= peak.pts_s <= span.end_s])
    ]
    chosen: list[K] = []
    for pool in ([peak for peak in peaks if peak.pts_s in cuts], best, peaks):
        _choose_spread(chosen, pool, peaks, max_keyframes)
    return sorted(chosen, key=lambda peak: peak.pts_s)


def _choose_spread(chosen: list[K], pool: Sequence[K], peaks: Sequence[K], max_keyframes: int) -> None:
    times = [peak.pts_s for peak in peaks]
    spacing_s = (max(times) - min(times)) / max_keyframes

    def rank(peak: K) -> tuple[float, float, float]:
        nearest_s = min((abs(peak.pts_s - other.pts_s) for other in chosen), default=spacing_s)
        share = min(1.0, nearest_s / spacing_s) if spacing_s > 0.0 else 1.0
        return peak.value * share, peak.value, -peak.pts_s

    left = [peak for peak in pool if all(peak is not other for other in chosen)]
    while left and len(chosen) < max_keyframes:
        best = max(range(len(left)), key=lambda i: rank(left[i]))
        chosen.append(left.pop(best))
