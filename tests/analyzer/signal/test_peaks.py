"""The peaks of a window are those of scipy's find_peaks, and memory stays bounded."""

from __future__ import annotations

import weakref
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks

from analyzer.signal.peaks import Candidate, PeakDetector, Sample

INTEGERS = st.lists(st.integers(0, 6).map(float), max_size=120)
FLOATS = st.lists(st.floats(0.0, 1e6, allow_nan=False), max_size=120)
PLATEAUS = st.lists(st.tuples(st.integers(0, 4).map(float), st.integers(1, 12)), max_size=30).map(
    lambda runs: [value for value, length in runs for _ in range(length)]
)
RISING = st.lists(st.floats(0.0, 1.0), max_size=100).map(
    lambda values: [value * (i % 2) for i, value in enumerate(sorted(values))]
)
SERIES = st.one_of(INTEGERS, FLOATS, PLATEAUS, RISING)
RATIOS = st.sampled_from([0.0, 0.1, 0.4, 1.0])


class Shot:
    """A payload that can be counted by weak references."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.settled = 0


def settle(candidate: Candidate[Shot]) -> None:
    assert candidate.payload is not None
    candidate.payload.settled += 1


def feed(detector: PeakDetector[Shot], values: list[float], first: int = 0) -> list[Sample[Shot]]:
    maxima = (detector.push((first + i) / 25, value, Shot(first + i)) for i, value in enumerate(values))
    return [maximum for maximum in maxima if maximum is not None]


def expected(values: list[float], ratio: float, distance: int) -> list[int]:
    if not values:
        return []
    found, _ = find_peaks(values, height=ratio * max(values), distance=distance)
    return [int(index) for index in found]


@settings(max_examples=400, deadline=None)
@given(values=SERIES, ratio=RATIOS, distance=st.integers(1, 9))
def test_the_peaks_of_one_window_are_those_of_find_peaks(
    values: list[float], ratio: float, distance: int
) -> None:
    detector: PeakDetector[Shot] = PeakDetector(ratio, distance)
    feed(detector, values)
    found = detector.close()
    assert [peak.index for peak in found] == expected(values, ratio, distance)
    for peak in found:
        assert peak.candidate.payload is not None
        assert peak.candidate.payload.index == peak.index
        assert peak.candidate.pts_s == peak.index / 25
        assert peak.value == values[peak.index]


@pytest.mark.parametrize("seed", range(6))
def test_long_noisy_windows_agree_with_find_peaks_ties_included(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3 + 5 * seed, 900).astype(float).tolist()
    detector: PeakDetector[Shot] = PeakDetector()
    feed(detector, values)
    assert [peak.index for peak in detector.close()] == expected(values, 0.4, 5)


@settings(max_examples=200, deadline=None)
@given(values=SERIES, borders=st.sets(st.integers(1, 119), max_size=6))
def test_every_local_maximum_of_a_long_series_is_in_exactly_one_window(
    values: list[float], borders: set[int]
) -> None:
    detector: PeakDetector[Shot] = PeakDetector(height_ratio=0.0, distance_frames=1)
    cuts = [0, *sorted(border for border in borders if border < len(values)), len(values)]
    found: list[int] = []
    for start, end in pairwise(cuts):
        feed(detector, values[start:end], start)
        found += [peak.index for peak in detector.close(values[end] if end < len(values) else None)]
    assert found == expected(values, 0.0, 1)


def test_a_peak_on_the_last_frame_of_a_window_is_found_in_that_window() -> None:
    detector: PeakDetector[Shot] = PeakDetector()
    feed(detector, [0.0, 1.0, 5.0])
    assert [peak.index for peak in detector.close(2.0)] == [2]
    feed(detector, [2.0, 1.0, 0.0], 3)
    assert detector.close() == []


def test_a_peak_on_the_first_frame_of_a_window_is_found_in_that_window() -> None:
    detector: PeakDetector[Shot] = PeakDetector()
    feed(detector, [0.0, 1.0, 2.0])
    assert detector.close(5.0) == []
    feed(detector, [5.0, 1.0, 0.0], 3)
    assert [peak.index for peak in detector.close()] == [3]


def test_a_plateau_over_the_border_belongs_to_the_window_in_which_it_ends() -> None:
    detector: PeakDetector[Shot] = PeakDetector()
    feed(detector, [0.0, 4.0, 4.0, 4.0])
    assert detector.close(4.0) == []
    feed(detector, [4.0, 0.0], 4)
    assert [peak.index for peak in detector.close()] == [2]


def test_after_the_end_of_a_series_the_next_begins_afresh() -> None:
    detector: PeakDetector[Shot] = PeakDetector()
    feed(detector, [0.0, 1.0])
    detector.close()
    feed(detector, [3.0, 0.0, 2.0, 0.0], 2)
    assert [peak.index for peak in detector.close()] == [4]


def test_push_returns_each_local_maximum_once_ended() -> None:
    detector: PeakDetector[Shot] = PeakDetector()
    maxima = feed(detector, [0.0, 3.0, 1.0, 2.0, 2.0, 2.0, 0.0])
    assert [(maximum.index, maximum.value) for maximum in maxima] == [(1, 3.0), (4, 2.0)]


@pytest.mark.parametrize("shape", ["noise", "slope", "waves", "rare"])
def test_payloads_held_are_about_one_for_each_distance(shape: str) -> None:
    rng = np.random.default_rng(7)
    frames, distance = 600, 5
    ramp = np.arange(frames)
    values = {
        "noise": rng.random(frames),
        "slope": ramp / frames + 0.2 * rng.random(frames),
        "waves": 1.0 + np.sin(ramp / 9.0) + 0.3 * rng.random(frames),
        "rare": np.where(rng.random(frames) < 0.02, 9.0, rng.random(frames)),
    }[shape]
    detector: PeakDetector[Shot] = PeakDetector(0.4, distance)
    living: weakref.WeakSet[Shot] = weakref.WeakSet()
    most = 0
    for i, value in enumerate(values.tolist()):
        shot = Shot(i)
        living.add(shot)
        detector.push(i / 30, value, shot)
        del shot
        most = max(most, len(living))
    assert most <= frames / distance + 2 * distance
    winners = detector.close()
    assert len(living) <= len(winners) + 1  # the last frame waits for its neighbour


def test_a_level_signal_holds_few_payloads_however_long_it_lasts() -> None:
    detector: PeakDetector[Shot] = PeakDetector()
    living: weakref.WeakSet[Shot] = weakref.WeakSet()
    most = 0
    for i, value in enumerate([0.0] + [7.0] * 2000 + [0.0]):
        shot = Shot(i)
        living.add(shot)
        detector.push(i / 30, value, shot)
        del shot
        most = max(most, len(living))
    (peak,) = detector.close()
    assert most < 40
    assert peak.index == 1000
    assert peak.candidate.payload is not None
    assert abs(peak.candidate.payload.index - 1000) <= 64


def test_a_frame_is_settled_once_and_only_if_not_eliminated() -> None:
    shots = [Shot(i) for i in range(20)]
    detector: PeakDetector[Shot] = PeakDetector(0.4, 5, settle)
    # 2 is too low once 9 has come, 8 is too close to 9
    values = [0, 2, 0, 9, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 0]
    for i, value in enumerate(values):
        detector.push(i / 25, float(value), shots[i])
    assert [i for i, shot in enumerate(shots) if shot.settled] == [3]
    detector.close()
    assert [i for i, shot in enumerate(shots) if shot.settled] == [3, 13]
    assert max(shot.settled for shot in shots) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        PeakDetector[Shot]().push(0.0, value)


@pytest.mark.parametrize(("ratio", "distance"), [(-0.1, 5), (1.1, 5), (0.4, 0)])
def test_settings_out_of_range_are_refused(ratio: float, distance: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        PeakDetector[Shot](ratio, distance)
