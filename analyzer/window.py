"""A window: ten seconds of one camera, measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.activity import Activity
from analyzer.peaks import Peak


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The picture at a peak.

    Attributes:
        pts_s: media time of the frame.
        value: the signal there.
        file: where its JPEG lies, or None where no pictures were asked for.
    """

    pts_s: float
    value: float
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """A media file that holds a window's moving pictures.

    Attributes:
        path: the file.
        zero_s: the window's media time at which the file's first video frame stands, so that media
            time ``t`` is at ``t - zero_s`` in the file.
    """

    path: Path
    zero_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """Ten seconds (or what there was of them) of one camera.

    Attributes:
        id: unique over all cameras and runs.
        camera, epoch, index: which camera, which unbroken connection, which window of it.
        start_s, end_s: media time since the epoch's first frame.
        start_utc: wall time of ``start_s``, ISO 8601 with Z.
        quiet: nothing rose clearly above the camera's noise.
        signal_max: the signal's highest value, in pixels of the analysis picture.
        noise_floor: what the signal shows when nothing happens, in the same unit.
        threshold: the value above which the window is not quiet, in the same unit.
        peaks: all peaks, in time order; empty when quiet.
        keyframes: the peaks chosen to be shown, in time order.
        activity: what moved.
        signal: the highest value in each ``signal_step_s`` from ``start_s`` on.
        clip: the moving pictures; None when quiet or not asked for.
    """

    id: str
    camera: str
    epoch: int
    index: int
    start_s: float
    end_s: float
    start_utc: str
    quiet: bool
    signal_max: float
    noise_floor: float
    threshold: float
    peaks: tuple[Peak, ...] = ()
    keyframes: tuple[Keyframe, ...] = ()
    activity: Activity = Activity()
    signal: tuple[float, ...] = ()
    signal_step_s: float = 0.2
    clip: Clip | None = None
