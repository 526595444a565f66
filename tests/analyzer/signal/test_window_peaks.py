"""Spans of activity, quiet windows, and the choice of keyframes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.signal.peaks import Candidate
from analyzer.signal.window import Peak
from analyzer.signal.window_peaks import PeakFinder, WindowPeaks, choose_keyframes

THRESHOLD = 80.0
FPS = 25
WINDOW = 10 * FPS


def bump(length: int, height: float) -> list[float]:
    """A rise and a fall over so many frames, all above the threshold."""
    middle = (length - 1) / 2
    return [THRESHOLD + 1 + height * (1 - abs(i - middle) / (middle + 1)) for i in range(length)]


def series(frames: int, events: dict[int, list[float]]) -> list[float]:
    values = [5.0 + i % 3 for i in range(frames)]
    for at, event in events.items():
        values[at : at + len(event)] = event
    return values


def windows(values: list[float], fps: float = FPS, window: int = WINDOW) -> list[WindowPeaks[int]]:
    """The payload of each frame is its number."""
    finder: PeakFinder[int] = PeakFinder()
    found = []
    for i, value in enumerate(values):
        if i and i % window == 0:
            found.append(finder.close(value))
        finder.push(i / fps, value, THRESHOLD, i)
    return [*found, finder.close()]


def test_a_window_in_which_nothing_rises_above_the_threshold_is_quiet_and_has_no_peaks() -> None:
    (found,) = windows(series(WINDOW, {}))
    assert found.quiet
    assert found.peaks == ()
    assert found.active_s == 0.0


@pytest.mark.parametrize("fps", [5, 10, 12.5, 25, 30, 60])
def test_one_noisy_frame_leaves_a_window_quiet_at_any_frame_rate(fps: float) -> None:
    (found,) = windows(series(40, {20: [50_000.0]}), fps)
    assert found.quiet
    assert found.peaks == ()


@pytest.mark.parametrize("fps", [0.05, 0.1, 0.2, 0.5, 1.0])
def test_each_window_of_a_time_lapse_in_which_something_moves_holds_it(fps: float) -> None:
    """One frame a window, or ten: what began two frames earlier is no mere tail where each stands so long."""
    values, window = (
        series(40, {20: [11_000.0, 10_000.0, 11_400.0, 11_200.0, 6_600.0]}),
        max(1, round(10 * fps)),
    )
    found = windows(values, fps, window)
    moving = {i // window for i in range(21, 25)}
    assert {i for i, each in enumerate(found) if not each.quiet} == moving


def test_the_tail_of_a_span_is_no_event_of_its_own_at_a_frame_a_second_or_more() -> None:
    first, second = windows(series(20, {7: [9_000.0, 9_500.0, 9_200.0, 9_100.0]}), 2.0, 10)
    assert not first.quiet
    assert second.quiet


@pytest.mark.parametrize("fps", [10, 12.5, 25, 30, 60])
def test_an_event_of_three_tenths_of_a_second_does_not(fps: float) -> None:
    length = round(0.3 * fps)
    (found,) = windows(series(200, {100: bump(length, 300.0)}), fps)
    assert not found.quiet
    (peak,) = found.peaks
    assert 100 <= (peak.payload or 0) < 100 + length


@pytest.mark.parametrize("first", range(WINDOW - 9, WINDOW + 1))
@pytest.mark.parametrize("shape", ["bump", "fall", "rise"])
def test_a_short_event_on_a_border_is_found_in_one_of_the_two_windows(first: int, shape: str) -> None:
    event = {"bump": bump(8, 300.0), "rise": sorted(bump(8, 300.0)), "fall": sorted(bump(8, 300.0))[::-1]}
    found = windows(series(2 * WINDOW, {first: event[shape]}))
    peaks = [peak for window in found for peak in window.peaks]
    assert len(peaks) == 1
    assert first <= (peaks[0].payload or 0) < first + 8


def test_lone_noisy_frames_now_and_then_do_not_add_up_to_an_event() -> None:
    values = series(WINDOW, {})
    for i in range(10, WINDOW, 8):
        values[i] = 500.0
    assert windows(values)[0].quiet


def test_a_walker_is_kept_in_a_window_that_a_lorry_also_crosses() -> None:
    (found,) = windows(series(WINDOW, {30: bump(25, 200.0), 150: bump(40, 20_000.0)}))
    assert [peak.value > 1000 for peak in found.peaks] == [False, True]
    assert [span.peak.payload for span in found.spans] == [42, 169]


def test_activity_that_pauses_for_less_than_a_second_is_one_span() -> None:
    (found,) = windows(series(WINDOW, {30: bump(25, 200.0), 75: bump(25, 300.0), 160: bump(25, 200.0)}))
    assert [(span.start_s, span.end_s) for span in found.spans] == [(1.2, 3.96), (6.4, 7.36)]


def test_the_tail_of_a_span_beyond_the_border_gives_no_peak_of_its_own() -> None:
    event = bump(60, 5000.0)
    event[52:58] = [200.0, 150.0, 170.0, 120.0, 130.0, 90.0]
    first, second = windows(series(2 * WINDOW, {WINDOW - 52: event}))
    assert not first.quiet
    assert second.quiet
    assert second.peaks == ()


def test_a_span_that_goes_on_for_a_second_has_a_peak_in_each_window() -> None:
    busy = [1000.0 + 400 * (i % 7 == 0) for i in range(300)]
    first, second = windows(series(2 * WINDOW, {100: busy}))
    assert not first.quiet
    assert not second.quiet
    assert [span.start_s for span in second.spans] == [10.0]


def test_a_bright_level_signal_is_not_quiet() -> None:
    found = windows(series(2 * WINDOW, {50: [9000.0] * 400}))
    assert [window.quiet for window in found] == [False, False]


def test_active_time_is_the_time_above_the_threshold() -> None:
    (found,) = windows(series(WINDOW, {30: bump(25, 200.0), 150: bump(50, 200.0)}))
    assert found.active_s == pytest.approx(3.0)


def test_payloads_come_back_settled_and_those_below_the_threshold_are_not_kept() -> None:
    @dataclass
    class Shot:
        settled: int = 0

    def settle(candidate: Candidate[Shot]) -> None:
        assert candidate.payload is not None
        candidate.payload.settled += 1

    finder: PeakFinder[Shot] = PeakFinder(settle=settle)
    shots = []
    for i, value in enumerate(series(WINDOW, {30: bump(25, 200.0), 150: bump(40, 20_000.0)})):
        shots.append(Shot())
        finder.push(i / FPS, value, THRESHOLD, shots[-1])
    found = finder.close()
    assert all(peak.payload is not None and peak.payload.settled for peak in found.peaks)
    assert sum(shot.settled > 0 for shot in shots) == len(found.peaks)


@dataclass(frozen=True)
class Span:
    start_s: float
    end_s: float


def test_with_few_peaks_all_are_keyframes() -> None:
    peaks = [Peak(3.0, 5.0), Peak(1.0, 9.0)]
    assert choose_keyframes(peaks, [Span(0.0, 4.0)]) == [peaks[1], peaks[0]]


def test_each_span_has_a_keyframe_before_the_strongest_fill_up() -> None:
    strong = [Peak(2.0 + i / 10, 1000.0 + i) for i in range(20)]
    weak = Peak(8.0, 100.0)
    chosen = choose_keyframes([*strong, weak], [Span(2.0, 3.9), Span(7.5, 8.5)], max_keyframes=3)
    assert weak in chosen
    assert strong[-1] in chosen
    assert len(chosen) == 3


def test_of_equally_strong_peaks_those_far_apart_are_chosen() -> None:
    peaks = [Peak(i / 10, 100.0) for i in range(100)]
    chosen = choose_keyframes(peaks, [Span(0.0, 10.0)], max_keyframes=4)
    gaps = [b.pts_s - a.pts_s for a, b in pairwise(chosen)]
    assert min(gaps) > 1.0


@settings(max_examples=100, deadline=None)
@given(
    peaks=st.lists(st.builds(Peak, st.floats(0, 10), st.floats(0, 1e5)), max_size=40, unique_by=id),
    borders=st.lists(st.floats(0, 10), max_size=8),
    most=st.integers(1, 12),
)
def test_keyframes_are_peaks_in_time_order_and_never_too_many(
    peaks: list[Peak], borders: list[float], most: int
) -> None:
    edges = sorted(borders)
    spans = [Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    chosen = choose_keyframes(peaks, spans, most)
    assert len(chosen) == min(most, len(peaks))
    assert {id(peak) for peak in chosen} <= {id(peak) for peak in peaks}
    assert [peak.pts_s for peak in chosen] == sorted(peak.pts_s for peak in chosen)
