"""The queue of speech that waits for its text: order, limits, what comes late.

Waiting speech is stored elsewhere (in the ledger). The newest comes first, so that live windows come before
the backlog. A new window is held for ``wait_s``: it is not described before its text has come or that time
is over. While the transcriber is down no window is held.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from analyzer.describe.budget import Budget
from analyzer.describe.describer import DescribeError, tried
from analyzer.describe.model_health import ModelHealth
from analyzer.describe.moment import Moment
from analyzer.describe.retries import Retries
from analyzer.describe.settings import MODEL_BACKOFF
from analyzer.describe.window_store import WindowStoreError
from analyzer.signal.sound.record import Transcript
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.speech_audio import read_speech
from analyzer.transcribe.speech_store import SpeechStore
from analyzer.transcribe.transcriber import Transcriber
from base.backoff import Backoff
from base.plural import counted
from base.tasks import cancel_all
from stream.media.file import MediaError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class TranscribeCounts:
    """What the queue has done so far, in windows."""

    transcribed: int = 0
    late: int = 0
    failed: int = 0
    retried: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class _End:
    """How the wait of a window's speech ends: with texts, or without."""

    window_id: str
    texts: tuple[str, ...] = ()
    transcript: Transcript | None = None


class TranscribeQueue:
    """Takes windows with speech from a store, has it recognised, and stores its text.

    Attributes:
        counts: what was done so far.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        store: SpeechStore,
        settings: TranscribeSettings,
        *,
        on_release: Callable[[], None],
        on_late: Callable[[Moment], Awaitable[None]],
        backoff: Backoff = MODEL_BACKOFF,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Recognise the waiting speech of a store.

        Args:
            transcriber: turns speech into text.
            store: where speech waits and its text is stored.
            settings: the limits: at a time, per hour, and of what waits.
            on_release: called when windows are held no longer.
            on_late: called with each moment whose text came after its description, once it is stored.
            backoff: pauses after each failure of the model in a row.
            now_s: a monotonic clock.
        """
        self._transcriber = transcriber
        self._store = store
        self._settings = settings
        self._on_release = on_release
        self._on_late = on_late
        minutes = settings.minutes_per_hour
        self._sound_s = Budget(None if minutes is None else 60.0 * minutes, 3600.0, now_s)
        self._health = ModelHealth(settings.at_once, backoff, now_s, task="transcribe")
        self._retries = Retries(self._health)
        self._now_s = now_s
        self._changed = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, asyncio.TimerHandle] = {}
        # What is not stored yet; nothing more is started before it is.
        self._ends: deque[_End] = deque()
        self.counts = TranscribeCounts()

    @property
    def down_reason(self) -> str | None:
        """Why the transcriber is down; None while it is not."""
        return self._health.reason

    def held(self) -> Collection[str]:
        """Return the windows that are not to be described yet."""
        return self._held.keys()

    def add(self, window_id: str) -> None:
        """Note a window whose speech waits in the store from now on; it is held for a while."""
        if self._settings.wait_s > 0.0 and not self._health.is_down:
            loop = asyncio.get_running_loop()
            self._held[window_id] = loop.call_later(self._settings.wait_s, self._release, window_id)
        self._changed.set()

    async def run(self) -> None:
        """Recognise speech until cancelled; then requests are cancelled, and their windows wait on.

        Raises WindowStoreError, and cancels requests then, too; what could not be stored is stored by the
        next call.
        """
        try:
            while True:
                self._changed.clear()
                await self._store_ends()
                self._drop_excess()
                self._start_next()
                await self._wait()
        finally:
            await cancel_all(self._tasks.values())

    async def drain(self, timeout_s: float) -> None:
        """Recognise until no speech waits, the transcriber is down or the time is over; log what fails."""
        running = asyncio.create_task(self.run())
        deadline_s = self._now_s() + timeout_s
        try:
            while self._tasks or self._ends or self._store.count_speech():
                if running.done() or self._health.is_down or self._now_s() > deadline_s:
                    break
                await asyncio.wait([running], timeout=0.1)
        except WindowStoreError as error:
            log.warning("speech must wait: %s", error)
        finally:
            running.cancel()
            await asyncio.wait([running])
            self._release_all()
        with suppress(asyncio.CancelledError, WindowStoreError):
            running.result()

    def _drop_excess(self) -> None:
        excess = self._store.count_speech() - self._settings.max_waiting
        if excess > 0:
            dropped = self._store.drop_oldest_speech(excess, self._tasks)
            self.counts.dropped += dropped
            log.warning(
                "transcribe: %s left without text, the oldest: too many wait", counted(dropped, "window")
            )

    def _start_next(self) -> None:
        room = self._health.max_in_flight - len(self._tasks)
        if room <= 0 or self._pause_s() > 0.0:
            return
        found = self._store.newest_speech(room, self._retries.deferred.union(self._tasks))
        if not found and self._retries.deferred:
            self._retries.deferred.clear()
            found = self._store.newest_speech(room, self._tasks)
        for window_id in found:
            self._tasks[window_id] = asyncio.create_task(self._transcribe(window_id))

    def _pause_s(self) -> float:
        """Return how long to wait before the next request, because of failures or of the budget."""
        return max(self._health.pause_s(), self._sound_s.wait_s())

    async def _wait(self) -> None:
        """Wait for new speech, for an answer, or until a pause is over."""
        pause_s = self._pause_s()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), pause_s if pause_s > 0.0 else None)

    async def _transcribe(self, window_id: str) -> None:
        """Recognise the speech of one window; whatever fails is counted and not raised."""
        try:
            end = await tried(lambda: self._recognised(window_id))
            if isinstance(end, DescribeError):
                self._failed(window_id, end)
            elif end is not None:
                self._ends.append(end)
        finally:
            del self._tasks[window_id]
            self._changed.set()

    async def _recognised(self, window_id: str) -> _End | None:
        """Return how the wait of a window ends; None where it goes on, as the store cannot be read."""
        try:
            window = self._store.window(window_id)
        except WindowStoreError:
            return None  # ``run`` meets the same error
        try:
            speech = None if window is None else await asyncio.to_thread(read_speech, window)
        except MediaError as error:  # nothing is wrong with the transcriber
            log.warning("%s: its speech has no text: %s", window_id, error)
            self.counts.failed += 1
            return _End(window_id)
        if speech is None:
            return _End(window_id)
        self._sound_s.spend(speech.length_s)
        started_s = self._now_s()
        texts = await self._transcriber.transcribe(speech)
        if len(texts) != len(speech.spans):
            raise DescribeError(
                f"{self._transcriber.model} gives {len(texts)} texts for {len(speech.spans)} parts"
            )
        self._retries.succeeded(window_id)
        return _End(window_id, texts, Transcript(self._transcriber.model, self._now_s() - started_s))

    def _failed(self, window_id: str, error: DescribeError) -> None:
        """Count a failure; the speech waits on where the transcriber is to blame."""
        again = self._retries.failed(window_id, error)
        if self._health.is_down:
            self._release_all()
        if again:
            self.counts.retried += 1
            return
        log.warning("%s: its speech has no text: %s", window_id, error)
        self.counts.failed += 1
        self._ends.append(_End(window_id))

    async def _store_ends(self) -> None:
        while self._ends:
            end = self._ends[0]
            late = None
            if end.transcript is None:
                self._store.leave_without_text(end.window_id)
            else:
                late = self._store.put_text(end.window_id, end.texts, end.transcript)
                self.counts.transcribed += 1
            self._ends.popleft()
            self._release(end.window_id)
            if late is not None:
                self.counts.late += 1
                await self._on_late(late)

    def _release(self, window_id: str) -> None:
        """Hold a window no longer."""
        timer = self._held.pop(window_id, None)
        if timer is not None:
            timer.cancel()
            self._on_release()

    def _release_all(self) -> None:
        for window_id in list(self._held):
            self._release(window_id)
