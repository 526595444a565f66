"""A window's motions come to one Activity, and the next window starts anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from analyzer.signal.activity import Activity
from analyzer.signal.activity_meter import ActivityMeter
from analyzer.signal.motion import Motion, MotionMeter
from analyzer.signal.settings import MotionSettings

PICTURE_PX = 1000
FRAME_S = 0.1


def motion(pts_s: float, value: float = 0.0, *, shift: float = 0.0, cut: bool = False) -> Motion:
    """A frame; if active, the cells of the picture's centre changed."""
    grid = np.zeros((30, 40), np.uint8)
    grid[12:18, 16:24] = 255
    return Motion(pts_s, value, 5.0, 50.0, shift, cut, grid if value > 50.0 else None)


def measure(motions: Iterable[Motion], end_s: float = 10.0) -> Activity:
    meter = ActivityMeter()
    for each in motions:
        meter.add(each, PICTURE_PX)
    return meter.close(end_s)


def frames(count: int = 100) -> list[float]:
    return [i * FRAME_S for i in range(count)]


def test_a_still_window_has_no_activity() -> None:
    assert measure(motion(pts_s) for pts_s in frames()) == Activity()


def test_active_time_is_the_time_above_the_threshold() -> None:
    active = measure(motion(pts_s, 80.0 if 2 < pts_s < 5 else 10.0) for pts_s in frames())
    assert active.active_s == pytest.approx(3.0, abs=FRAME_S)


def test_the_share_is_that_of_the_frame_that_changed_most() -> None:
    assert measure(motion(pts_s, 100.0 + 30 * pts_s) for pts_s in frames(11)).share == pytest.approx(0.13)


def test_a_cut_is_distinguished_from_motion() -> None:
    activity = measure(motion(pts_s, 990.0 if pts_s == 4.0 else 0.0, cut=pts_s == 4.0) for pts_s in frames())
    assert activity.cuts == (4.0,)
    assert activity.share == 0.0
    assert activity.movers == ()


def test_light_is_measured_and_a_cut_is_no_change_of_light() -> None:
    shifts = {3.0: -40.0, 7.0: 60.0}
    activity = measure(motion(t, shift=shifts.get(t, 0.0), cut=t == 7.0) for t in map(float, range(10)))
    assert [change.levels for change in activity.light] == [-40.0]


def test_a_mover_is_found_where_the_grid_changed() -> None:
    (mover,) = measure(motion(pts_s, 80.0 if 2 < pts_s < 5 else 0.0) for pts_s in frames()).movers
    assert (mover.x0, mover.y0) == pytest.approx((0.5, 0.5), abs=0.02)
    assert mover.share == pytest.approx(48 / 1200)


def test_each_window_is_measured_for_itself() -> None:
    meter = ActivityMeter()
    for pts_s in frames():
        meter.add(motion(pts_s, 500.0, cut=pts_s == 5.0), PICTURE_PX)
    assert meter.close(10.0).cuts
    for pts_s in frames():
        meter.add(motion(10.0 + pts_s, 60.0 if pts_s < 1 else 0.0), PICTURE_PX)
    second = meter.close(20.0)
    assert second.cuts == ()
    assert second.share == pytest.approx(0.06)
    assert second.active_s == pytest.approx(1.0)
    assert all(mover.start_s >= 10.0 for mover in second.movers)


def test_a_pause_of_the_stream_is_not_active_time() -> None:
    assert measure([motion(0.0, 80.0), motion(8.0, 80.0)]).active_s == 1.0


def test_times_that_jump_back_count_once() -> None:
    times = [0.0, 0.2, 0.1, 0.3, 0.2, 0.4]
    assert measure(motion(pts_s, 80.0) for pts_s in times).active_s == pytest.approx(0.4)


def test_cars_of_a_real_camera_are_followed_and_its_exposure_is_distinguished(shared_media: Path) -> None:
    settings = MotionSettings()
    meter, activity = ActivityMeter(), []
    with av.open(shared_media / "car-detection.mp4") as clip:
        stream = clip.streams.video[0]
        measure_motion = MotionMeter(settings, stream.width, stream.height).measure
        for i, frame in enumerate(clip.decode(stream)):
            if i % 125 == 0 and i:  # ten seconds of 12.5 frames
                activity.append(meter.close(i / 12.5))
            luma = frame.reformat(settings.width_px, settings.height_px, "gray").to_ndarray().astype(np.uint8)
            meter.add(measure_motion(i / 12.5, luma), settings.width_px * settings.height_px)
    up, both, down = activity
    assert [mover.y1 - mover.y0 < -0.8 for mover in up.movers] == [True]
    assert [mover.y1 - mover.y0 > 0.8 for mover in down.movers] == [True]
    assert {mover.y1 > mover.y0 for mover in both.movers} == {True, False}
    assert all([change.levels < 0 for change in each.light] == [True, False] for each in activity)
