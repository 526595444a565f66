"""Windows: ten seconds each, whatever the stream does, with the pictures at their peaks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from analyzer.signal.settings import PeakSettings, WindowSettings
from analyzer.signal.window import SIGNAL_STEP_S
from analyzer.signal.windower import LazyJpeg, MeasuredWindow, Windower
from stream.frames.frame import Frame

SIZE = (320, 240)
SETTINGS = WindowSettings(keyframe_px=160)
FPS = 10


def picture(at_s: float, events: Iterable[tuple[float, float]]) -> NDArray[np.uint8]:
    """A wall of patches, BGR, that a block crosses in each event."""
    patches = np.random.default_rng(7).integers(60, 190, (30, 40, 3), dtype=np.uint8)
    wall = patches.repeat(8, axis=0).repeat(8, axis=1)
    for from_s, to_s in events:
        if from_s <= at_s < to_s:
            left = round((at_s - from_s) / (to_s - from_s) * 270)
            wall[80:160, left : left + 50] = (40, 40, 235)
    return wall


def frame(at_s: float, events: Iterable[tuple[float, float]] = ()) -> Frame:
    bgr = picture(at_s, events)
    luma = cv2.resize(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), (400, 300))
    return Frame(at_s, luma.astype(np.uint8), VideoFrame.from_ndarray(bgr, "bgr24"))


def times(seconds: float, from_s: float = 0.0) -> Iterator[float]:
    return (from_s + n / FPS for n in range(round(seconds * FPS)))


def measure(frames: Iterable[Frame], settings: WindowSettings = SETTINGS) -> list[MeasuredWindow]:
    windower = Windower(settings, *SIZE)
    found = [measured for each in frames for measured in windower.push(each)]
    last = windower.close()
    return found if last is None else [*found, last]


def test_windows_follow_each_other_without_a_gap_and_the_last_ends_with_its_frame() -> None:
    found = measure(frame(at_s) for at_s in times(23))
    assert [(w.index, w.start_s, w.end_s) for w in found] == [
        (0, 0.0, 10.0),
        (1, 10.0, 20.0),
        (2, 20.0, pytest.approx(23.0)),
    ]


def test_a_still_camera_is_quiet_and_costs_nothing() -> None:
    for window in measure(frame(at_s) for at_s in times(20)):
        assert window.quiet
        assert not window.peaks
        assert not window.candidates


def test_what_happens_gets_keyframes_while_it_happens() -> None:
    events = [(12.0, 15.0), (17.0, 19.0)]
    first, second = measure(frame(at_s, events) for at_s in times(20))
    assert first.quiet
    assert not second.quiet
    for from_s, to_s in events:
        assert any(from_s <= peak.pts_s <= to_s + 0.4 for peak in second.candidates)
    assert {peak.pts_s for peak in second.candidates} <= {peak.pts_s for peak in second.peaks}
    assert all(peak.value > second.threshold > second.noise_floor >= 0 for peak in second.candidates)


def test_a_keyframe_is_the_picture_of_its_time_at_the_size_asked_for() -> None:
    events = [(2.0, 6.0)]
    (window,) = measure(frame(at_s, events) for at_s in times(8))
    for peak in window.candidates:
        assert peak.payload is not None
        jpeg = cv2.imdecode(np.frombuffer(peak.payload.data, np.uint8), cv2.IMREAD_COLOR)
        assert jpeg is not None
        assert jpeg.shape == (120, 160, 3)
        wanted = cv2.resize(picture(peak.pts_s, events), (160, 120), interpolation=cv2.INTER_AREA)
        assert np.abs(jpeg.astype(int) - wanted).mean() < 12


def test_no_picture_is_made_where_none_is_asked_for() -> None:
    events = [(2.0, 6.0)]
    (window,) = measure((frame(at_s, events) for at_s in times(8)), WindowSettings())
    assert window.candidates
    assert all(peak.payload is None for peak in window.candidates)


def test_no_more_keyframes_than_are_wanted() -> None:
    events = [(1.0 + 2 * n, 2.0 + 2 * n) for n in range(4)]
    (window,) = measure(
        (frame(at_s, events) for at_s in times(9)), replace(SETTINGS, peaks=PeakSettings(max_keyframes=3))
    )
    assert len(window.candidates) == 3
    assert len(window.peaks) > 3


def test_an_event_over_the_border_shows_in_both_windows() -> None:
    first, second = measure(frame(at_s, [(7.0, 13.0)]) for at_s in times(20))
    assert not first.quiet
    assert not second.quiet
    assert first.candidates[-1].pts_s < 10.0 <= second.end_s


@pytest.mark.parametrize("window_s", [1.0, 2.0, 5.0])
def test_what_goes_on_shows_in_each_window_that_it_fills(window_s: float) -> None:
    settings = replace(SETTINGS, window_s=window_s)
    for window in measure((frame(at_s, [(2.0, 18.0)]) for at_s in times(20)), settings):
        filled = window.start_s >= 2.0 and window.end_s <= 18.0
        still = window.end_s <= 2.0 or window.start_s >= 18.5
        assert not (filled and window.quiet)
        assert not (still and not window.quiet)


def test_a_pause_of_the_stream_is_quiet_windows() -> None:
    frames = [*(frame(at_s) for at_s in times(5)), *(frame(at_s) for at_s in times(5, from_s=42.0))]
    found = measure(frames)
    assert [(w.start_s, w.end_s) for w in found] == [
        (0.0, 10.0),
        (10.0, 20.0),
        (20.0, 30.0),
        (30.0, 40.0),
        (40.0, pytest.approx(47.0)),
    ]
    assert all(w.quiet for w in found)


def test_a_last_frame_that_stands_for_long_fills_quiet_windows() -> None:
    windower = Windower(SETTINGS, 400, 300)
    for at_s in (0.0, 5.0):
        assert not windower.push(frame(at_s))
    spans = [(m.start_s, m.end_s) for m in windower.show_last(25.0)]
    last = windower.close()
    assert last is not None
    assert [*spans, (last.start_s, last.end_s)] == [(0.0, 10.0), (10.0, 20.0), (20.0, 25.0)]
    assert last.quiet


def test_a_single_frame_is_a_quiet_window() -> None:
    (window,) = measure([frame(0.0)])
    assert window.quiet
    assert window.start_s == 0.0 <= window.end_s


def test_no_frame_is_no_window() -> None:
    assert measure([]) == []


def test_the_signal_is_kept_in_steps() -> None:
    first, second = measure(frame(at_s, [(3.0, 5.0)]) for at_s in times(16))
    assert len(first.signal) == round(10 / SIGNAL_STEP_S)
    assert len(second.signal) == round(6 / SIGNAL_STEP_S)
    assert max(first.signal) == first.signal_max
    assert 3.0 <= first.signal.index(first.signal_max) * SIGNAL_STEP_S <= 5.4


def test_what_goes_on_is_previewed_once_before_its_window_ends() -> None:
    windower = Windower(SETTINGS, *SIZE)
    previews, moving_s = [], []
    for at_s in times(9):
        assert not windower.push(frame(at_s, [(2.0, 6.0)]))
        previews.append(windower.keyframe_preview())
        if windower.moving:
            moving_s.append(at_s)
    (preview,) = [each for each in previews if each]
    assert 2.0 <= preview.pts_s <= 4.0
    assert preview.payload is not None
    assert preview.payload.data.startswith(b"\xff\xd8")
    assert 2.0 <= moving_s[0] <= 2.6
    assert 6.0 <= moving_s[-1] <= 7.6


@pytest.mark.parametrize("window_s", [1.0, 3.0, 60.0])
def test_windows_are_as_long_as_asked(window_s: float) -> None:
    found = measure((frame(at_s) for at_s in times(6)), replace(SETTINGS, window_s=window_s))
    assert found[0].end_s == pytest.approx(min(window_s, 6.0))
    assert sum(w.end_s - w.start_s for w in found) == pytest.approx(6.0)


def test_a_jpeg_is_encoded_once_and_releases_its_frame() -> None:
    decoded = frame(1.0)
    image = decoded.image
    without = sys.getrefcount(image)
    picture = LazyJpeg(decoded, 64)
    assert picture.data == b""
    assert sys.getrefcount(image) == without + 1
    picture.encode()
    assert sys.getrefcount(image) == without
    jpeg = picture.data
    assert jpeg.startswith(b"\xff\xd8")
    picture.encode()
    assert picture.data is jpeg
