"""Measure the clips of stored windows again, with other settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import pairwise

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import SIGNAL_STEP_S, Window
from analyzer.signal.windower import MeasuredWindow, Windower
from stream.av_source import AvSource
from stream.frames.decoder import FrameDecoder
from stream.frames.frame import Frame
from stream.source import SourceError

# Windows that follow each other may be this far from each other by rounding.
_JOIN_S = 0.05


class ReplayError(Exception):
    """Windows cannot be measured again; the message is one clear line."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A keyframe that would be stored: its media time, its signal, and its JPEG."""

    pts_s: float
    value: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stored window as other settings see it.

    Attributes:
        window_id: which window.
        threshold: the value above which it is not quiet.
        signal: the highest value in each SIGNAL_STEP_S from the window's start on.
        peaks: media time and value of each peak.
        keyframes: the peaks that would be shown.
    """

    window_id: str
    threshold: float
    signal: tuple[float, ...]
    peaks: tuple[tuple[float, float], ...]
    keyframes: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """What ``replay`` found.

    Attributes:
        picture_px: width and height of the displayed picture: upright, in square pixels.
        windows: one for each stored window whose clip could be read, in order.
    """

    picture_px: tuple[int, int]
    windows: tuple[Replayed, ...]


@dataclass(slots=True)
class _Run:
    """Windows that follow each other without a gap, measured as one.

    Attributes:
        windows: stored windows, in order.
        measured: what was measured again; its media times count from ``zero_s``.
        zero_s: media time of the epoch at which the measurement begins.
        unread: ids of windows whose clips have gone or cannot be read.
        problem: why, for the last of them.
    """

    windows: list[Window]
    zero_s: float = 0.0
    measured: list[MeasuredWindow] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    problem: str = ""


def replay(windows: Sequence[Window], settings: WindowSettings) -> Replay:
    """Measure windows again, each with its clip, in the order of time.

    Windows that follow each other are measured in one go, as when they were recorded. What was learned of the
    camera before the first of them (its noise, what flickers) is not known again at its beginning. Raises
    ReplayError where no clip can be read, or the settings leave nothing of the picture.
    """
    found: list[Replayed] = []
    size_px = (0, 0)
    problem = "there is no clip"
    for run in _runs([window for window in windows if window.clip is not None]):
        run_px = _measure(run, settings)
        size_px = run_px or size_px
        problem = run.problem or problem
        found += (_replayed(window, run) for window in run.windows if window.id not in run.unread)
    if not found:
        raise ReplayError(f"no clip of this time can be read: {problem}")
    return Replay(size_px, tuple(found))


def picture_px(window: Window) -> tuple[int, int]:
    """Return width and height of the displayed picture of a window's clip; raises ReplayError."""
    try:
        frame = next(_frames(window, WindowSettings()), None)
    except SourceError as error:
        raise ReplayError(error.reason) from error
    if frame is None:
        raise ReplayError("none of its frames can be decoded")
    return frame.source_size_px


def _runs(windows: Sequence[Window]) -> Iterator[_Run]:
    """Yield runs of windows of one epoch that follow each other."""
    run: list[Window] = []
    for before, window in pairwise([None, *windows]):
        if window is None:
            continue
        joined = (
            before is not None
            and before.epoch == window.epoch
            and abs(window.start_s - before.end_s) < _JOIN_S
        )
        if run and not joined:
            yield _Run(run)
            run = []
        run.append(window)
    if run:
        yield _Run(run)


def _measure(run: _Run, settings: WindowSettings) -> tuple[int, int] | None:
    """Measure the clips of a run; return the size of its pictures, None where none can be read.

    Raises ReplayError.
    """
    windower: Windower | None = None
    size_px: tuple[int, int] | None = None
    last_s = -1.0
    for window in run.windows:
        try:
            for frame in _frames(window, settings):
                if windower is None:
                    # Windows begin at multiples of their length, also when they are counted from here.
                    run.zero_s = max(0.0, frame.pts_s // settings.window_s * settings.window_s)
                    size_px = frame.source_size_px
                    windower = _windower(settings, size_px)
                at_s = frame.pts_s - run.zero_s
                if frame.source_size_px != size_px or at_s <= last_s:
                    continue  # clips begin at a key packet before their window, which the last one has shown
                last_s = at_s
                run.measured += windower.push(_moved(frame, -run.zero_s))
        except SourceError as error:
            run.unread.add(window.id)
            run.problem = error.reason
    closed = windower.close() if windower else None
    run.measured += [closed] if closed else []
    return size_px


def _windower(settings: WindowSettings, size_px: tuple[int, int]) -> Windower:
    try:
        return Windower(settings, *size_px)
    except ValueError as error:
        raise ReplayError(str(error)) from error


def _frames(window: Window, settings: WindowSettings) -> Iterator[Frame]:
    """Yield the frames of a window's clip with the media time of their epoch; raises SourceError."""
    motion, clip = settings.motion, window.clip
    if clip is None:
        raise SourceError(window.id, "there is no clip")
    with closing(AvSource(str(clip.path))) as source:
        decoder = FrameDecoder(
            source.video,
            motion.width_px,
            motion.height_px,
            max_fps=motion.measured_fps,
            chroma=motion.signal == "changed",
            exact=motion.signal == "notebook",
        )
        packets = (packet for packet in source.packets() if packet.stream.type == "video")
        for packet in packets:
            for frame in decoder.decode(packet).frames:
                yield _moved(frame, clip.file_start_s)
        for frame in decoder.decode(None).frames:
            yield _moved(frame, clip.file_start_s)


def _moved(frame: Frame, by_s: float) -> Frame:
    """Return a frame, and those that it passed, at a later media time."""
    passed = tuple(replace(it, pts_s=it.pts_s + by_s) for it in frame.passed)
    return replace(frame, pts_s=frame.pts_s + by_s, passed=passed)


def _replayed(window: Window, run: _Run) -> Replayed:
    """Return what of a run's measurement falls into one of its windows."""
    start_s, end_s = window.start_s - run.zero_s, window.end_s - run.zero_s
    inside = [it for it in run.measured if it.start_s < end_s - _JOIN_S and it.end_s > start_s + _JOIN_S]
    steps = round((window.end_s - window.start_s) / SIGNAL_STEP_S)
    signal = [0.0] * steps
    for it in inside:
        for nth, value in enumerate(it.signal):
            place = round((it.start_s + nth * SIGNAL_STEP_S - start_s) / SIGNAL_STEP_S)
            if 0 <= place < steps:
                signal[place] = max(signal[place], value)
    peaks = [peak for it in inside for peak in it.peaks if start_s <= peak.pts_s < end_s]
    shown = [found for it in inside for found in it.candidates if start_s <= found.pts_s < end_s]
    return Replayed(
        window.id,
        max((it.threshold for it in inside), default=0.0),
        tuple(signal),
        tuple((peak.pts_s + run.zero_s, peak.value) for peak in peaks),
        tuple(Shown(it.pts_s + run.zero_s, it.value, it.payload.data if it.payload else b"") for it in shown),
    )
