"""Many cameras, live: their windows into the ledger, words beside them, and reels that roll."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from analyzer.describe.describer import Describer
from analyzer.describe.moment import Moment
from analyzer.describe.queue import DescribeQueue, QueueSettings
from analyzer.reel.compile import ReelError
from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Window
from base.clock import parse_utc, utc_text
from base.plural import counted
from livereel.camera.capture import Seen
from livereel.camera.supervisor import Lost, Patience, Supervisor
from livereel.camera.worker import CameraSettings
from livereel.ledger.coverage import Attendance
from livereel.ledger.ledger import PENDING, Ledger, LedgerError
from livereel.ledger.write_queue import Journal
from livereel.live.publisher import Publisher
from livereel.live.stats import Tally
from livereel.reels.rolling import RollingReel
from livereel.storage.retention import Retention
from sinks.events import Began, CameraState, DescriberState, Stats
from sinks.sink import Sink
from stream.media.file import MediaError

log = logging.getLogger(__name__)

SWEEP_S = 30.0
RETRY_S = 1.0
STATS_S = 60.0
# How long an ending run without hurry waits for the last words.
DRAIN_S = 120.0
REMINDED_OF = timedelta(hours=1)
# How long an ending run goes on telling; what is left is in the ledger.
TELL_S = 5.0
MAX_WISHES = 16


class Live:
    """Watches cameras; all that it learns is in the ledger, and is told to the sinks.

    Attributes:
        cameras: who keeps each camera watched, by its name.
        words: the queue of windows that wait for words.
    """

    def __init__(
        self,
        cameras: Sequence[CameraSettings],
        ledger: Ledger,
        describer: Describer,
        reels: Sequence[RollingReel],
        *,
        retention: Retention,
        every_s: float,
        patience: Patience,
        queue: QueueSettings | None = None,
    ) -> None:
        self._ledger = ledger
        self._reels = {reel.id: reel for reel in reels}
        self._retention = retention
        self._every_s = every_s
        self._publisher = Publisher(ledger)
        self._journal = Journal(ledger)
        self._attendance = Attendance(ledger, [camera.name for camera in cameras])
        self._no_room = asyncio.Event()
        self._enabled = {camera.name: asyncio.Event() for camera in cameras}
        self._one_reel = asyncio.Lock()
        self._stopping = False
        self._reel_wanted: asyncio.Queue[str] = asyncio.Queue(MAX_WISHES)
        self.words = DescribeQueue(
            describer,
            ledger,
            queue or QueueSettings(),
            age_s=_age_s,
            on_moment=self._described,
            now_s=time.monotonic,
        )
        self.cameras = {
            camera.name: Supervisor(
                replace(camera, epoch=ledger.next_epoch(camera.name)), self._seen, self._lost, patience
            )
            for camera in cameras
        }
        self._tally = Tally(self.cameras, time.monotonic())
        self._words_trouble: str | None = None

    def attach(self, sinks: Sequence[Sink]) -> None:
        """Tell all that happens from now on to these sinks; they stay the caller's to close."""
        self._publisher.attach(sinks)

    async def run(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Watch until ``stop`` is set, ``seconds`` have passed or every source has ended.

        Then open windows are closed and kept. Unless ``stop`` is set, which is in a hurry, waiting
        windows are put into words and the reels made a last time.
        """
        self._attendance.start(_now())
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(self._watch(name)) for name in self.cameras]
            jobs = (
                self._describe_for_ever(),
                self._roll_for_ever(),
                self._roll_when_wished(),
                self._sweep_for_ever(),
                self._write_for_ever(),
                self._tell_for_ever(),
                self._count_for_ever(),
            )
            beside = [tasks.create_task(job) for job in jobs]
            await _first(stop.wait(), _all(watching), seconds=seconds)
            ended_utc = _now()
            self._stopping = True
            for name, camera in self.cameras.items():
                camera.stop()
                self._enabled[name].set()
            await asyncio.wait(watching)
            await _unless(stop, self._no_reel_in_the_making())
            for task in beside:
                task.cancel()
        self._journal.write(lambda _: self._attendance.end(ended_utc))
        await _unless(stop, self._finish())
        with suppress(TimeoutError):  # the rest is told by the next run
            async with asyncio.timeout(TELL_S):
                await self._publisher.tell()

    async def _no_reel_in_the_making(self) -> None:
        async with self._one_reel:
            pass

    async def _finish(self) -> None:
        """Put into words what waits, and make the reels a last time."""
        await self.words.drain(DRAIN_S)
        for reel in self._reels.values():
            await self._roll(reel)

    async def _tell_for_ever(self) -> None:
        """Tell what is in the ledger, first what an earlier run has left untold."""
        last = self._last()
        await self._publisher.tell()
        for event in last:
            await self._publisher.remind(event)
        await self._publisher.run(RETRY_S)

    def _last(self) -> list[Moment | Reel]:
        """The last moment of each camera, if it is of the last hour, and the last reels: what holds now."""
        try:
            entries = self._ledger.entries(utc_text(datetime.now(UTC) - REMINDED_OF))
            moments = {entry.window.camera: entry.moment for entry in entries if entry.moment}
            reels = [self._ledger.latest_reel(reel_id) for reel_id in self._reels]
        except LedgerError as error:
            log.warning("the last captions and reels are not told again: %s", error)
            return []
        return [*moments.values(), *(reel for reel in reels if reel)]

    # Cameras

    async def _watch(self, name: str) -> None:
        """Watch a camera whenever it is to be watched, until its source ends or we stop."""
        enabled = self._enabled[name]
        enabled.set()
        camera = self.cameras[name]
        while True:
            await camera.run()
            if self._stopping or not camera.stopped:
                return
            if not enabled.is_set():
                self._turn(name, "disabled")
                await self._tell_state(name, "disabled", None)
                await enabled.wait()
            if self._stopping:
                return
            self._turn(name, "source_down")
            camera.resume()

    def _turn(self, camera: str, reason: str) -> None:
        """What nobody sees from now on, nobody sees for this reason."""
        now_utc = _now()
        self._journal.write(lambda _: self._attendance.turn(camera, now_utc, reason))

    async def set_analysis(self, camera: str, *, on: bool) -> None:
        """Watch a camera, or leave it alone; its time is then a gap, ``disabled``.

        One that was refused, or whose source has ended, stays so.
        """
        if on:
            self._enabled[camera].set()
        else:
            self._enabled[camera].clear()
            self.cameras[camera].stop()

    async def _seen(self, report: Seen) -> None:
        if isinstance(report, Began):
            self._journal.write(lambda _: self._attendance.began(report.camera, report.at_utc))
            await self._tell_state(report.camera, "watching", None)
            return
        if isinstance(report, Gap):
            self._journal.write(lambda ledger: ledger.add_gap(report))
        elif isinstance(report, Window):
            outcome = outcome_of(report)
            self._journal.write(lambda ledger: ledger.add_window(report, outcome))
            if outcome == "disk_full":
                self._no_room.set()
            self.words.wake()
        await self._publisher.publish(report)

    async def _lost(self, camera: str, lost: Lost) -> None:
        now_utc = _now()
        if lost.reason is None:
            disabled = self.cameras[camera].stopped and not self._stopping
            reason = "disabled" if disabled else "ended"
        else:
            reason = _gap_reason(lost)
        self._journal.write(lambda _: self._attendance.lost(camera, now_utc, reason))
        if lost.unreadable:  # it is there: what was taken for its absence was none
            self._turn(camera, reason)
        if reason != "disabled":
            await self._tell_state(camera, self.cameras[camera].state, lost.reason)

    async def _tell_state(self, camera: str, state: str, reason: str | None) -> None:
        await self._publisher.publish(CameraState(camera, state, reason, _now()))

    async def _write_for_ever(self) -> None:
        """Write again what the ledger could not take."""
        while True:
            await asyncio.sleep(RETRY_S)
            if self._journal.waiting:
                self._journal.retry()
                self.words.wake()
            await self._tell_describer()

    async def _count_for_ever(self) -> None:
        while True:
            await asyncio.sleep(STATS_S)
            try:
                await self._publisher.publish(self.stats())
            except LedgerError as error:
                log.warning("stats must wait: %s", error)

    def stats(self) -> Stats:
        """Numbers since the start; rates since the last call."""
        others = {
            "words_waiting": float(self._ledger.count_pending()),
            "ledger_lost": float(self._journal.lost),
            "sinks_lost": float(self._publisher.lost),
            "retention_windows": float(self._retention.removed_windows),
        }
        return self._tally.stats(_now(), time.monotonic(), self.words.counts, others)

    # Words

    async def _describe_for_ever(self) -> None:
        """Describe what waits; a ledger that fails leaves it for later."""
        while True:
            try:
                await self.words.run()
            except LedgerError as error:
                log.warning("words must wait: %s", error)
            await asyncio.sleep(RETRY_S)

    async def _described(self, moment: Moment) -> None:
        self._tally.take(moment)
        await self._publisher.publish(moment)

    async def _tell_describer(self) -> None:
        trouble = self.words.trouble
        if trouble != self._words_trouble:
            self._words_trouble = trouble
            state = "online" if trouble is None else "offline"
            await self._publisher.publish(DescriberState(state, trouble, _now()))

    # Reels

    async def _roll_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            for reel in self._reels.values():
                await self._roll(reel)

    async def make_reel(self, reel_id: str) -> None:
        """Make the next reel now; a wish beyond those that wait is forgotten, as its reel is wished for."""
        with suppress(asyncio.QueueFull):
            self._reel_wanted.put_nowait(reel_id)

    async def _roll_when_wished(self) -> None:
        while True:
            await self._roll(self._reels[await self._reel_wanted.get()])

    async def _roll(self, reel: RollingReel) -> None:
        """Make a reel if there is something new, and tell of it."""
        async with self._one_reel:
            try:
                made = await reel.make(datetime.now(UTC))
            except (ReelError, MediaError, LedgerError, OSError) as error:
                log.warning("reel %s: not made: %s", reel.id, error)
                return
            if made is not None:
                chapters = counted(len(made.chapters), "chapter")
                log.info("reel %s: %s, %s: %s", made.id, made.title, chapters, made.folder)
                await self._publisher.publish(made)
                reel.drop_old()

    async def _sweep_for_ever(self) -> None:
        """Sweep now and then, and soon after a window that found no room."""
        while True:
            self._no_room.clear()
            try:
                await asyncio.to_thread(self._retention.sweep, datetime.now(UTC))
            except (LedgerError, OSError) as error:
                log.warning("retention: %s", error)
            await asyncio.sleep(RETRY_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._no_room.wait(), SWEEP_S - RETRY_S)


def _gap_reason(lost: Lost) -> str:
    if lost.unreadable:
        return "unreadable"
    return "source_stalled" if lost.stalled else "source_down"


def outcome_of(window: Window) -> str:
    """How a window ends, or that it waits for words."""
    if window.quiet:
        return "skipped_overload" if window.missed_s else "quiet"
    return PENDING if all(keyframe.file for keyframe in window.keyframes) else "disk_full"


def _age_s(window: Window) -> float:
    """How long ago the window ended, by the wall clock, which is all that an earlier run has left us."""
    ended = parse_utc(window.start_utc) + timedelta(seconds=window.end_s - window.start_s)
    return (datetime.now(UTC) - ended).total_seconds()


def _now() -> str:
    return utc_text(datetime.now(UTC))


async def _unless(stop: asyncio.Event, work: Coroutine[object, object, None]) -> None:
    """Do the work, or as much of it as can be done until ``stop`` is set."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    if not stop.is_set():
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopped):
        task.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


async def _first(*waits: Coroutine[object, object, object], seconds: float | None) -> None:
    """Return when one of the waits is over, or the time."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
