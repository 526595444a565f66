"""A window: ten seconds of one camera, measured."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import cv2

from analyzer.signal.activity import Activity, ActivityMeter
from analyzer.signal.activity_spans import Findings, FoundPeak, PeakFinder, choose_keyframes, without
from analyzer.signal.flicker import Flicker, FlickerFilter
from analyzer.signal.motion import Motion, MotionMeter
from analyzer.signal.peaks import Peak
from analyzer.signal.settings import WindowSettings
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
        file_start_s: media time of the file's first shown frame; media time ``t`` is at
            ``t - file_start_s`` in the file.
    """

    path: Path
    file_start_s: float


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
        self._meter = MotionMeter(settings.motion, source_width_px, source_height_px, settings.areas)
        # What goes on over borders must find room for a calm's length in each window that it fills.
        self._calm_s = min(1.0, settings.window_s / 2)
        self._finder: PeakFinder[Snapshot] = PeakFinder(
            settings.peaks.height_ratio, settings.peaks.distance_frames, self._settle, self._calm_s
        )
        # The notebook's peaks are those of find_peaks and no others.
        self._cuts_are_peaks = settings.motion.signal != "notebook"
        self._owed = 0  # how many source frames the last step was too short, as a cut was put earlier
        self._previewed = False
        self._keyframe_preview: Shot | None = None
        self._activity = ActivityMeter()
        self._flickers = FlickerFilter(source_width_px, source_height_px)
        self._picture_px = settings.motion.width_px * settings.motion.height_px
        self._last_s = 0.0
        self._held_s = 0.0  # until when the last frame stands, where it was told
        self._frame_s = 0.0  # how long the newest frame is shown, as far as the one before tells
        self._begin_window(0)

    def _begin_window(self, index: int) -> None:
        self._index = index
        self._start_s = index * self._settings.window_s
        self._end_s = self._start_s + self._settings.window_s
        self._measured: list[Motion] = []  # as measured
        self._motions: list[Motion] = []  # without what flickers
        self._hidden: FoundPeak[Snapshot] | None = None  # the highest frame of what flickers
        self._activity_before = copy.deepcopy(self._activity)

    def push(self, frame: Frame) -> list[Measured]:
        """Take a frame; returns the windows that it closes, usually none.

        A pause of the stream longer than a window closes windows without a frame of their own: a still
        picture, hence quiet.
        """
        motion = self._meter.measure(frame.pts_s, frame.luma, frame.chroma)
        self._last_s, self._frame_s = frame.pts_s, min(1.0, frame.pts_s - self._last_s)
        self._owed, step = 0, frame.step + self._owed
        if motion.cut:
            frame, motion, step = self._first_of_scene(frame, motion, step)
        if motion.back:
            self._withdraw_cut()
        if motion.pts_s >= self._end_s:
            self._flickers.look(self._end_s)
        shown = self._flickers.push(motion)
        closed = []
        while motion.pts_s >= self._end_s:
            closed.append(self._close(self._end_s, shown.value))
        self._measured.append(motion)
        self._take(replace(frame, passed=()), shown, step)
        return closed

    def stand(self, until_s: float) -> list[Measured]:
        """Close the windows that end by ``until_s`` though no frame follows yet: the newest one stands.

        Nothing changes while it stands, so its signal is followed by none.
        """
        closed = []
        while until_s >= self._end_s:
            self._flickers.look(self._end_s)
            closed.append(self._close(self._end_s, 0.0))
        return closed

    def _first_of_scene(self, frame: Frame, motion: Motion, step: int) -> tuple[Frame, Motion, int]:
        """Put a cut where the new scene begins, which may be in a frame that was not measured."""
        size = (self._settings.motion.width_px, self._settings.motion.height_px)
        nth = self._meter.first_of_scene(passed.frame(*size).luma for passed in frame.passed)
        if nth is None:
            return frame, motion, step
        first = frame.passed[nth].frame(*size)
        self._owed = len(frame.passed) - nth
        return first, replace(motion, pts_s=first.pts_s), step - self._owed

    def _take(self, frame: Frame, motion: Motion, step: int) -> None:
        keyframe_px = self._settings.keyframe_px
        snapshot = None if keyframe_px is None else Snapshot(frame, motion.value, keyframe_px)
        cut = motion.cut and self._cuts_are_peaks
        self._finder.push(motion.pts_s, motion.value, motion.threshold, snapshot, step=step, cut=cut)
        self._previewed = self._previewed and self._finder.active
        self._activity.add(motion, self._picture_px)
        self._motions.append(motion)
        measured = self._measured[-1].value
        if motion.value <= motion.threshold < measured and measured > (
            self._hidden.value if self._hidden else 0
        ):
            self._hidden = FoundPeak(motion.pts_s, measured, snapshot)

    def _withdraw_cut(self) -> None:
        """Take back the cut of the frame before: it was a lone frame."""
        self._finder.withdraw_cut()
        self._activity.withdraw_cut()
        if self._measured:
            self._measured[-1] = replace(self._measured[-1], cut=False)

    @property
    def flickers(self) -> Sequence[Flicker]:
        """The small regions found so far whose regular changes do not count, each place once."""
        return self._flickers.found

    @property
    def start_s(self) -> float:
        """Where the open window starts."""
        return self._start_s

    @property
    def moving(self) -> bool:
        """Something clearly happens, or did so within the last second."""
        return self._finder.active

    def keyframe_preview(self) -> Shot | None:
        """Return the first settled peak of what is going on, once."""
        shot, self._keyframe_preview = self._keyframe_preview, None
        return shot

    def _settle(self, snapshot: Snapshot) -> None:
        snapshot.settle()
        if self._finder.active and not self._previewed:
            self._previewed = True
            self._keyframe_preview = Shot(snapshot.pts_s, snapshot.value, snapshot.jpeg)

    def hold(self, until_s: float) -> list[Measured]:
        """The newest frame, the last one, stands until then: returns the windows that this closes."""
        self._held_s = until_s
        closed = []
        while until_s >= self._end_s:
            self._flickers.look(self._end_s)
            closed.append(self._close(self._end_s, None))
        return closed

    def close(self, ends_s: float | None = None) -> Measured | None:
        """End the epoch; returns its last window, None when it holds no frame, nor one that is held.

        ``ends_s`` is where the last picture ends, where that is known better than by those that came here.
        """
        held_s = max(self._held_s, ends_s or 0.0) if self._held_s > self._start_s else ends_s
        if not self._motions and self._held_s <= self._start_s:
            return None
        end_s = min(self._end_s, held_s or self._last_s + self._frame_s)
        self._flickers.look(end_s)
        return self._close(end_s, None)

    def _close(self, end_s: float, next_value: float | None) -> Measured:
        findings = self._finder.close(next_value)
        if self._flickers.changed_s > self._start_s:
            findings = self._revise(findings)
        chosen = choose_keyframes(
            findings.peaks, findings.stretches, self._settings.peaks.max_keyframes, findings.cuts
        )
        frames = max(1, len(self._motions))
        measured = Measured(
            index=self._index,
            start_s=self._start_s,
            end_s=end_s,
            quiet=findings.quiet,
            signal_max=max((motion.value for motion in self._motions), default=0.0),
            noise_floor=sum(motion.floor for motion in self._motions) / frames,
            threshold=sum(motion.threshold for motion in self._motions) / frames,
            peaks=tuple(Peak(peak.pts_s, peak.value) for peak in findings.peaks),
            shots=tuple(Shot(p.pts_s, p.value, p.payload.jpeg if p.payload else b"") for p in chosen),
            activity=self._activity.close(end_s),
            signal=tuple(_in_steps(self._motions, self._start_s)),
        )
        self._begin_window(self._index + 1)
        return measured

    def _revise(self, findings: Findings[Snapshot]) -> Findings[Snapshot]:
        """Measure the window again, now that it has shown what flickers in it."""
        self._motions = self._flickers.revise(self._measured)
        self._activity = self._activity_before
        finder: PeakFinder[Snapshot] = PeakFinder(self._settings.peaks.height_ratio, calm_s=self._calm_s)
        for motion in self._motions:
            self._activity.add(motion, self._picture_px)
            finder.push(motion.pts_s, motion.value, motion.threshold)
        values = {motion.pts_s: motion.value for motion in self._motions if motion.value > motion.threshold}
        if not findings.peaks and self._hidden is not None:
            findings = replace(findings, peaks=(self._hidden,))
        revised = without(findings, values, finder.close().stretches)
        for peak in revised.peaks:
            if peak.payload is not None:
                peak.payload.settle()
        return revised


def _in_steps(motions: Sequence[Motion], start_s: float) -> list[float]:
    """The highest value in each SIGNAL_STEP_S from ``start_s`` on."""
    signal: list[float] = []
    for motion in motions:
        # A frame that comes after its window was closed counts in the next one.
        step = max(0, int((motion.pts_s - start_s) / SIGNAL_STEP_S))
        signal.extend([0.0] * (step + 1 - len(signal)))
        signal[step] = max(signal[step], motion.value)
    return signal
