"""A window: ten seconds of one camera, measured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2

from analyzer.signal.activity import Activity, ActivityMeter
from analyzer.signal.activity_spans import PeakFinder, choose_keyframes
from analyzer.signal.motion import Motion, MotionMeter, MotionSettings
from analyzer.signal.peaks import Peak
from stream.frames import Frame

SIGNAL_STEP_S = 0.2
JPEG_QUALITY = 88


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
        missed_s: how much of it was not looked at, as decoding could not keep up.
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
    signal_step_s: float = SIGNAL_STEP_S
    clip: Clip | None = None
    missed_s: float = 0.0


class Outcome(StrEnum):
    """How a window ends: exactly one of these, once and for all."""

    DESCRIBED = "described"
    QUIET = "quiet"
    SKIPPED_OVERLOAD = "skipped_overload"
    """Too much waited to be decoded or described."""
    MODEL_FAILED = "model_failed"
    DISK_FULL = "disk_full"


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How windows are cut and measured.

    Attributes:
        window_s: length of a window.
        motion: how the signal is made.
        height_ratio, distance_frames: which local maxima are peaks.
        max_keyframes: how many peaks are shown at most.
        keyframe_px: longer side of the keyframes' pictures; None when no pictures are asked for.
        max_fps: of a faster stream, only so many frames a second are measured; None for all. The signal
            looks back 0.2 s and more: it gains little from frames nearer to each other than 66 ms.
    """

    window_s: float = 10.0
    motion: MotionSettings = MotionSettings()
    height_ratio: float = 0.4
    distance_frames: int = 5
    max_keyframes: int = 12
    keyframe_px: int | None = None
    max_fps: float | None = 15.0


class Snapshot:
    """The picture of a frame that may become a keyframe: the frame itself at first, a JPEG once settled."""

    __slots__ = ("_frame", "_max_side_px", "jpeg", "pts_s", "value")

    def __init__(self, frame: Frame, value: float, max_side_px: int) -> None:
        self._frame: Frame | None = frame
        self.pts_s = frame.pts_s
        self.value = value
        self._max_side_px = max_side_px
        self.jpeg = b""

    def settle(self) -> None:
        """Make the JPEG and let go of the decoder's memory; once is enough."""
        if self._frame is None:
            return
        picture = self._frame.picture(self._max_side_px)
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        self.jpeg = jpeg.tobytes()
        self._frame = None


@dataclass(frozen=True, slots=True)
class Shot:
    """A keyframe before it has a file: media time, signal, and its JPEG (empty when not asked for)."""

    pts_s: float
    value: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Measured:
    """A window's measurements, before it has a name and files; fields as in Window."""

    index: int
    start_s: float
    end_s: float
    quiet: bool
    signal_max: float
    noise_floor: float
    threshold: float
    peaks: tuple[Peak, ...]
    shots: tuple[Shot, ...]
    activity: Activity
    signal: tuple[float, ...]


class Windower:
    """Frames of one epoch in, one Measured for each ``window_s``."""

    def __init__(self, settings: WindowSettings, source_width_px: int, source_height_px: int) -> None:
        self._settings = settings
        self._meter = MotionMeter(settings.motion, source_width_px, source_height_px)
        # What goes on over borders must find room for a calm's length in each window that it fills.
        calm_s = min(1.0, settings.window_s / 2)
        self._finder: PeakFinder[Snapshot] = PeakFinder(
            settings.height_ratio, settings.distance_frames, self._settle, calm_s
        )
        self._glimpsed = False
        self._glimpse: Shot | None = None
        self._activity = ActivityMeter()
        self._picture_px = settings.motion.width_px * settings.motion.height_px
        self._last_s = 0.0
        self._held_s = 0.0  # until when the last frame stands, where it was told
        self._frame_s = 0.0  # how long the newest frame is shown, as far as the one before tells
        self._begin_window(0)

    def _begin_window(self, index: int) -> None:
        self._index = index
        self._start_s = index * self._settings.window_s
        self._end_s = self._start_s + self._settings.window_s
        self._highest = 0.0
        self._floors = self._thresholds = 0.0
        self._frames = 0
        self._signal: list[float] = []

    def push(self, frame: Frame) -> list[Measured]:
        """Take a frame; returns the windows that it closes, usually none.

        A pause of the stream longer than a window closes windows without a frame of their own: a still
        picture, hence quiet.
        """
        motion = self._meter.measure(frame.pts_s, frame.luma)
        closed = []
        while frame.pts_s >= self._end_s:
            closed.append(self._close(self._end_s, motion.value))
        self._take(frame, motion)
        return closed

    def _take(self, frame: Frame, motion: Motion) -> None:
        keyframe_px = self._settings.keyframe_px
        snapshot = None if keyframe_px is None else Snapshot(frame, motion.value, keyframe_px)
        self._finder.push(motion.pts_s, motion.value, motion.threshold, snapshot)
        self._glimpsed = self._glimpsed and self._finder.active
        self._activity.add(motion, self._picture_px)
        self._frame_s = min(1.0, motion.pts_s - self._last_s)
        self._last_s = motion.pts_s
        self._highest = max(self._highest, motion.value)
        self._floors += motion.floor
        self._thresholds += motion.threshold
        self._frames += 1
        step = int((motion.pts_s - self._start_s) / SIGNAL_STEP_S)
        self._signal.extend([0.0] * (step + 1 - len(self._signal)))
        self._signal[step] = max(self._signal[step], motion.value)

    @property
    def start_s(self) -> float:
        """Where the open window starts."""
        return self._start_s

    @property
    def moving(self) -> bool:
        """Something clearly happens, or did so within the last second."""
        return self._finder.active

    def glimpse(self) -> Shot | None:
        """Return the first settled peak of what is going on, once."""
        shot, self._glimpse = self._glimpse, None
        return shot

    def _settle(self, snapshot: Snapshot) -> None:
        snapshot.settle()
        if self._finder.active and not self._glimpsed:
            self._glimpsed = True
            self._glimpse = Shot(snapshot.pts_s, snapshot.value, snapshot.jpeg)

    def hold(self, until_s: float) -> list[Measured]:
        """The newest frame, the last one, stands until then: returns the windows that this closes."""
        self._held_s = until_s
        closed = []
        while until_s >= self._end_s:
            closed.append(self._close(self._end_s, None))
        return closed

    def close(self, ends_s: float | None = None) -> Measured | None:
        """End the epoch; returns its last window, None when it holds no frame, nor one that is held.

        ``ends_s`` is where the last picture ends, where that is known better than by those that came here.
        """
        held_s = max(self._held_s, ends_s or 0.0) if self._held_s > self._start_s else ends_s
        if not self._frames and self._held_s <= self._start_s:
            return None
        return self._close(min(self._end_s, held_s or self._last_s + self._frame_s), None)

    def _close(self, end_s: float, next_value: float | None) -> Measured:
        findings = self._finder.close(next_value)
        chosen = choose_keyframes(findings.peaks, findings.stretches, self._settings.max_keyframes)
        frames = max(1, self._frames)
        measured = Measured(
            index=self._index,
            start_s=self._start_s,
            end_s=end_s,
            quiet=findings.quiet,
            signal_max=self._highest,
            noise_floor=self._floors / frames,
            threshold=self._thresholds / frames,
            peaks=tuple(Peak(peak.pts_s, peak.value) for peak in findings.peaks),
            shots=tuple(Shot(p.pts_s, p.value, p.payload.jpeg if p.payload else b"") for p in chosen),
            activity=self._activity.close(end_s),
            signal=tuple(self._signal),
        )
        self._begin_window(self._index + 1)
        return measured
