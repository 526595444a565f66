"""Many cameras, live: their windows into the ledger, words beside them, and reels that roll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from analyzer.chapter import Gap
from analyzer.describe.describer import DescribeError, Describer
from analyzer.happening import Began
from analyzer.reel import ReelError
from analyzer.window import Window
from livereel.attendance import Attendance
from livereel.capture import Seen
from livereel.journal import Journal
from livereel.ledger import PENDING, Ledger, LedgerError
from livereel.retention import Retention
from livereel.rolling import RollingReel
from livereel.supervise import Lost, Patience, Supervisor
from livereel.worker import CameraSettings
from stream.clock import utc_text
from stream.media import MediaError

log = logging.getLogger(__name__)

SWEEP_S = 30.0
RETRY_S = 1.0


class Live:
    """Watches cameras; all that it learns is in the ledger.

    Attributes:
        cameras: who keeps each camera watched, by its name.
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
    ) -> None:
        self._ledger = ledger
        self._describer = describer
        self._reels = reels
        self._retention = retention
        self._every_s = every_s
        self._words_wanted = asyncio.Event()
        self._words_failed = False
        self._journal = Journal(ledger)
        self._attendance = Attendance(ledger, [camera.name for camera in cameras])
        self.cameras = {
            camera.name: Supervisor(
                replace(camera, epoch=ledger.next_epoch(camera.name)), self._seen, self._lost, patience
            )
            for camera in cameras
        }

    async def run(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Watch until ``stop`` is set, ``seconds`` have passed or every source has ended.

        Then open windows are closed and kept. Unless it was ``stop``, which is in a hurry, waiting
        windows are put into words and the reels made a last time.
        """
        self._attendance.start(_now())
        self._words_wanted.set()  # for what an earlier run left
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(camera.run()) for camera in self.cameras.values()]
            jobs = (
                self._describe_for_ever(),
                self._roll_for_ever(),
                self._sweep_for_ever(),
                self._write_for_ever(),
            )
            beside = [tasks.create_task(job) for job in jobs]
            await _first(stop.wait(), _all(watching), seconds=seconds)
            ended_utc = _now()
            for camera in self.cameras.values():
                camera.stop()
            await asyncio.wait(watching)
            for task in beside:
                task.cancel()
        self._journal.write(lambda _: self._attendance.end(ended_utc))
        if not stop.is_set():
            await self._describe_waiting()
            await self._roll()

    # What cameras report

    async def _seen(self, report: Seen) -> None:
        if isinstance(report, Began):
            self._journal.write(lambda _: self._attendance.began(report.camera, report.at_utc))
        elif isinstance(report, Gap):
            self._journal.write(lambda ledger: ledger.add_gap(report))
        elif isinstance(report, Window):
            self._journal.write(lambda ledger: ledger.add_window(report, _outcome(report)))
            self._words_wanted.set()

    async def _lost(self, camera: str, lost: Lost) -> None:
        now_utc = _now()
        reason = "ended" if lost.reason is None else "source_stalled" if lost.stalled else "source_down"
        self._journal.write(lambda _: self._attendance.lost(camera, now_utc, reason))

    async def _write_for_ever(self) -> None:
        """Write again what the ledger could not take; then the words can go on too."""
        while True:
            await asyncio.sleep(RETRY_S)
            if self._journal.waiting or self._words_failed:
                self._journal.retry()
                self._words_wanted.set()

    # Words

    async def _describe_for_ever(self) -> None:
        while True:
            await self._words_wanted.wait()
            self._words_wanted.clear()
            await self._describe_waiting()

    async def _describe_waiting(self) -> None:
        """Describe what waits, newest first; a ledger that fails leaves the rest for later."""
        try:
            for window in self._ledger.pending():
                await self._describe(window)
        except LedgerError as error:
            if not self._words_failed:
                log.warning("words must wait: %s", error)
            self._words_failed = True
        else:
            self._words_failed = False

    async def _describe(self, window: Window) -> None:
        try:
            moment = await self._describer.describe(window)
        except DescribeError as error:
            log.warning("%s: no words: %s", window.id, error)
            self._ledger.end_window(window.id, "model_failed")
        else:
            self._ledger.end_window(window.id, "described", moment)

    # Reels

    async def _roll_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._roll()

    async def _sweep_for_ever(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._retention.sweep, datetime.now(UTC))
            except (LedgerError, OSError) as error:
                log.warning("retention: %s", error)
            await asyncio.sleep(SWEEP_S)

    async def _roll(self) -> None:
        for reel in self._reels:
            try:
                made = await reel.make(datetime.now(UTC))
            except (ReelError, MediaError, LedgerError, OSError) as error:
                log.warning("reel %s: not made: %s", reel.id, error)
                continue
            if made is not None:
                log.info("reel %s: %s, %d chapters: %s", made.id, made.title, len(made.chapters), made.folder)
                reel.drop_old()


def _outcome(window: Window) -> str:
    if window.quiet:
        return "skipped_overload" if window.missed_s else "quiet"
    return PENDING if all(keyframe.file for keyframe in window.keyframes) else "disk_full"


def _now() -> str:
    return utc_text(datetime.now(UTC))


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
