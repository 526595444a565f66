"""Start, watch, end and restart the process of one camera."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import assert_never

from analyzer.reel.records import GapReason
from analyzer.signal.flicker.region import Flicker
from base.backoff import Backoff
from livereel.camera.process import CameraProcess
from livereel.camera.reports import CaptureCounts, Ended, Heartbeat, Opening, PlaylistPosition, Seen
from livereel.camera.settings import RESTARTS
from livereel.camera.worker import CameraJob
from sinks.events import CameraStatus, EpochStarted
from sinks.live_view import ViewKind
from stream.source import SourceFault

log = logging.getLogger(__name__)

POLL_S = 0.25
# Delays start over only after this long, as a camera may send a frame and close the connection each time.
STEADY_S = 10.0
# A slow camera has stalled when this many of its usual intervals have passed without a frame.
STALL_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long to wait before a camera's process is ended, and before it is started again.

    Attributes:
        start_s: from the start of the process until it opens the source; many that start together take long.
        open_s: from then to its first frame.
        stall_s: from frame to frame.
        stop_s: from the request to stop to the end of the process.
        backoff: before each new attempt; it starts over after STEADY_S of watching.
    """

    start_s: float = 120.0
    open_s: float = 20.0
    stall_s: float = 20.0
    stop_s: float = 2.5
    backoff: Backoff = RESTARTS


@dataclass(frozen=True, slots=True)
class CameraLost:
    """A camera's connection ended.

    Attributes:
        reason: in a few words; None when the source came to its end or the camera was stopped.
        gap: why the camera is not observed from now on; None when it was stopped.
        final: it will not be tried again.
    """

    reason: str | None
    gap: GapReason | None = GapReason.SOURCE_DOWN
    final: bool = False


class _Notes:
    """Logs what a camera's heartbeats say, each thing once, however often its process is started."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._choice: str | None = None
        self._warned: set[str] = set()
        self._flickers: list[Flicker] = []

    def log(self, beat: Heartbeat, before: CaptureCounts) -> None:
        """Log what is new; ``before`` are the counters of the heartbeat before this one."""
        if beat.counts.skipped_packets and not before.skipped_packets:
            log.warning("%s: more frames than can be decoded in time: some are skipped", self._camera)
        if beat.counts.skipped_speech_packets and not before.skipped_speech_packets:
            log.warning(
                "%s: decoding is late: speech is not looked for, then sound not measured", self._camera
            )
        if beat.choice and beat.choice != self._choice:
            log.info("%s: %s", self._camera, beat.choice)
            self._choice = beat.choice
        if beat.clip_failure and not before.clips_failed:
            log.warning("%s: its windows have no clips: %s", self._camera, beat.clip_failure)
        if beat.warning and beat.warning not in self._warned:
            self._warned.add(beat.warning)
            log.warning("%s: %s", self._camera, beat.warning)
        for flicker in beat.flickers:
            if not any(flicker.is_near(known) for known in self._flickers):
                self._flickers.append(flicker)
                log.info("%s: %s", self._camera, flicker)


class Supervisor:
    """Watches one camera until it is stopped, its source ends, or a failure is final.

    Attributes:
        state: of the camera.
        counts: counters of the current (or the last) process.
        starts: processes started.
    """

    def __init__(
        self,
        job: CameraJob,
        on_report: Callable[[Seen], Awaitable[None]],
        on_lost: Callable[[str, CameraLost], Awaitable[None]],
        policy: RestartPolicy,
    ) -> None:
        self._job = job
        self._name = job.camera.name
        self._on_report = on_report
        self._on_lost = on_lost
        self._policy = policy
        self._epoch = job.epoch
        self._stopping = asyncio.Event()
        self._process: CameraProcess | None = None
        self._running = asyncio.Event()
        self._deadline_s = 0.0
        self._opening = False
        self._began_s = 0.0
        self._notes = _Notes(self._name)
        self.state = CameraStatus.CONNECTING
        self.counts = CaptureCounts()
        self._counts_before = CaptureCounts()
        self._damaged = 0  # damaged packets when the newest frame came
        self.starts = 0
        self._listed: PlaylistPosition | None = None
        self._interval_s = 0.0

    @property
    def pid(self) -> int | None:
        """The process id of the camera's process; None while there is none."""
        return None if self._process is None else self._process.pid

    async def view(self, kind: ViewKind) -> socket.socket:
        """Return a connection over which the camera's process sends what is of this kind, until it ends.

        Waits until there is a process. Raises OSError when it has just ended.
        """
        while self._process is None:
            await self._running.wait()
        return self._process.view(kind)

    @property
    def total(self) -> CaptureCounts:
        """Counters of all its processes together."""
        return self._counts_before.plus(self.counts)

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Have the process close its window and end; ``run`` returns when that is done."""
        self._stopping.set()
        if self._process is not None:
            self._end_soon(self._process)

    def resume(self) -> None:
        """Undo ``stop``, so that ``run`` may be called again."""
        self._stopping.clear()

    async def run(self) -> None:
        """Watch; a lost connection is tried again without end, with growing delays."""
        failures = 0
        while not self._stopping.is_set():
            lost = await self._run_once()
            if self.state == CameraStatus.WATCHING and _now_s() - self._began_s > STEADY_S:
                failures = 0
            self._notify(lost)
            await self._on_lost(self._name, lost)
            if lost.final:
                return
            failures += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._policy.backoff.pause_s(failures))

    def _notify(self, lost: CameraLost) -> None:
        """Log a change of state, not each attempt to reconnect."""
        ended = CameraStatus.REFUSED if lost.reason else CameraStatus.ENDED
        state = ended if lost.final else CameraStatus.WAITING
        if state != self.state:
            level = logging.WARNING if lost.reason else logging.INFO
            log.log(level, "%s: %s%s", self._name, state, f" ({lost.reason})" if lost.reason else "")
        self.state = state

    async def _run_once(self) -> CameraLost:
        """Run one process from start to end; it is gone when this returns, also by an exception."""
        self._counts_before, self.counts = self.total, CaptureCounts()
        self._damaged = 0
        self.starts += 1
        try:
            process = CameraProcess(replace(self._job, epoch=self._epoch, listed=self._listed))
        except OSError as error:
            return CameraLost(f"its process cannot be started: {error.strerror}")
        self._process = process
        self._running.set()
        try:
            return await self._listen(process)
        finally:
            self._process = None
            self._running.clear()
            await process.end()

    async def _listen(self, process: CameraProcess) -> CameraLost:
        """Pass reports on until the process is gone; it is ended when its deadline passes without a frame."""
        lost: CameraLost | None = None
        ended: Ended | None = None
        self._deadline_s = _now_s() + self._policy.start_s
        self._opening = False
        while True:
            try:
                # In short waits, as the deadline may be moved to an earlier time while waiting.
                async with asyncio.timeout(POLL_S):
                    report = await process.next()
            except TimeoutError:
                if _now_s() < self._deadline_s:
                    continue
                if lost or ended or self._stopping.is_set():
                    process.kill()
                else:
                    lost = self._timed_out()
                    self._end_soon(process)
                continue
            if report is None:
                return lost or await self._ending_of(process, ended)
            if isinstance(report, Ended):
                ended = report
                self._deadline_s = _now_s() + self._policy.stop_s
            elif isinstance(report, Opening):
                self._opening = True
                self._postpone(self._policy.open_s, ending=lost is not None)
            elif isinstance(report, PlaylistPosition):
                self._listed = report
            elif isinstance(report, Heartbeat):
                self._beat(report, ending=lost is not None)
            else:
                self._postpone(self._stall_s, ending=lost is not None)
                await self._report(report)

    def _end_soon(self, process: CameraProcess) -> None:
        """Ask the process to close its window and end, before the deadline for that."""
        process.request_stop()
        self._deadline_s = _now_s() + self._policy.stop_s

    def _postpone(self, by_s: float, *, ending: bool) -> None:
        """Move the deadline to so long from now, unless the process is to end."""
        if not ending and not self._stopping.is_set():
            self._deadline_s = _now_s() + by_s

    @property
    def _stall_s(self) -> float:
        """How long no frame may come: as in the policy, or longer for a camera that is slow itself."""
        return max(self._policy.stall_s, STALL_INTERVALS * self._interval_s)

    def _beat(self, beat: Heartbeat, *, ending: bool) -> None:
        self._interval_s = beat.interval_s or 0.0
        if beat.counts.frames > self.counts.frames:
            self._damaged = beat.counts.damaged_packets
            self._postpone(self._stall_s, ending=ending)
        self._notes.log(beat, self.counts)
        self.counts = beat.counts

    async def _report(self, report: Seen) -> None:
        if isinstance(report, EpochStarted):
            self._epoch = report.epoch + 1
            if self.state != CameraStatus.WATCHING:
                log.info("%s: watching", self._name)
            self._began_s = self._began_s if self.state == CameraStatus.WATCHING else _now_s()
            self.state = CameraStatus.WATCHING
        await self._on_report(report)

    def _timed_out(self) -> CameraLost:
        if self.counts.damaged_packets > self._damaged:
            return CameraLost("none of its frames can be decoded", GapReason.UNREADABLE)
        if self.state == CameraStatus.WATCHING:
            return CameraLost(f"no frame for {self._stall_s:g} s", GapReason.SOURCE_STALLED)
        if not self._opening:
            return CameraLost(f"its process has not started within {self._policy.start_s:g} s")
        return CameraLost(f"no frame within {self._policy.open_s:g} s")

    async def _ending_of(self, process: CameraProcess, ended: Ended | None) -> CameraLost:
        if self._stopping.is_set():
            return CameraLost(None, gap=None, final=True)
        if ended is None:
            return CameraLost(f"its process died: {await process.died_of()}")
        return CameraLost(ended.reason, _gap_reason(ended.fault), final=not ended.retryable)


def _gap_reason(fault: SourceFault) -> GapReason:
    match fault:
        case SourceFault.DOWN:
            return GapReason.SOURCE_DOWN
        case SourceFault.STALLED:
            return GapReason.SOURCE_STALLED
        case SourceFault.UNREADABLE:
            return GapReason.UNREADABLE
        case _:
            assert_never(fault)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
