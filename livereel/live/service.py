"""The live service: watches cameras, stores and describes their windows, and makes reels of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from analyzer.describe.describer import Describer
from analyzer.describe.moment import Moment
from analyzer.describe.queue import DescribeQueue
from analyzer.describe.settings import MODEL_BACKOFF, DescribeSettings
from analyzer.describe.window_store import WindowStoreError
from analyzer.reel.records import Reel
from analyzer.signal.window import Outcome, Window
from analyzer.transcribe.queue import TranscribeQueue
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.transcriber import Transcriber
from analyzer.transcribe.words import can_be_transcribed
from base.backoff import Backoff
from base.clock import parse_utc, utc_text
from base.daemon_thread import run_in_daemon_thread
from base.tasks import cancel_all
from livereel.camera.supervisor import RestartPolicy, Supervisor
from livereel.camera.worker import CameraJob
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError, WindowState
from livereel.live.cameras import Cameras
from livereel.live.publisher import Publisher
from livereel.live.reel_jobs import ReelJobs, ReelPauses, Requested
from livereel.live.stats import Counted, StatsCollector
from livereel.live.write_queue import WriteQueue
from livereel.reels.series import ScheduledReel
from livereel.storage.retention import Retention
from sinks.archive import ArchiveError
from sinks.events import (
    DescriberState,
    DescriberStatus,
    LateText,
    Restored,
    TranscriberState,
    TranscriberStatus,
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
        describe_queue: describes pending windows.
        transcribe_queue: gives waiting speech its text; None without a transcriber.
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
        self.transcribe_queue = self._transcribed_by(transcriber, transcribe) if transcriber else None
        self.describe_queue = self._described_by(describer, describe)
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
                self.describe_queue,
                self.transcribe_queue,
                ledger,
                self._writes,
                self._cameras.gaps,
                self._publisher,
                retention,
                self.reels,
            )
        )
        self._describer_reason: str | None = None
        self._transcriber_reason: str | None = None

    def _transcribed_by(
        self, transcriber: Transcriber, settings: TranscribeSettings | None
    ) -> TranscribeQueue:
        return TranscribeQueue(
            transcriber,
            self._ledger.speech,
            settings or TranscribeSettings(),
            on_release=self._wake,
            on_late=self._late,
            backoff=self._intervals.model_backoff,
        )

    def _described_by(self, describer: Describer, settings: DescribeSettings) -> DescribeQueue:
        return DescribeQueue(
            describer,
            self._ledger.pending,
            settings,
            age_s=_age_s,
            held=self.transcribe_queue.held if self.transcribe_queue else tuple,
            backoff=self._intervals.model_backoff,
            on_moment=self._described,
            now_s=time.monotonic,
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
                tasks.create_task(self._describe_forever()),
                tasks.create_task(self._transcribe_forever()),
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
        drains = [self.describe_queue.drain(self._intervals.drain_s)]
        if self.transcribe_queue is not None:
            drains.append(self.transcribe_queue.drain(self._intervals.drain_s))
        await asyncio.gather(*drains)
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
        if self.transcribe_queue is not None and can_be_transcribed(window):
            self.transcribe_queue.add(window.id)
        if state == Outcome.DISK_FULL:
            self._no_room.set()
        self.describe_queue.wake()

    async def _retry_writes_forever(self) -> None:
        """Retry writes that the ledger refused."""
        while True:
            await asyncio.sleep(self._intervals.retry_s)
            if self._writes.waiting:
                self._writes.retry()
                self.describe_queue.wake()
            await self._publish_describer()
            await self._publish_transcriber()

    async def _publish_stats_forever(self) -> None:
        while True:
            await asyncio.sleep(self._intervals.stats_s)
            try:
                await self._publisher.publish(self.stats.stats())
            except ArchiveError as error:
                log.warning("stats must wait: %s", error)

    # Descriptions

    async def _describe_forever(self) -> None:
        """Describe pending windows; while the ledger fails, they wait."""
        while True:
            try:
                await self.describe_queue.run()
            except WindowStoreError as error:
                log.warning("descriptions must wait: %s", error)
            await asyncio.sleep(self._intervals.retry_s)

    async def _described(self, moment: Moment) -> None:
        self.stats.add_moment(moment)
        await self._publisher.publish(self._with_text(moment))

    def _with_text(self, moment: Moment) -> Moment:
        """Return a moment with the text that has come while it was described: as it was stored."""
        if not moment.window.speech:
            return moment
        with suppress(LedgerError):
            entry = self._ledger.windows.find(moment.window.id)
            return entry.moment or moment if entry else moment
        return moment

    async def _publish_describer(self) -> None:
        reason = self.describe_queue.down_reason
        if reason != self._describer_reason:
            self._describer_reason = reason
            state = DescriberStatus.ONLINE if reason is None else DescriberStatus.OFFLINE
            await self._publisher.publish(DescriberState(state, reason, _now()))

    # Speech

    async def _transcribe_forever(self) -> None:
        """Give waiting speech its text; while the ledger fails, it waits."""
        queue = self.transcribe_queue
        if queue is None:
            return
        await self._publisher.publish(TranscriberState(TranscriberStatus.ONLINE, None, _now()))
        while True:
            try:
                await queue.run()
            except WindowStoreError as error:
                log.warning("speech must wait: %s", error)
            await asyncio.sleep(self._intervals.retry_s)

    def _wake(self) -> None:
        """Describe a window that was held for its text."""
        self.describe_queue.wake()

    async def _late(self, moment: Moment) -> None:
        await self._publisher.publish(LateText(moment))

    async def _publish_transcriber(self) -> None:
        reason = self.transcribe_queue.down_reason if self.transcribe_queue else None
        if reason != self._transcriber_reason:
            self._transcriber_reason = reason
            state = TranscriberStatus.ONLINE if reason is None else TranscriberStatus.OFFLINE
            await self._publisher.publish(TranscriberState(state, reason, _now()))

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


def _age_s(window: Window) -> float:
    """Return how long ago the window ended, by the wall clock: it may be an earlier run's."""
    ended = parse_utc(window.start_utc) + timedelta(seconds=window.end_s - window.start_s)
    return (datetime.now(UTC) - ended).total_seconds()


def _now() -> str:
    return utc_text(datetime.now(UTC))


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
