"""The text of what is said in the windows of a recap: recognised while they wait, or later."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace

from analyzer.describe.describer import DescribeError
from analyzer.signal.sound.record import Transcript
from analyzer.signal.window import Window
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.speech_audio import read_speech
from analyzer.transcribe.transcriber import Transcriber
from analyzer.transcribe.words import can_be_transcribed, with_words
from base.plural import counted
from base.tasks import cancel_all
from livereel.once.describe import CircuitBreaker, EndedWindow
from stream.media.file import MediaError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Slow:
    """Requests that take longer than windows wait, and an event that is set while there are any."""

    requests: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        self.requests += 1
        self.begun.set()

    def end(self) -> None:
        self.requests -= 1
        if not self.requests:
            self.begun.clear()


class WindowTranscriber:
    """Has the speech of windows recognised. Each window waits for its text, but not for a slow transcriber.

    As long as each answer comes within ``wait_s`` of its request, windows wait for their turn, too, as a file
    can. Once one takes longer, no window waits longer than ``wait_s`` in all. What comes later is kept.
    """

    def __init__(self, transcriber: Transcriber, settings: TranscribeSettings) -> None:
        self._transcriber = transcriber
        self._settings = settings
        self._turn = asyncio.Semaphore(settings.at_once)
        self._breaker = CircuitBreaker()
        self._slow = _Slow()
        self._tasks: dict[str, asyncio.Task[Window | None]] = {}
        self._failures: list[str] = []

    async def transcribed(self, window: Window) -> Window:
        """Return a window with its text, or as it is where that does not come in time."""
        if not can_be_transcribed(window):
            return window
        until_s = time.monotonic() + self._settings.wait_s
        task = self._tasks[window.id] = asyncio.create_task(self._recognised(window))
        slow = asyncio.create_task(self._slow.begun.wait())
        try:
            await asyncio.wait([task, slow], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([task], timeout=max(0.0, until_s - time.monotonic()))
        finally:
            slow.cancel()
        return (task.result() if task.done() else None) or window

    async def finish(self, ended: EndedWindow) -> EndedWindow:
        """Wait for a window's text, which may still come, and return how the window ended with it."""
        task = self._tasks.get(ended.window.id)
        window = await task if task else None
        if window is None or ended.window.sound is None or ended.window.sound.transcript is not None:
            return ended
        if window.sound is not None and window.sound.transcript is not None:
            late = replace(window.sound.transcript, late=True)
            window = replace(window, sound=replace(window.sound, transcript=late))
        return replace(ended, window=window, moment=ended.moment and replace(ended.moment, window=window))

    def warning(self) -> str | None:
        """Return what the user should know; None where all speech has its text."""
        if not self._failures:
            return None
        return f"speech without text in {counted(len(self._failures), 'window')}: {self._failures[0]}"

    async def close(self) -> None:
        """Cancel what is still asked."""
        await cancel_all(self._tasks.values())

    async def _recognised(self, window: Window) -> Window | None:
        """Return a window with its text; None where that cannot be had."""
        async with self._turn:
            slow = asyncio.get_running_loop().call_later(self._settings.wait_s, self._slow.begin)
            due_s = slow.when()
            try:
                speech = await asyncio.to_thread(read_speech, window)
                started_s = time.monotonic()
                texts = await self._breaker.asked(lambda: self._transcriber.transcribe(speech))
                took_s = time.monotonic() - started_s
                return with_words(window, texts, Transcript(self._transcriber.model, took_s))
            except (MediaError, DescribeError) as error:
                self._failures.append(str(error))
                return None
            finally:
                slow.cancel()
                if asyncio.get_running_loop().time() >= due_s:
                    self._slow.end()
