"""Start, watch, end and restart the process of one camera."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from analyzer.signal.flicker import Flicker
from livereel.camera.capture import Seen
from livereel.camera.counts import CaptureCounts
from livereel.camera.process import CameraProcess
from livereel.camera.worker import CameraJob, Ended, Heartbeat, Listed
from sinks.events import CameraStatus, EpochStarted

log = logging.getLogger(__name__)

LOOK_S = 0.25
# A camera that shows a picture and hangs up again and again is tried with growing pauses all the same.
STEADY_S = 10.0
# A slow camera has stalled when so many of its pictures are missing.
STALL_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long to wait before a camera's process is ended, and before it is started again.

    Attributes:
        open_s: from the start of the process to its first frame.
        stall_s: from frame to frame.
        stop_s: from the word stop to the end of the process.
        delays_s: before each new attempt; the last one repeats. They start over once it was watched for
            STEADY_S.
    """

    open_s: float = 20.0
    stall_s: float = 20.0
    stop_s: float = 2.5
    delays_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

    def waits_s(self) -> Iterator[float]:
        """Yield delays, jittered by a quarter so that cameras behind one switch do not return at once."""
        for delay_s in itertools.chain(self.delays_s, itertools.repeat(self.delays_s[-1])):
            yield delay_s * random.uniform(0.75, 1.0)  # noqa: S311  # no secret hangs on it


@dataclass(frozen=True, slots=True)
class CameraLost:
    """A camera's connection ended.

    Attributes:
        reason: in a few words; None when the source came to its end or we stopped it.
        stalled: pictures had come and then ceased.
        final: it will not be tried again.
        unreadable: what came could not be decoded.
    """

    reason: str | None
    stalled: bool
    final: bool
    unreadable: bool = False


class Supervisor:
    """Keeps one camera watched until it is stopped, its source ends, or trying again is of no use.

    Attributes:
        state: how the camera is doing.
        counts: what the present (or the last) process has met.
        starts: processes started.
    """

    def __init__(
        self,
        job: CameraJob,
        on_report: Callable[[Seen], Awaitable[None]],
        on_lost: Callable[[str, CameraLost], Awaitable[None]],
        patience: RestartPolicy,
    ) -> None:
        self._job = job
        self._name = job.camera.name
        self._on_report = on_report
        self._on_lost = on_lost
        self._patience = patience
        self._epoch = job.epoch
        self._stopping = asyncio.Event()
        self._process: CameraProcess | None = None
        self._deadline_s = 0.0
        self._began_s = 0.0
        self._choice: str | None = None
        self.state = CameraStatus.CONNECTING
        self.counts = CaptureCounts()
        self._counts_before = CaptureCounts()
        self._damaged = 0  # packets, when the newest frame came
        self._flickers: list[Flicker] = []  # those that the log tells of
        self.starts = 0
        self._listed: Listed | None = None
        self._warned: set[str] = set()
        self._interval_s = 0.0

    @property
    def pid(self) -> int | None:
        """The number of the camera's process, if there is one now."""
        return None if self._process is None else self._process.pid

    @property
    def total(self) -> CaptureCounts:
        """What all processes have met."""
        return self._counts_before.plus(self.counts)

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Close the open window and end; ``run`` returns when that is done."""
        self._stopping.set()
        if self._process is not None:
            self._hurry(self._process)

    def resume(self) -> None:
        """Take back ``stop``, so that ``run`` may be called again."""
        self._stopping.clear()

    async def run(self) -> None:
        """Watch; a lost connection is tried again for ever, with growing pauses."""
        waits_s = self._patience.waits_s()
        while not self._stopping.is_set():
            lost = await self._run_once()
            if self.state == CameraStatus.WATCHING and _now_s() - self._began_s > STEADY_S:
                waits_s = self._patience.waits_s()
            self._notify(lost)
            await self._on_lost(self._name, lost)
            if lost.final:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), next(waits_s))

    def _notify(self, lost: CameraLost) -> None:
        """Log a change of state, not each attempt of a night without a camera."""
        ended = CameraStatus.REFUSED if lost.reason else CameraStatus.ENDED
        state = ended if lost.final else CameraStatus.WAITING
        if state != self.state:
            level = logging.WARNING if lost.reason else logging.INFO
            log.log(level, "%s: %s%s", self._name, state, f" ({lost.reason})" if lost.reason else "")
        self.state = state

    async def _run_once(self) -> CameraLost:
        """Run one process from start to end; whatever happens, it is gone when this returns."""
        self._counts_before, self.counts = self.total, CaptureCounts()
        self._damaged = 0
        self.starts += 1
        try:
            process = CameraProcess(replace(self._job, epoch=self._epoch, listed=self._listed))
        except OSError as error:
            return CameraLost(f"its process cannot be started: {error.strerror}", stalled=False, final=False)
        self._process = process
        try:
            return await self._listen(process)
        finally:
            self._process = None
            await process.end()

    async def _listen(self, process: CameraProcess) -> CameraLost:
        """Pass reports on until the process is gone; a silence that is too long ends it."""
        lost: CameraLost | None = None
        ended: Ended | None = None
        self._deadline_s = _now_s() + self._patience.open_s
        while True:
            try:
                # In short waits, as the deadline may be moved to an earlier time meanwhile.
                async with asyncio.timeout(LOOK_S):
                    report = await process.next()
            except TimeoutError:
                if _now_s() < self._deadline_s:
                    continue
                if lost or ended or self._stopping.is_set():
                    process.kill()
                else:
                    lost = self._silence()
                    self._hurry(process)
                continue
            if report is None:
                return lost or await self._last_word(process, ended)
            if isinstance(report, Ended):
                ended = report
                self._deadline_s = _now_s() + self._patience.stop_s
            elif isinstance(report, Listed):
                self._listed = report
            elif isinstance(report, Heartbeat):
                self._beat(report, hurried=lost is not None)
            else:
                self._alive(hurried=lost is not None)
                await self._report(report)

    def _hurry(self, process: CameraProcess) -> None:
        """Ask the process to close its window and end, and soon."""
        process.say_stop()
        self._deadline_s = _now_s() + self._patience.stop_s

    def _alive(self, *, hurried: bool) -> None:
        """Pictures come: who is not on its way out may be silent for as long as is allowed."""
        if not hurried and not self._stopping.is_set():
            self._deadline_s = _now_s() + self._stall_s

    @property
    def _stall_s(self) -> float:
        """How long no picture may come: the patience, or longer where that is the camera's own pace."""
        return max(self._patience.stall_s, STALL_INTERVALS * self._interval_s)

    def _beat(self, beat: Heartbeat, *, hurried: bool) -> None:
        self._interval_s = beat.interval_s or 0.0
        if beat.counts.frames > self.counts.frames:
            self._damaged = beat.counts.damaged_packets
            self._alive(hurried=hurried)
        if beat.counts.skipped_packets and not self.counts.skipped_packets:
            log.warning("%s: more pictures than can be decoded in time: some are left out", self._name)
        if beat.choice and beat.choice != self._choice:
            log.info("%s: %s", self._name, beat.choice)
            self._choice = beat.choice
        if beat.clip_failure and not self.counts.clips_failed:
            log.warning("%s: its windows have no moving pictures: %s", self._name, beat.clip_failure)
        if beat.warning and beat.warning not in self._warned:
            self._warned.add(beat.warning)
            log.warning("%s: %s", self._name, beat.warning)
        for flicker in beat.flickers:
            if not any(flicker.is_near(known) for known in self._flickers):
                self._flickers.append(flicker)
                log.info("%s: %s", self._name, flicker)
        self.counts = beat.counts

    async def _report(self, report: Seen) -> None:
        if isinstance(report, EpochStarted):
            self._epoch = report.epoch + 1
            if self.state != CameraStatus.WATCHING:
                log.info("%s: watching", self._name)
            self._began_s = self._began_s if self.state == CameraStatus.WATCHING else _now_s()
            self.state = CameraStatus.WATCHING
        await self._on_report(report)

    def _silence(self) -> CameraLost:
        watching = self.state == CameraStatus.WATCHING
        if self.counts.damaged_packets > self._damaged:
            reason = "none of its pictures can be decoded"
            return CameraLost(reason, stalled=watching, final=False, unreadable=True)
        if watching:
            return CameraLost(f"no picture for {self._stall_s:g} s", stalled=True, final=False)
        return CameraLost(f"no picture within {self._patience.open_s:g} s", stalled=False, final=False)

    async def _last_word(self, process: CameraProcess, ended: Ended | None) -> CameraLost:
        if self._stopping.is_set():
            return CameraLost(None, stalled=False, final=True)
        if ended is None:
            return CameraLost(f"its process died: {await process.died_of()}", stalled=False, final=False)
        return CameraLost(
            ended.reason,
            stalled=ended.stalled,
            final=not ended.retryable,
            unreadable=ended.unreadable,
        )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
