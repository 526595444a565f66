"""The lab's functions: what they find is what its algorithm, written down here anew, finds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import find_peaks

import livereel
from stream.media.probe import probe, verify
from tests.kit.films.scene import scene

CLIPS = ["car-detection.mp4", "big_buck_bunny_480p_30s.mp4"]


class Chunk:
    """Frames, as OpenCV decodes them, and what the algorithm makes of them."""

    def __init__(self, frames: list[NDArray[np.uint8]], threshold: float, size: tuple[int, int]) -> None:
        small = [
            cv2.blur(cv2.cvtColor(cv2.resize(frame, size), cv2.COLOR_RGB2GRAY), (9, 9)) for frame in frames
        ]
        values = [0]
        values += [cv2.countNonZero(cv2.subtract(this, last)) for last, this in pairwise(small)]
        y = np.array(values)
        self.values = values
        self.peaks, _ = find_peaks(y, height=threshold * y.max(), distance=5)
        self.pictures = [frames[n] for n in self.peaks]


def chunks(path: Path, secs: float, threshold: float, size: tuple[int, int]) -> tuple[float, list[Chunk]]:
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    frames: list[NDArray[np.uint8]] = []
    found: list[Chunk] = []
    while True:
        read, frame = capture.read()
        if frames and (not read or len(frames) == int(secs * fps)):
            found.append(Chunk(frames, threshold, size))
            frames = []
        if not read:
            return fps, found
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False))


@pytest.mark.parametrize(
    ("clip", "secs", "threshold", "size"),
    [(CLIPS[0], 7, 0.3, (400, 300)), (CLIPS[1], 10, 0.4, (320, 240))],
)
def test_real_clips_have_the_same_signal_peaks_and_frames(
    shared_media: Path, clip: str, secs: float, threshold: float, size: tuple[int, int]
) -> None:
    fps, expected = chunks(shared_media / clip, secs, threshold, size)
    found = livereel.extract_keyframes(shared_media / clip, secs, threshold, size)
    assert len(found) == len(expected)
    begin = 0
    for (name, chunk), own in zip(found.items(), expected, strict=True):
        end = begin + len(own.values)
        assert name == f"start time: {begin / fps:.2f} secs to end time: {end / fps:.2f} secs"
        assert chunk["lst_diff_mag"] == own.values
        assert chunk["lstfrm"] == list(range(len(own.values)))
        assert chunk["select_frame_idx"].tolist() == own.peaks.tolist()
        assert chunk["adjusted_fps"] == round(len(own.peaks) / fps)
        assert chunk["selected_key_frames"].shape[0] == len(own.peaks)
        for ours, theirs in zip(chunk["selected_key_frames"], own.pictures, strict=True):
            assert np.array_equal(ours, theirs)
        begin = end


def test_a_scan_with_the_notebooks_signal_has_its_values(shared_media: Path) -> None:
    """Over the borders of windows too, where a chunk of the notebook begins at 0."""
    film = shared_media / CLIPS[0]
    fps, (whole,) = chunks(film, 1000, 0.3, (400, 300))
    windows = livereel.scan(film, motion={"signal": "notebook"}, progress=False).windows
    assert len(windows) == 4
    compared = 0
    for window in (seen.window for seen in windows):
        own = whole.values[round(window.start_s * fps) : round(window.end_s * fps)]
        assert window.signal_max == max(own)
        assert max(window.signal) == max(own)
        for peak in window.peaks:
            assert peak.value == whole.values[round(peak.pts_s * fps)]
            compared += 1
    assert compared > 10


def test_a_chunk_without_motion_has_no_keyframes(tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=1)
    chunks = livereel.extract_keyframes(film, video_chunk_secs=0.1).values()
    assert [chunk["selected_key_frames"].shape for chunk in chunks] == [(0, 120, 160, 3)] * 10


def test_frames_become_a_video_that_holds_each_of_them(tmp_path: Path) -> None:
    frames = [np.full((90, 160, 3), level, np.uint8) for level in (0, 100, 200)]
    path = livereel.create_video_from_frames(frames, tmp_path / "slides.mp4", hold_time=0.4)
    assert verify(path).duration_s == pytest.approx(1.2, abs=0.01)
    assert (probe(path).width, probe(path).height) == (160, 90)


@pytest.mark.parametrize(
    ("frames", "hold_time", "line"),
    [
        ([], 0.4, "there are none"),
        ([np.zeros((2, 2, 3)), np.zeros((4, 4, 3))], 0.4, "all must have the same shape"),
        ([np.zeros((2, 2, 3))], 0.0, "hold_time is 0.0: it must be more than 0"),
    ],
)
def test_frames_that_are_no_video_are_refused(
    tmp_path: Path, frames: list[NDArray[np.uint8]], hold_time: float, line: str
) -> None:
    with pytest.raises(livereel.LivereelError, match=line):
        livereel.create_video_from_frames(frames, tmp_path / "slides.mp4", hold_time)


def test_a_source_is_recorded_as_it_is(tmp_path: Path) -> None:
    film = livereel.record(scene(tmp_path / "film.mp4", seconds=4), tmp_path / "part.mp4", seconds=2)
    assert probe(film).duration_s == pytest.approx(2.0, abs=0.15)
    with pytest.raises(livereel.LivereelError, match="seconds is 0"):
        livereel.record(film, tmp_path / "no.mp4", seconds=0)
