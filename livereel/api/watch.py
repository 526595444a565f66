"""``watch``: the events of live cameras, as they happen."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from base.loop_thread import LoopThread, Running
from livereel.api.describers import CallModels, DescribeBy, models_for_call, shared_loop
from livereel.api.options import Area, Configured, Section, one_or_more, read_options
from livereel.api.recap import named
from livereel.app import prepared
from livereel.camera.names import name_cameras
from livereel.camera.settings import CameraSettings
from livereel.config.options import Options
from livereel.errors import explained
from sinks.sink import Event

MAX_EVENTS = 1000
"""Events that wait to be taken; then the oldest are dropped, and counted."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Events were dropped before the next one, as they were not taken in time.

    Attributes:
        count: how many.
    """

    count: int


class EventQueue:
    """Brings events from the run's loop to the caller's. Implements ``sinks.sink.Sink``."""

    name = "python"

    def __init__(self, max_events: int = MAX_EVENTS) -> None:
        """The caller's loop is the one that runs now."""
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Event] = deque()
        self._max = max_events
        self._missed = 0
        self._dropped = 0
        self._came = asyncio.Event()

    async def take(self, event: Event) -> None:
        """Accept an event; where too many wait, the oldest is dropped."""
        if len(self._waiting) >= self._max:
            self._waiting.popleft()
            self._missed += 1
            self._dropped += 1
        self._waiting.append(event)
        self.wake()

    def wake(self) -> None:
        """Have the caller look; from any thread."""
        with contextlib.suppress(RuntimeError):  # its loop is closed: it looks no more
            self._loop.call_soon_threadsafe(self._came.set)

    def counters(self) -> dict[str, float]:
        """Events that wait, and that were dropped."""
        return {"waiting": float(len(self._waiting)), "dropped": float(self._dropped)}

    async def close(self) -> None:
        """Nothing is held."""

    async def came(self) -> None:
        """Wait until there may be something, in the caller's loop."""
        await self._came.wait()
        self._came.clear()

    def next(self) -> Event | Missed | None:
        """Return the oldest event, or how many were dropped before it; None where none waits."""
        if self._missed:
            missed, self._missed = self._missed, 0
            return Missed(missed)
        return self._waiting.popleft() if self._waiting else None


def watch(
    sources: str | Path | Sequence[str | Path] = (),
    *,
    seconds: float | None = None,
    data: str | Path | None = None,
    describe: DescribeBy | None = None,
    prompt: str | None = None,
    model: str | None = None,
    base_url: str | None = None,
    profile: str | None = None,
    loop: bool = False,
    port: int | None = None,
    window_s: float | None = None,
    motion: Section | None = None,
    peaks: Section | None = None,
    sound: Section | None = None,
    reel: Section | None = None,
    regions: Sequence[Area] = (),
    ignore: Sequence[Area] = (),
    config: Configured = None,
) -> AsyncGenerator[Event | Missed, None]:
    """Watch cameras, and yield what happens: previews, windows, moments, reels, gaps, states of cameras.

    Leaving the loop, ``aclose`` and an interrupt stop the cameras and close what is open; without any of them
    it ends after ``seconds``, or when all sources have ended, with the last moments and reels. What was seen
    stays in the data folder. Files are played at the speed at which they were taken.

    Args:
        sources: addresses of cameras; those of the configuration, if none are given.
        seconds: how long to watch; None for no limit.
        data: the data folder; ``livereel-data``, unless the configuration says otherwise.
        describe, prompt, model, base_url, profile: as of ``recap``.
        loop: files start over when they end.
        port: pages are served at this port of this machine, 0 for a free one; None for no pages.
        window_s, motion, peaks, sound, reel, regions, ignore: as of ``recap``; in ``reel``, ``every_s`` says
            how often a reel is made.
        config: a configuration, or its file.

    Raises LivereelError: for a mistake in the arguments at once, for anything else while it is iterated.
    """
    with explained():
        sections = {
            "window_s": window_s,
            "motion": motion,
            "peaks": peaks,
            "sound": sound,
            "reel": reel,
            "describe": named(describe, model=model, base_url=base_url, profile=profile),
            "web": {"enabled": port is not None, **({"port": port} if port is not None else {})},
        }
        options = read_options(config, sections, regions=regions, ignore=ignore)
        given = options.config.cameras if not isinstance(sources, str | Path) and not sources else None
        cameras = given or name_cameras(one_or_more(sources), loop=loop)
        call = models_for_call(options, describe, prompt, cameras)
    folder = Path(data) if data is not None else options.config.data
    return _events(_Watching(cameras, folder, call.options, call, seconds))


@dataclass(frozen=True, slots=True)
class _Watching:
    cameras: Sequence[CameraSettings]
    data: Path
    options: Options
    call: CallModels
    seconds: float | None

    async def run(self, stop: asyncio.Event, queue: EventQueue) -> None:
        """Run in livereel's loop until ``stop`` is set, or it ends by itself."""
        try:
            with prepared(self.cameras, self.data, self.options, self.call.models) as run:
                await run.run(stop, self.seconds, [queue])
        finally:
            queue.wake()


async def _events(watching: _Watching) -> AsyncGenerator[Event | Missed, None]:
    queue, thread, stop = EventQueue(), shared_loop(), _Stop()
    running = thread.start(stop.given(watching, queue))
    running.ended.add_done_callback(lambda _: queue.wake())
    try:
        while True:
            while (event := queue.next()) is not None:
                yield event
            if running.ended.done():
                break
            await queue.came()
        with explained():
            running.ended.result()
    finally:
        await _stopped(running, stop, thread)


class _Stop:
    """Asks a run to end, from another thread."""

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None
        self._asked = False

    async def given(self, watching: _Watching, queue: EventQueue) -> None:
        """Run until it is set."""
        self._event = asyncio.Event()
        if not self._asked:
            await watching.run(self._event, queue)

    async def set(self) -> None:
        """Set it, in the run's loop."""
        self._asked = True
        if self._event is not None:
            self._event.set()


async def _stopped(running: Running[None], stop: _Stop, thread: LoopThread) -> None:
    """Stop a run and wait for its end, also when this is cancelled meanwhile."""
    if running.ended.done():
        return
    thread.start(stop.set())
    ending = asyncio.wrap_future(running.ended)
    cancelled = False
    while not ending.done():
        try:
            await asyncio.wait([ending])
        except asyncio.CancelledError:
            cancelled = True
    if not ending.cancelled():
        ending.exception()  # the caller has left: there is no one to raise it to
    if cancelled:
        raise asyncio.CancelledError
