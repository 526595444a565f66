"""The live service: watches cameras, stores and describes their windows, and makes reels of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from analyzer.describe.describer import Describer
from analyzer.describe.moment import Moment
from analyzer.describe.settings import MODEL_BACKOFF, DescribeSettings
from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome, Window
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.transcriber import Transcriber
from base.backoff import Backoff
from base.clock import utc_text
from base.daemon_thread import run_in_daemon_thread
from base.tasks import cancel_all
from livereel.camera.supervisor import RestartPolicy, Supervisor
from livereel.camera.worker import CameraJob
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError, WindowState
from livereel.live.cameras import Cameras
from livereel.live.descriptions import Descriptions
from livereel.live.publisher import Publisher
from livereel.live.reel_jobs import ReelJobs, ReelPauses, Requested
from livereel.live.stats import Counted, StatsCollector
from livereel.live.write_queue import WriteQueue
from livereel.reels.series import ScheduledReel
from livereel.storage.retention import Retention
from sinks.archive import ArchiveError
from sinks.events import (
    Restored,
)
from sinks.sink import Sink

log = logging.getLogger(__name__)

# At a start, the last caption of a camera is published if it is not older.
LAST_MAX_AGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often a live run does what it does again and again, in seconds.

    Attributes:
        sweep_s: between two sweeps of retention.
        retry_s: between two attempts to write what the ledger could not take.
        stats_s: between two publications of stats.
        drain_s: how long a run that ends by itself waits for the last windows to be described.
        model_backoff: pauses after failures of the model in a row.
        reels: how long reels wait.
    """

    sweep_s: float = 30.0
    retry_s: float = 1.0
    stats_s: float = 60.0
    drain_s: float = 120.0
    model_backoff: Backoff = MODEL_BACKOFF
    reels: ReelPauses = field(default_factory=ReelPauses)


class Live:
    """Watches cameras; all results are stored in the ledger and published to the sinks.

    Implements ``sinks.mqtt.sink.Commands``.

    Attributes:
        stats: the counters of the run.
        reels: makes the reels.
    """

    def __init__(
        self,
        cameras: Sequence[CameraJob],
        ledger: Ledger,
        describer: Describer,
        reels: Sequence[ScheduledReel],
        requested: Requested,
        *,
        retention: Retention,
        restarts: RestartPolicy,
        describe: DescribeSettings,
        intervals: Intervals,
        transcriber: Transcriber | None = None,
        transcribe: TranscribeSettings | None = None,
    ) -> None:
        self._ledger = ledger
        self._retention = retention
        self._intervals = intervals
        self._publisher = Publisher()
        self._writes = WriteQueue()
        self._no_room = asyncio.Event()
        self.reels = ReelJobs(reels, requested, ledger, self._publisher, intervals.reels)
        self._descriptions = Descriptions(
            ledger,
            self._publisher,
            describer,
            describe=describe,
            transcriber=transcriber,
            transcribe=transcribe or TranscribeSettings(),
            on_moment=self._count_moment,
            backoff=intervals.model_backoff,
            retry_s=intervals.retry_s,
        )
        self._cameras = Cameras(
            cameras,
            ledger,
            self._writes,
            self._publisher,
            policy=restarts,
            on_window=self._window_stored,
            transcribes=transcriber is not None,
        )
        self.stats = StatsCollector(
            Counted(
                self.cameras,
                self._descriptions.queue,
                self._descriptions.transcribe_queue,
                ledger,
                self._writes,
                self._cameras.gaps,
                self._publisher,
                retention,
                self.reels,
            )
        )

    @property
    def cameras(self) -> Mapping[str, Supervisor]:
        """The supervisor of each camera's process, by the camera's name."""
        return self._cameras.supervisors

    def attach(self, sinks: Sequence[Sink]) -> None:
        """Publish to these sinks from now on; the caller closes them."""
        self._publisher.attach(sinks)

    async def run(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Watch until ``stop`` is set, ``seconds`` have passed or every source has ended.

        Then open windows are closed and stored. Unless ``stop`` is set, which asks for a quick end, pending
        windows are described and the reels made a last time; with it, no further window is described.
        """
        self._cameras.start()
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._cameras.watch())
            models = [
                tasks.create_task(self._descriptions.describe_forever()),
                tasks.create_task(self._descriptions.transcribe_forever()),
            ]
            jobs = (
                self.reels.run(),
                self._sweep_forever(),
                self._retry_writes_forever(),
                self._publish_last(),
                self._publish_stats_forever(),
            )
            background = [*models, *(tasks.create_task(job) for job in jobs)]
            await _first(stop.wait(), asyncio.wait([watching]), seconds=seconds)
            self._cameras.stop()
            await _first(stop.wait(), asyncio.wait([watching]), seconds=None)
            if stop.is_set():
                for task in models:
                    task.cancel()  # the next start goes on with what is pending
            await asyncio.wait([watching])
            await _unless(stop, self.reels.done())
            for task in background:
                task.cancel()
        self._cameras.close()
        await _unless(stop, self._finish())

    async def _finish(self) -> None:
        """Describe pending windows, with what is said in them, and make the reels a last time."""
        await self._descriptions.drain(self._intervals.drain_s)
        await self.reels.finish()

    async def _publish_last(self) -> None:
        """Publish what an earlier run has left as the last captions and reels."""
        for event in self._last():
            await self._publisher.publish(Restored(event))

    def _last(self) -> list[Moment | Reel]:
        """The last moment of each camera, if it is of the last hour, and the last reels: what holds now."""
        try:
            entries = self._ledger.windows.entries(utc_text(datetime.now(UTC) - LAST_MAX_AGE))
            moments = {entry.window.camera: entry.moment for entry in entries if entry.moment}
            reels = self.reels.newest()
        except LedgerError as error:
            log.warning("the last captions and reels are not published: %s", error)
            return []
        return [*moments.values(), *reels]

    # Cameras and the ledger

    async def set_analysis(self, camera: str, *, on: bool) -> None:
        """Turn a camera's analysis on or off; see ``Cameras.set_analysis``."""
        await self._cameras.set_analysis(camera, on=on)

    def _window_stored(self, window: Window, state: WindowState) -> None:
        self.stats.add_window(state)
        if state == Outcome.DISK_FULL:
            self._no_room.set()
        self._descriptions.add(window)

    def _count_moment(self, moment: Moment) -> None:
        self.stats.add_moment(moment)

    async def _retry_writes_forever(self) -> None:
        """Retry writes that the ledger refused."""
        while True:
            await asyncio.sleep(self._intervals.retry_s)
            if self._writes.waiting:
                self._writes.retry()
                self._descriptions.wake()
            await self._descriptions.publish_states()

    async def _publish_stats_forever(self) -> None:
        while True:
            await asyncio.sleep(self._intervals.stats_s)
            try:
                await self._publisher.publish(self.stats.stats())
            except ArchiveError as error:
                log.warning("stats must wait: %s", error)

    async def make_reel(self, reel_id: str) -> None:
        """Make the next reel of this name soon."""
        await self.reels.request(reel_id)

    async def _sweep_forever(self) -> None:
        """Sweep each ``sweep_s``, and soon after a window that could not be stored as the disk is full."""
        while True:
            self._no_room.clear()
            try:
                # In a thread of its own: a slow disk must not take one from others for minutes.
                await run_in_daemon_thread(partial(self._retention.sweep, datetime.now(UTC)))
            except (LedgerError, OSError) as error:
                log.warning("retention: %s", error)
            await asyncio.sleep(self._intervals.retry_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(
                    self._no_room.wait(), self._intervals.sweep_s - self._intervals.retry_s
                )


async def _unless(stop: asyncio.Event, work: Coroutine[object, object, None]) -> None:
    """Do the work, or as much of it as can be done until ``stop`` is set."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        if not stop.is_set():
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_all((working, stopped))
    if not working.cancelled():
        working.result()


async def _first(*waits: Coroutine[object, object, object], seconds: float | None) -> None:
    """Return when one of the waits is over, or the time."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
