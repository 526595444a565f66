"""Many cameras, live: their windows into the ledger, words beside them, and reels that roll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime

from analyzer.chapter import Gap
from analyzer.describe.describer import DescribeError, Describer
from analyzer.happening import Began
from analyzer.reel import ReelError
from analyzer.window import Window
from livereel.capture import Seen
from livereel.ledger import PENDING, Ledger, LedgerError
from livereel.retention import Retention
from livereel.rolling import RollingReel
from livereel.supervise import Lost, Patience, Supervisor
from livereel.worker import CameraSettings
from stream.clock import utc_text
from stream.media import MediaError

log = logging.getLogger(__name__)

SWEEP_S = 30.0


class Live:
    """Watches cameras; all that it learns is in the ledger."""

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
        self._names = [camera.name for camera in cameras]
        self._cameras = [Supervisor(camera, self._seen, self._lost, patience) for camera in cameras]

    async def run(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Watch until ``stop`` is set, ``seconds`` have passed or every source has ended.

        Then open windows are closed and kept. Unless it was ``stop``, which is in a hurry, waiting
        windows are put into words and the reels made a last time.
        """
        self._note_absence()
        self._words_wanted.set()  # for what an earlier run left
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(camera.run()) for camera in self._cameras]
            jobs = (self._describe_for_ever(), self._roll_for_ever(), self._sweep_for_ever())
            beside = [tasks.create_task(job) for job in jobs]
            await _first(stop.wait(), _all(watching), seconds=seconds)
            for camera in self._cameras:
                camera.stop()
            await asyncio.wait(watching)
            for task in beside:
                task.cancel()
        if not stop.is_set():
            await self._describe_waiting()
            await self._roll()
        for name in self._names:
            self._ledger.close_gap(name, _now())

    def _note_absence(self) -> None:
        """What lies between an earlier run and this one, nobody saw; from now on we look."""
        now_utc = _now()
        for name in self._names:
            self._ledger.close_gap(name, now_utc)
            seen_utc = self._ledger.seen_until(name)
            if seen_utc is not None and seen_utc < now_utc:
                self._ledger.add_gap(Gap(name, seen_utc, now_utc, "not_running"))
            self._ledger.open_gap(name, now_utc, "source_down")

    # What cameras report

    async def _seen(self, report: Seen) -> None:
        if isinstance(report, Began):
            self._ledger.close_gap(report.camera, report.at_utc)
        elif isinstance(report, Gap):
            self._ledger.add_gap(report)
        elif isinstance(report, Window):
            self._ledger.add_window(report, _outcome(report))
            self._words_wanted.set()

    async def _lost(self, camera: str, lost: Lost) -> None:
        """Nobody sees the camera from its last window on."""
        if lost.reason is not None:
            reason = "source_stalled" if lost.stalled else "source_down"
            self._ledger.open_gap(camera, self._ledger.seen_until(camera) or _now(), reason)

    # Words

    async def _describe_for_ever(self) -> None:
        while True:
            await self._words_wanted.wait()
            self._words_wanted.clear()
            await self._describe_waiting()

    async def _describe_waiting(self) -> None:
        for window in self._ledger.pending():
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
        return "quiet"
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
