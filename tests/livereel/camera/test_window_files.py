"""What is kept of a window: all of its files, or none."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame

from analyzer.signal.activity import Activity
from analyzer.signal.peaks import Candidate
from analyzer.signal.window import Clip
from analyzer.signal.windower import LazyJpeg, MeasuredWindow
from livereel.camera.clips import NoClips
from livereel.camera.reports import CaptureCounts
from livereel.camera.window_files import WindowFiles
from livereel.storage.free_space import FreeSpace
from stream.frames.frame import Frame
from stream.media.file import DiskFullError


def candidate(pts_s: float, value: float) -> Candidate[LazyJpeg]:
    black = np.zeros((48, 64, 3), np.uint8)
    picture = LazyJpeg(Frame(pts_s, black[:, :, 0], VideoFrame.from_ndarray(black, "bgr24")), 64)
    picture.encode()
    return Candidate(pts_s, value, picture)


CANDIDATES = (candidate(1.0, 500.0), candidate(2.0, 600.0))
LIVELY = MeasuredWindow(
    index=0,
    start_s=0.0,
    end_s=10.0,
    quiet=False,
    signal_max=600.0,
    noise_floor=20.0,
    threshold=100.0,
    peaks=(),
    candidates=CANDIDATES,
    activity=Activity(),
    signal=(),
)


class Clips(NoClips):
    """Returns the clip that it is given, or raises the given error."""

    def __init__(self, made: Clip | Exception) -> None:
        self._made = made

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:  # noqa: ARG002  # the seam's
        if isinstance(self._made, Exception):
            raise self._made
        return self._made


FULL = [
    DiskFullError("cannot write clip.mp4: no space left"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
]


def pictures(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*.jpg"))


def test_a_window_has_its_clip_and_a_picture_for_each_peak(tmp_path: Path) -> None:
    clip = Clip(tmp_path / "clip.mp4", 0.0)
    files = WindowFiles(Clips(clip), tmp_path, FreeSpace(tmp_path, 0), CaptureCounts())
    made, keyframes = files.write(LIVELY, "2026-05-01/front", 0.0)
    assert made == clip
    assert [keyframe.file for keyframe in keyframes] == [
        tmp_path / "2026-05-01" / "front-0.jpg",
        tmp_path / "2026-05-01" / "front-1.jpg",
    ]
    assert pictures(tmp_path) == ["front-0.jpg", "front-1.jpg"]


@pytest.mark.parametrize("error", FULL, ids=lambda error: type(error).__name__ + str(error))
def test_a_clip_for_which_there_is_no_room_takes_the_pictures_with_it(
    error: Exception, tmp_path: Path
) -> None:
    counts = CaptureCounts()
    clip, keyframes = WindowFiles(Clips(error), tmp_path, FreeSpace(tmp_path, 0), counts).write(
        LIVELY, "2026-05-01/front", 0.0
    )
    assert clip is None
    assert [keyframe.file for keyframe in keyframes] == [None, None]
    assert counts.windows_without_room == 1
    assert pictures(tmp_path) == []


def test_a_failure_that_ends_the_run_leaves_no_pictures_either(tmp_path: Path) -> None:
    error = OSError(errno.EROFS, "Read-only file system")
    with pytest.raises(OSError, match="Read-only"):
        WindowFiles(Clips(error), tmp_path, FreeSpace(tmp_path, 0), CaptureCounts()).write(
            LIVELY, "front", 0.0
        )
    assert pictures(tmp_path) == []


def test_no_room_is_asked_for_before_anything_is_written(tmp_path: Path) -> None:
    counts = CaptureCounts()
    files = WindowFiles(
        Clips(Clip(tmp_path / "clip.mp4", 0.0)), tmp_path, FreeSpace(tmp_path, 10**18), counts
    )
    clip, keyframes = files.write(LIVELY, "front", 0.0)
    assert clip is None
    assert len(keyframes) == 2
    assert counts.windows_without_room == 1
    assert not list(tmp_path.iterdir())
