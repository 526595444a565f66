"""From frames to windows: measure the frames of an epoch and close a window every ten seconds."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
from av.video.frame import VideoFrame

from analyzer.signal.activity import Activity
from analyzer.signal.activity_meter import ActivityMeter
from analyzer.signal.flicker.filter import FlickerFilter
from analyzer.signal.flicker.region import Flicker
from analyzer.signal.motion import Motion, MotionMeter
from analyzer.signal.peaks import Candidate
from analyzer.signal.settings import WindowSettings
from analyzer.signal.sound.record import Sound
from analyzer.signal.window import JPEG_QUALITY, SIGNAL_STEP_S, Clip, Keyframe, Peak, Window
from analyzer.signal.window_peaks import PeakFinder, WindowPeaks, choose_keyframes, revised
from stream.frames.frame import Frame
from stream.picture.render import upright_bgr

# Peaks that settled and were not asked for: more than an event has.
MAX_SETTLED = 64


class LazyJpeg:
    """The picture of a frame, encoded only when it is likely to be used.

    Attributes:
        data: the JPEG; empty until it is encoded.
    """

    __slots__ = ("_display", "_image", "_max_side_px", "data")

    def __init__(self, frame: Frame, max_side_px: int) -> None:
        self._image: VideoFrame | None = frame.image
        self._display = frame.display
        self._max_side_px = max_side_px
        self.data = b""

    def encode(self) -> None:
        """Encode the JPEG and release the decoded frame; does nothing the second time."""
        if self._image is None:
            return
        picture = upright_bgr(self._image, self._display, self._max_side_px)
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        self.data = jpeg.tobytes()
        self._image = None


@dataclass(frozen=True, slots=True)
class MeasuredWindow:
    """The measurements of a window that has just closed, before it has a name and files.

    Attributes:
        candidates: the peaks chosen as keyframes; their payloads are None where no pictures are made.

    All others are as in Window.
    """

    index: int
    start_s: float
    end_s: float
    quiet: bool
    signal_max: float
    noise_floor: float
    threshold: float
    peaks: tuple[Peak, ...]
    candidates: tuple[Candidate[LazyJpeg], ...]
    activity: Activity
    signal: tuple[float, ...]
    sound: Sound | None = None

    def complete(
        self,
        *,
        id: str,  # noqa: A002  # the field's name
        camera: str,
        epoch: int,
        start_utc: str,
        keyframes: tuple[Keyframe, ...],
        clip: Clip | None,
        missed_s: float,
    ) -> Window:
        """Return the window with its name, time and files; arguments as in Window."""
        return Window(
            id=id,
            camera=camera,
            epoch=epoch,
            index=self.index,
            start_s=self.start_s,
            end_s=self.end_s,
            start_utc=start_utc,
            quiet=self.quiet,
            signal_max=self.signal_max,
            noise_floor=self.noise_floor,
            threshold=self.threshold,
            peaks=self.peaks,
            keyframes=keyframes,
            activity=self.activity,
            signal=self.signal,
            clip=clip,
            missed_s=missed_s,
            sound=self.sound,
        )


@dataclass(slots=True)
class _OpenWindow:
    """What is known so far of the window that is open.

    Attributes:
        index: its number in the epoch.
        start_s, end_s: media time.
        activity_before: the meter of what moves, as it was when the window began.
        unfiltered: the motion of each frame, with what flickers.
        motions: the same without it.
        removed: the highest frame that only flickers, with its value before that was taken out.
    """

    index: int
    start_s: float
    end_s: float
    activity_before: ActivityMeter
    unfiltered: list[Motion] = field(default_factory=list)
    motions: list[Motion] = field(default_factory=list)
    removed: Candidate[LazyJpeg] | None = None


class Windower:
    """Measures the frames of one epoch and returns a MeasuredWindow for each ``window_s``."""

    def __init__(self, settings: WindowSettings, source_width_px: int, source_height_px: int) -> None:
        self._settings = settings
        self._meter = MotionMeter(settings.motion, source_width_px, source_height_px, settings.areas)
        # Shorter than a window, so that activity that fills a window is reported in it.
        self._calm_s = min(1.0, settings.window_s / 2)
        self._finder: PeakFinder[LazyJpeg] = PeakFinder(
            settings.peaks.height_ratio, settings.peaks.distance_frames, self._settle, self._calm_s
        )
        # With the notebook's signal, peaks are exactly those of find_peaks.
        self._cuts_are_peaks = settings.motion.signal != "notebook"
        # Source frames to add to the next step, as a cut was placed before the newest.
        self._carried_frames = 0
        self._settled: deque[Peak] = deque(maxlen=MAX_SETTLED)
        self._previewed = False
        self._preview: Candidate[LazyJpeg] | None = None
        self._activity = ActivityMeter()
        self._flickers = FlickerFilter(source_width_px, source_height_px)
        self._picture_px = settings.motion.width_px * settings.motion.height_px
        self._last_s = 0.0
        self._shown_until_s = 0.0  # until when the last frame is shown, where that is known
        self._frame_s = 0.0  # how long the newest frame is shown: as long as the one before
        self._window = self._open_window(0)

    def _open_window(self, index: int) -> _OpenWindow:
        start_s = index * self._settings.window_s
        return _OpenWindow(index, start_s, start_s + self._settings.window_s, copy.deepcopy(self._activity))

    def push(self, frame: Frame) -> list[MeasuredWindow]:
        """Add a frame; returns the windows that it closes, usually none.

        A pause of the stream longer than a window closes windows without frames, which are quiet.
        """
        motion = self._meter.measure(frame.pts_s, frame.luma, frame.chroma, afresh=frame.repaired)
        self._last_s, self._frame_s = frame.pts_s, min(1.0, frame.pts_s - self._last_s)
        self._carried_frames, step = 0, frame.step + self._carried_frames
        if motion.cut:
            frame, motion, step = self._first_of_scene(frame, motion, step)
        if motion.back:
            self._withdraw_cut()
        if motion.pts_s >= self._window.end_s:
            self._flickers.look(self._window.end_s)
        filtered = self._flickers.push(motion)
        closed = []
        while motion.pts_s >= self._window.end_s:
            closed.append(self._close(self._window.end_s, filtered.value))
        self._window.unfiltered.append(motion)
        self._add(frame, filtered, step)
        return closed

    def advance(self, until_s: float) -> list[MeasuredWindow]:
        """Close the windows that end by ``until_s`` although no frame has followed the newest one yet.

        It is shown until then and nothing changes, so its signal is followed by 0.
        """
        return self._close_until(until_s, 0.0)

    def _first_of_scene(self, frame: Frame, motion: Motion, step: int) -> tuple[Frame, Motion, int]:
        """Move a cut to where the new scene begins, which may be a frame that was not measured."""
        size = (self._settings.motion.width_px, self._settings.motion.height_px)
        nth = self._meter.first_of_scene(passed.frame(*size).luma for passed in frame.passed)
        if nth is None:
            return frame, motion, step
        first = frame.passed[nth].frame(*size)
        self._carried_frames = len(frame.passed) - nth
        return first, replace(motion, pts_s=first.pts_s), step - self._carried_frames

    def _add(self, frame: Frame, motion: Motion, step: int) -> None:
        keyframe_px = self._settings.keyframe_px
        picture = None if keyframe_px is None else LazyJpeg(frame, keyframe_px)
        cut = motion.cut and self._cuts_are_peaks
        self._finder.push(motion.pts_s, motion.value, motion.threshold, picture, step=step, cut=cut)
        self._previewed = self._previewed and self._finder.active
        self._activity.add(motion, self._picture_px)
        window = self._window
        window.motions.append(motion)
        value, highest = window.unfiltered[-1].value, window.removed.value if window.removed else 0.0
        if motion.value <= motion.threshold < value and value > highest:
            window.removed = Candidate(motion.pts_s, value, picture)

    def _withdraw_cut(self) -> None:
        """Remove the cut at the frame before: only that frame was of another scene."""
        self._finder.withdraw_cut()
        self._activity.withdraw_cut()
        if unfiltered := self._window.unfiltered:
            unfiltered[-1] = replace(unfiltered[-1], cut=False)

    @property
    def flickers(self) -> Sequence[Flicker]:
        """The small regions found so far whose regular changes are ignored, each once."""
        return self._flickers.found

    @property
    def start_s(self) -> float:
        """Media time at which the open window starts."""
        return self._window.start_s

    @property
    def moving(self) -> bool:
        """Whether an event is in progress, or ended less than a second ago."""
        return self._finder.active

    @property
    def motion(self) -> Motion | None:
        """The motion of the newest frame, without flickers; None before the window's first."""
        motions = self._window.motions
        return motions[-1] if motions else None

    def settled_peaks(self) -> list[Peak]:
        """Return the peaks that have settled since the last call; not all will become keyframes."""
        settled = list(self._settled)
        self._settled.clear()
        return settled

    def keyframe_preview(self) -> Candidate[LazyJpeg] | None:
        """Return the first settled peak of the current event, encoded; only once."""
        preview, self._preview = self._preview, None
        return preview

    def _settle(self, candidate: Candidate[LazyJpeg]) -> None:
        self._settled.append(Peak(candidate.pts_s, candidate.value))
        if candidate.payload is not None:
            candidate.payload.encode()
        if self._finder.active and not self._previewed:
            self._previewed = True
            self._preview = candidate

    def show_last(self, until_s: float) -> list[MeasuredWindow]:
        """Show the newest frame, which is the last one, until ``until_s``; returns the windows that close."""
        self._shown_until_s = until_s
        return self._close_until(until_s, None)

    def close(self, ends_s: float | None = None) -> MeasuredWindow | None:
        """End the epoch; returns its last window, None when it has no frame and shows none of before.

        ``ends_s`` is the end of the last frame, where the decoder knows it.
        """
        shows_last = self._shown_until_s > self._window.start_s
        if not self._window.motions and not shows_last:
            return None
        shown_until_s = max(self._shown_until_s, ends_s or 0.0) if shows_last else ends_s
        end_s = min(self._window.end_s, shown_until_s or self._last_s + self._frame_s)
        self._flickers.look(end_s)
        return self._close(end_s, None)

    def _close_until(self, until_s: float, next_value: float | None) -> list[MeasuredWindow]:
        closed = []
        while until_s >= self._window.end_s:
            self._flickers.look(self._window.end_s)
            closed.append(self._close(self._window.end_s, next_value))
        return closed

    def _close(self, end_s: float, next_value: float | None) -> MeasuredWindow:
        window = self._window
        found = self._finder.close(next_value)
        if self._flickers.changed_s > window.start_s:
            found = self._revise(found)
        chosen = choose_keyframes(found.peaks, found.spans, self._settings.peaks.max_keyframes, found.cuts)
        frames = max(1, len(window.motions))
        measured = MeasuredWindow(
            index=window.index,
            start_s=window.start_s,
            end_s=end_s,
            quiet=found.quiet,
            signal_max=max((motion.value for motion in window.motions), default=0.0),
            noise_floor=sum(motion.floor for motion in window.motions) / frames,
            threshold=sum(motion.threshold for motion in window.motions) / frames,
            peaks=tuple(Peak(peak.pts_s, peak.value) for peak in found.peaks),
            candidates=tuple(chosen),
            activity=self._activity.close(end_s),
            signal=tuple(_in_steps(window.motions, window.start_s)),
        )
        self._window = self._open_window(window.index + 1)
        return measured

    def _revise(self, found: WindowPeaks[LazyJpeg]) -> WindowPeaks[LazyJpeg]:
        """Measure the window again, without the flickers that were found during it."""
        window = self._window
        window.motions = self._flickers.revise(window.unfiltered)
        self._activity = window.activity_before
        finder: PeakFinder[LazyJpeg] = PeakFinder(self._settings.peaks.height_ratio, calm_s=self._calm_s)
        for motion in window.motions:
            self._activity.add(motion, self._picture_px)
            finder.push(motion.pts_s, motion.value, motion.threshold)
        values = {motion.pts_s: motion.value for motion in window.motions if motion.value > motion.threshold}
        if not found.peaks and window.removed is not None:
            found = replace(found, peaks=(window.removed,))
        left = revised(found, values, finder.close().spans)
        for peak in left.peaks:
            if peak.payload is not None:
                peak.payload.encode()
        return left


def _in_steps(motions: Sequence[Motion], start_s: float) -> list[float]:
    """Return the highest value in each SIGNAL_STEP_S from ``start_s`` on."""
    signal: list[float] = []
    for motion in motions:
        # A frame that arrives after its window was closed counts in the next one.
        step = max(0, int((motion.pts_s - start_s) / SIGNAL_STEP_S))
        signal.extend([0.0] * (step + 1 - len(signal)))
        signal[step] = max(signal[step], motion.value)
    return signal
