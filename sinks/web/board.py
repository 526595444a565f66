"""What the pages show of now: the state of each camera, and a stream of events for each open page."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, assert_never

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, Reel
from analyzer.signal.sound.record import Sound
from analyzer.signal.window import Window
from sinks.events import (
    CameraState,
    CameraStatus,
    DescriberState,
    KeyframePreview,
    LateText,
    MotionChanged,
    Restored,
    Stats,
    TranscriberState,
)
from sinks.sink import Event, RunEvent

# Closed windows of each camera whose signal is kept: two minutes of most.
MAX_WINDOWS = 12
# Events that wait for one page. A page that does not read them gets ``missed`` and asks for all anew.
MAX_WAITING = 200

Message = tuple[str, dict[str, Any]]
"""An event's name and its JSON object."""


@dataclass(slots=True)
class CameraNow:
    """A camera as it is now.

    Attributes:
        state: how it is doing.
        reason: why, where it is not well.
        since_utc: since when.
        moving: whether something moves now.
        title: of its newest moment.
        described_utc: when that began.
        window_id: of that moment.
        preview: its newest keyframe, as JPEG.
        preview_utc: when that was taken.
        windows: the signal of its newest windows, as pages chart it.
    """

    state: CameraStatus = CameraStatus.CONNECTING
    reason: str | None = None
    since_utc: str = ""
    moving: bool = False
    title: str | None = None
    described_utc: str | None = None
    window_id: str | None = None
    preview: bytes = b""
    preview_utc: str | None = None
    windows: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_WINDOWS))

    def row(self, name: str) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "name": name,
            "state": self.state.value,
            "reason": self.reason,
            "since_utc": self.since_utc,
            "moving": self.moving,
            "title": self.title,
            "described_utc": self.described_utc,
            "window_id": self.window_id,
            "preview_utc": self.preview_utc,
        }


class Board:
    """Takes events and passes them to open pages. All calls come from one loop.

    Attributes:
        cameras: by name, in the order of the configuration.
        describer: how the describer is; None while it is well.
        transcriber: how the transcriber is; None while it is well, or where there is none.
        missed: events that were dropped so far, since pages did not read them.
    """

    def __init__(self, cameras: Sequence[str]) -> None:
        self.cameras = {name: CameraNow() for name in cameras}
        self.describer: str | None = None
        self.transcriber: str | None = None
        self.missed = 0
        self._pages: set[asyncio.Queue[Message | None]] = set()
        self._closed = False

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def take(self, event: Event) -> None:
        """Note an event, and pass it to all open pages; never waits."""
        message = self._noted(event.event if isinstance(event, Restored) else event)
        if message is None:
            return
        for waiting in self._pages:
            self._pass(waiting, message)

    def close(self) -> None:
        """End the events of all pages, those that ask from now on, too."""
        self._closed = True
        for waiting in self._pages:
            self.missed += _emptied(waiting)
            waiting.put_nowait(None)

    def _pass(self, waiting: asyncio.Queue[Message | None], message: Message) -> None:
        if waiting.full():
            self.missed += _emptied(waiting)
            waiting.put_nowait(("missed", {}))
        waiting.put_nowait(message)

    async def messages(self) -> AsyncGenerator[Message]:
        """Yield events from now on, until the caller closes the iterator or the board is closed."""
        waiting: asyncio.Queue[Message | None] = asyncio.Queue(MAX_WAITING)
        self._pages.add(waiting)
        try:
            while not self._closed and (message := await waiting.get()) is not None:
                yield message
        finally:
            self._pages.discard(waiting)

    def _noted(self, event: RunEvent) -> Message | None:
        """Note what an event changes; return what pages are sent of it, None for nothing."""
        message: Message | None = None
        match event:
            case CameraState():
                camera = self._camera(event.camera)
                camera.state, camera.reason, camera.since_utc = event.state, event.reason, event.at_utc
                camera.moving = camera.moving and event.state == CameraStatus.WATCHING
                message = "camera", camera.row(event.camera)
            case MotionChanged():
                self._camera(event.camera).moving = event.moving
                message = "motion", asdict(event)
            case KeyframePreview():
                camera = self._camera(event.camera)
                camera.preview, camera.preview_utc = event.jpeg, event.at_utc
                message = "peak", {"camera": event.camera, "at_utc": event.at_utc, "value": event.value}
            case Window():
                shown = _window(event)
                self._camera(event.camera).windows.append(shown)
                message = "window", shown
            case Moment() | LateText():
                message = self._described(event)
            case Reel():
                message = "reel", {"id": event.id, "seq": event.seq, "title": event.title}
            case Gap():
                message = "gap", asdict(event)
            case DescriberState() | TranscriberState():
                message = self._answers(event)
            case Stats():
                pass  # no page shows counters
            case _:
                assert_never(event)
        return message

    def _answers(self, event: DescriberState | TranscriberState) -> Message:
        """Note whether a model answers."""
        shown = {"state": event.state, "reason": event.reason}
        if isinstance(event, DescriberState):
            self.describer = event.reason
            return "describer", shown
        self.transcriber = event.reason
        return "transcriber", shown

    def _described(self, event: Moment | LateText) -> Message:
        """Note a moment; of one that was known already, that it has what was said."""
        if isinstance(event, LateText):
            window = event.moment.window
            return "speech", {"camera": window.camera, "window_id": window.id}
        moment = event
        camera, window = self._camera(moment.window.camera), moment.window
        if camera.described_utc is None or camera.described_utc <= window.start_utc:
            camera.title, camera.described_utc = moment.title, window.start_utc
            camera.window_id = window.id
        return "moment", {
            "camera": window.camera,
            "window_id": window.id,
            "start_utc": window.start_utc,
            "title": moment.title,
            "importance": moment.importance,
            "alerts": list(moment.alerts),
        }

    def _camera(self, name: str) -> CameraNow:
        return self.cameras.setdefault(name, CameraNow())


def _emptied(waiting: asyncio.Queue[Message | None]) -> int:
    """Drop what waits; return how many events that were, ``missed`` not counted."""
    dropped = [waiting.get_nowait() for _ in range(waiting.qsize())]
    return sum(message is not None and message[0] != "missed" for message in dropped)


def _window(window: Window) -> dict[str, Any]:
    """Return a closed window's signal, for the chart."""
    return {
        "camera": window.camera,
        "window_id": window.id,
        "start_utc": window.start_utc,
        "length_s": round(window.end_s - window.start_s, 3),
        "quiet": window.quiet,
        "threshold": round(window.threshold, 1),
        "signal": [round(value) for value in window.signal],
        "step_s": window.signal_step_s,
        "peaks": [round(peak.pts_s - window.start_s, 2) for peak in window.keyframes],
        "sound": _sound(window.sound, window.start_s) if window.sound else None,
    }


def _sound(sound: Sound, start_s: float) -> dict[str, Any]:
    return {
        "peaks": [round(peak.pts_s - start_s, 2) for peak in sound.peaks],
        "speech": [[round(it.start_s - start_s, 2), round(it.end_s - start_s, 2)] for it in sound.speech],
    }
