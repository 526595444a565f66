"""What the pages ask for: a camera's settings, and a stored stretch of it measured with others."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, get_type_hints

from analyzer.signal.settings import Areas, PeakSettings, Polygon, WindowSettings, rectangle
from analyzer.signal.window import SIGNAL_STEP_S, Window
from base.clock import utc_after
from livereel.camera.settings import Area, CameraSettings
from livereel.camera.worker import CameraJob
from livereel.config.expected import expected, expected_item
from livereel.config.values import UnsetError, WrongValueError, convert
from livereel.ledger.disk_usage import EVER
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from livereel.replay.engine import Replay, Replayed, ReplayError
from livereel.replay.process import ReplayJob, replay_in_process
from sinks.archive import ArchiveError, Row
from sinks.tuning import TuningError

# Clips measured in one replay at most, the newest.
MAX_REPLAY_S = 600.0
MAX_AREAS, MAX_CORNERS = 50, 100
# No window is shorter than a second.
MOST_WINDOWS = 600
PICTURE_PX = 320
NOTE = "Quiet windows are not stored, so what was missed there cannot be tried."

_DEFAULTS = asdict(PeakSettings())
_PEAKS = get_type_hints(PeakSettings, include_extras=True)
_AREAS = {name: get_type_hints(CameraSettings, include_extras=True)[name] for name in ("regions", "ignore")}


class LedgerTuner:
    """Implements ``sinks.tuning.Tuner`` over a ledger; one replay at a time."""

    def __init__(self, ledger: Ledger, cameras: Sequence[CameraJob]) -> None:
        self._ledger = ledger
        self._windows = {job.camera.name: job.windows for job in cameras}
        self._busy = asyncio.Lock()
        self._sizing = asyncio.Lock()
        self._sizes: dict[tuple[str, int], tuple[int, int]] = {}

    async def tuning(self, camera: str) -> Row:
        """Return the camera's settings, and the newest picture to draw on; None where there is none."""
        settings = self._windows[camera]
        newest = await asyncio.to_thread(self._newest, camera)
        return {
            "camera": camera,
            "settings": {
                **asdict(settings.peaks),
                "regions": [_area(it) for it in settings.areas.regions],
                "ignore": [_area(it) for it in settings.areas.ignore],
            },
            "picture": None if newest is None else await self._picture(newest),
        }

    def _newest(self, camera: str) -> Window | None:
        """Return the newest window of a camera that has a picture and a clip."""
        newest = reversed(self._stored(camera, "", EVER))
        return next((it for it in newest if any(keyframe.file for keyframe in it.keyframes)), None)

    def _stored(self, camera: str, since_utc: str, until_utc: str) -> list[Window]:
        """Return the newest of the camera's windows in a time that have a clip; raises ArchiveError."""
        try:
            found = self._ledger.windows.newest_with_files(camera, since_utc, until_utc, MOST_WINDOWS + 1)
        except LedgerError as error:
            raise ArchiveError(str(error)) from error
        return [window for window in found if window.clip]

    async def _picture(self, window: Window) -> Row | None:
        key = window.camera, window.epoch
        async with self._sizing:  # apart from replays, which refuse: pages that open at once wait their turn
            if key not in self._sizes:
                try:
                    self._sizes[key] = (await _measured(ReplayJob((window,), None))).picture_px
                except ReplayError:
                    return None
        width_px, height_px = self._sizes[key]
        numbers = [number for number, keyframe in enumerate(window.keyframes) if keyframe.file]
        return {
            "window_id": window.id,
            "keyframe": max(numbers, key=lambda number: window.keyframes[number].value),
            "width_px": width_px,
            "height_px": height_px,
            "end_utc": _end_utc(window),
        }

    async def replay(self, camera: str, since_utc: str, until_utc: str, settings: Mapping[str, Any]) -> Row:
        """Measure what is stored of a time with changed settings; see ``sinks.tuning.Tuner``."""
        changed = changed_settings(self._windows[camera], settings)
        stored = await asyncio.to_thread(self._stored, camera, since_utc, until_utc)
        windows = _newest_of(stored, MAX_REPLAY_S)
        if not windows:
            raise TuningError(f"no clip of this time is stored. {NOTE}")
        with self._ledger.windows.using_files(window.id for window in windows):
            try:
                found = await self._run(ReplayJob(tuple(windows), replace(changed, keyframe_px=PICTURE_PX)))
            except ReplayError as error:
                raise TuningError(str(error)) from error
        return _answer(camera, windows, found, left_out=len(stored) > len(windows))

    async def _run(self, job: ReplayJob) -> Replay:
        if self._busy.locked():
            raise ArchiveError("another replay runs: try again when it is done")
        async with self._busy:
            return await _measured(job)


async def _measured(job: ReplayJob) -> Replay:
    try:
        return await replay_in_process(job)
    except OSError as error:
        raise ArchiveError(f"the replay cannot be started: {error}") from error


def changed_settings(settings: WindowSettings, values: Mapping[str, Any]) -> WindowSettings:
    """Return settings with these values in place of their own; raises TuningError.

    Args:
        settings: how a camera's windows are measured.
        values: options of ``peaks``, ``regions`` and ``ignore``, as in the configuration.
    """
    unknown = sorted(set(values) - {*_PEAKS, *_AREAS})
    if unknown:
        raise TuningError(f"{unknown[0]}: no such setting; there are {', '.join((*_PEAKS, *_AREAS))}")
    peaks = {name: _converted(name, _PEAKS[name], values[name]) for name in _PEAKS if name in values}
    areas = {name: _converted(name, _AREAS[name], values[name]) for name in _AREAS if name in values}
    for name, own in areas.items():
        if len(own) > MAX_AREAS or any(len(area) > MAX_CORNERS for area in own):
            raise TuningError(f"{name}: at most {MAX_AREAS} areas of {MAX_CORNERS} corners")
    given = CameraSettings("camera", "none", **areas).areas
    return replace(
        settings,
        peaks=replace(settings.peaks, **peaks),
        areas=Areas(
            given.regions if "regions" in areas else settings.areas.regions,
            given.ignore if "ignore" in areas else settings.areas.ignore,
        ),
    )


def _converted(name: str, hint: Any, value: Any) -> Any:
    try:
        return convert(name, hint, None if _has_text(value) else value)
    except (WrongValueError, UnsetError) as error:
        wanted = expected_item(name, Area) if name in _AREAS else expected(name, hint, _DEFAULTS.get(name))
        raise TuningError(f"{name}: {wanted}") from error


def _has_text(value: Any) -> bool:
    """Return whether there is text in a value: a configuration's may name a variable of the environment."""
    return isinstance(value, str) or (isinstance(value, list) and any(map(_has_text, value)))


def _newest_of(windows: Sequence[Window], max_s: float) -> list[Window]:
    """Return the newest windows that together last no longer, in the order of time."""
    taken: list[Window] = []
    for window in reversed(windows):
        max_s -= window.end_s - window.start_s
        if max_s < 0:
            break
        taken.append(window)
    return taken[::-1]


def _answer(camera: str, windows: Sequence[Window], found: Replay, *, left_out: bool) -> Row:
    by_id = {it.window_id: it for it in found.windows}
    rows = [_row(window, by_id[window.id]) for window in windows if window.id in by_id]
    return {
        "camera": camera,
        "width_px": found.picture_px[0],
        "height_px": found.picture_px[1],
        "since_utc": windows[0].start_utc,
        "until_utc": _end_utc(windows[-1]),
        "older_left_out": left_out,
        "unreadable": len(windows) - len(rows),
        "note": NOTE,
        "signal_step_s": SIGNAL_STEP_S,
        "windows": rows,
    }


def _row(window: Window, now: Replayed) -> Row:
    """Return a window as it was stored, and as it would be; times are seconds from its start."""
    start_s = window.start_s
    return {
        "id": window.id,
        "start_utc": window.start_utc,
        "length_s": round(window.end_s - start_s, 3),
        "stored": {
            "threshold": round(window.threshold, 1),
            "signal": [round(value) for value in window.signal],
            "peaks": [_peak(it.pts_s - start_s, it.value) for it in window.peaks],
            "keyframes": [
                _peak(it.pts_s - start_s, it.value) | {"number": number if it.file else None}
                for number, it in enumerate(window.keyframes)
            ],
        },
        "replayed": {
            "threshold": round(now.threshold, 1),
            "signal": [round(value) for value in now.signal],
            "peaks": [_peak(at_s - start_s, value) for at_s, value in now.peaks],
            "keyframes": [
                _peak(it.pts_s - start_s, it.value)
                | {"picture": f"data:image/jpeg;base64,{base64.b64encode(it.jpeg).decode()}"}
                for it in now.keyframes
            ],
        },
    }


def _peak(at_s: float, value: float) -> Row:
    return {"at_s": round(at_s, 2), "value": round(value, 1)}


def _area(polygon: Polygon) -> list[Any]:
    """Return an area as the configuration has it: a rectangle as four numbers."""
    (x, y), (right, bottom) = polygon[0], polygon[2]
    if polygon == rectangle(x, y, right - x, bottom - y):
        return [x, y, right - x, bottom - y]
    return [list(corner) for corner in polygon]


def _end_utc(window: Window) -> str:
    return utc_after(window.start_utc, window.end_s - window.start_s)
