"""Each hard cut is a keyframe at its place, and the distance of peaks is in frames of the source."""

from __future__ import annotations

from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from scipy.signal import find_peaks

from analyzer.signal.motion import MotionMeter
from analyzer.signal.settings import MotionSettings, PeakSettings, WindowSettings
from analyzer.signal.window import Window
from livereel.camera.capture import Capture
from livereel.camera.clips import NoClips
from stream.av_source import AvSource
from stream.frames.decoder import FrameDecoder
from stream.frames.frame import Frame
from tests.kit.films.hard_cuts import CAMERA, slides

FILM = {"preset": "ultrafast", "bf": "3", "g": "50", "x264-params": "b-adapt=0"}  # pictures to leave out


def windows(path: Path, settings: WindowSettings | None = None) -> list[Window]:
    with AvSource(str(path)) as source:
        return list(Capture(source, "film", settings or WindowSettings(), NoClips(), None).windows())  # type: ignore[arg-type]  # no gap


def keyframes_s(path: Path) -> list[float]:
    return [keyframe.pts_s for window in windows(path) for keyframe in window.keyframes]


def frames(path: Path, max_fps: float | None = 15.0) -> list[Frame]:
    with AvSource(str(path)) as source:
        decoder = FrameDecoder(source.video, 400, 300, max_fps=max_fps)
        packets = (*source.packets(), None)
        return [frame for packet in packets for frame in decoder.decode(packet).frames]


@pytest.mark.parametrize(
    ("fps", "phase"), [(10, 1), (25, 0), (25, 1), (30, 1), (50, 2), (50, 3), (60, 1), (60, 2), (120, 3)]
)
def test_a_cut_is_a_keyframe_at_its_own_frame(tmp_path: Path, fps: int, phase: int) -> None:
    cut_s = 2 + phase / fps
    path = slides(tmp_path / "film.mp4", [cut_s], fps=fps, seconds=4)
    assert keyframes_s(path) == [pytest.approx(cut_s, abs=0.001)]


@pytest.mark.parametrize(("fps", "apart"), [(25, 3), (30, 3), (30, 5), (25, 9), (30, 12)])
def test_of_cuts_near_each_other_none_is_lost(tmp_path: Path, fps: int, apart: int) -> None:
    cuts_s = [2.0, 2 + apart / fps, 2 + 2 * apart / fps]
    path = slides(tmp_path / "film.mp4", cuts_s, fps=fps, seconds=4)
    assert keyframes_s(path) == [pytest.approx(cut_s, abs=0.001) for cut_s in cuts_s]


def test_cuts_among_motion_and_in_windows_that_hold_higher_peaks_are_keyframes(tmp_path: Path) -> None:
    cuts_s = [1.04, 3.0, 3.36, 7.48, 9.96, 10.04, 11.0]
    path = slides(tmp_path / "film.mp4", cuts_s, fps=25, seconds=13, moving=True)
    found = keyframes_s(path)
    assert all(any(at_s == pytest.approx(cut_s, abs=0.041) for at_s in found) for cut_s in cuts_s)
    assert [cut for window in windows(path) for cut in window.activity.cuts] == [
        pytest.approx(cut_s, abs=0.041) for cut_s in cuts_s
    ]


def test_a_cut_among_frames_that_are_not_decoded_is_found_in_the_next_that_is(tmp_path: Path) -> None:
    cuts_s = [2.0, 3.36, 4.04, 5.08]
    path = slides(tmp_path / "film.mp4", cuts_s, fps=25, seconds=7, options=FILM)
    found = keyframes_s(path)
    assert len(found) == len(cuts_s)
    assert all(0 <= at_s - cut_s < 0.13 for at_s, cut_s in zip(found, cuts_s, strict=True))


@pytest.mark.parametrize(("fps", "max_fps"), [(12, 15), (25, 15), (48, 48), (60, 15), (120, 15)])
def test_a_cut_behind_what_stays_in_the_picture_is_found_at_its_own_frame(
    tmp_path: Path, fps: int, max_fps: float
) -> None:
    """Most of the contrast is that of a bar, a logo or a near object, which the cut does not change."""
    cuts_s = [nth / fps for nth in (3 * fps // 2 + 1, 3 * fps, 4 * fps + 2)]
    path = slides(tmp_path / "film.mp4", cuts_s, fps=fps, seconds=6, moving=True, contrast=0.2)
    settings = WindowSettings(motion=MotionSettings(max_fps=max_fps))
    assert [cut for window in windows(path, settings) for cut in window.activity.cuts] == [
        pytest.approx(cut_s, abs=0.001) for cut_s in cuts_s
    ]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("fps", "shown"), [(25, (1, 2, 1, 3)), (30, (1, 1, 2)), (120, (1, 3, 2, 1, 5))])
def test_a_cut_between_frames_of_varying_length_is_at_the_first_of_its_scene(
    tmp_path: Path,
    fps: int,
    shown: tuple[int, ...],
    interlaced: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    cuts_s, options = [1.52, 1.8, 3.3], {"preset": "veryfast", "bf": "0"}
    path = slides(
        tmp_path / "film.mp4", cuts_s, fps=fps, seconds=5, shown=shown, interlaced=interlaced, options=options
    )
    starts_s = [nth / fps for nth in accumulate(shown * 5 * fps)]
    firsts_s = [min(at_s for at_s in starts_s if at_s > cut_s - 1e-6) for cut_s in cuts_s]
    assert keyframes_s(path) == [pytest.approx(at_s, abs=0.001) for at_s in firsts_s]


def test_more_cuts_than_keyframes_are_kept_spread_over_the_window(tmp_path: Path) -> None:
    cuts_s = [0.4 * n for n in range(1, 24)]
    (window,) = windows(slides(tmp_path / "film.mp4", cuts_s, fps=25, seconds=10))
    assert [peak.pts_s for peak in window.peaks] == [pytest.approx(cut_s, abs=0.001) for cut_s in cuts_s]
    assert len(window.keyframes) == 12
    assert window.keyframes[0].pts_s < 1.5
    assert window.keyframes[-1].pts_s > 8.5


@pytest.mark.parametrize("fps", [10, 12, 25])
def test_a_lone_frame_of_another_scene_is_no_cut(tmp_path: Path, fps: int) -> None:
    lone = (2 if fps > 15 else 1) / fps  # as long as from one measured frame to the next
    path = slides(tmp_path / "film.mp4", [2.0, 2.0 + lone], fps=fps, seconds=4, scenes=[0, 1, 0])
    (window,) = windows(path)
    assert window.quiet
    assert not window.activity.cuts


def test_a_lone_frame_at_the_end_of_a_window_is_no_cut_either(tmp_path: Path) -> None:
    path = slides(tmp_path / "film.mp4", [9.9, 10.0], fps=10, seconds=12, scenes=[0, 1, 0])
    assert [window.quiet for window in windows(path)] == [True, True]
    assert not any(window.activity.cuts for window in windows(path))


@pytest.mark.parametrize(
    ("fps", "options", "steps"),
    [(10, CAMERA, {1}), (25, CAMERA, {2}), (30, CAMERA, {2}), (60, CAMERA, {4}), (24, FILM, {2, 4})],
)
def test_each_frame_has_the_number_of_source_frames_that_it_stands_for(
    tmp_path: Path, fps: int, options: dict[str, str], steps: set[int]
) -> None:
    found = frames(slides(tmp_path / "film.mp4", [], fps=fps, seconds=4, options=options))
    assert {frame.step for frame in found[1:-1]} <= steps
    for before, frame in pairwise(found):
        assert frame.step == round((frame.pts_s - before.pts_s) * fps)


@pytest.mark.parametrize(("fps", "distance"), [(10, 1), (10, 12), (25, 5), (30, 1), (60, 12)])
def test_peaks_are_those_of_find_peaks_at_a_distance_in_frames_of_the_source(
    tmp_path: Path, fps: int, distance: int
) -> None:
    path = slides(tmp_path / "film.mp4", [], fps=fps, seconds=9, moving=True)
    analysed = frames(path)
    meter = MotionMeter(MotionSettings(), 320, 240)
    values = [meter.measure(frame.pts_s, frame.luma).value for frame in analysed]
    share = analysed[2].step  # each n-th frame is measured
    found, _ = find_peaks(values, height=0.4 * max(values), distance=max(1, distance / share))
    (window,) = windows(path, WindowSettings(peaks=PeakSettings(distance_frames=distance)))
    highest = {peak.pts_s for peak in window.peaks}
    assert {analysed[i].pts_s for i in found if values[i] > window.threshold} <= highest


def test_the_notebook_signal_has_the_peaks_of_find_peaks_alone_cuts_or_not(tmp_path: Path) -> None:
    path = slides(tmp_path / "film.mp4", [2 + n / 25 for n in range(12)], fps=25, seconds=9)
    settings = WindowSettings(motion=MotionSettings(signal="notebook"))
    analysed = frames(path, None)
    meter = MotionMeter(settings.motion, 320, 240)
    motions = [meter.measure(frame.pts_s, frame.luma) for frame in analysed]
    values = [motion.value for motion in motions]
    found, _ = find_peaks(values, height=0.4 * max(values), distance=5)
    (window,) = windows(path, settings)
    assert [peak.pts_s for peak in window.peaks] == [
        motions[i].pts_s for i in found if motions[i].value > motions[i].threshold
    ]
    assert window.peaks
    assert len(window.activity.cuts) == 12
