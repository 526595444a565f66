"""The cameras of a run: watched, switched on and off, and all that they report stored and published."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Outcome, Window
from analyzer.transcribe.words import can_be_transcribed
from base.clock import utc_text
from livereel.camera.reports import Seen
from livereel.camera.supervisor import CameraLost, RestartPolicy, Supervisor
from livereel.camera.worker import CameraJob
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING, WindowState
from livereel.live.coverage import GapTracker
from livereel.live.publisher import Publisher
from livereel.live.write_queue import WriteQueue
from sinks.events import CameraState, CameraStatus, EpochStarted


class Cameras:
    """Watches cameras, each until its source ends or ``stop`` is called.

    Windows and gaps are written to the ledger before they are published: together they cover each camera's
    time from ``start`` to ``stop``. A write that the ledger refuses waits in the write queue.

    Attributes:
        supervisors: of each camera's process, by the camera's name.
        gaps: the cameras' coverage.
    """

    def __init__(
        self,
        jobs: Sequence[CameraJob],
        ledger: Ledger,
        writes: WriteQueue,
        publisher: Publisher,
        *,
        policy: RestartPolicy,
        on_window: Callable[[Window, WindowState], None],
        transcribes: bool = False,
    ) -> None:
        """Prepare to watch; ``on_window`` is called with each window and its state, once it is stored.

        With ``transcribes`` the speech of windows waits for its text from then on.
        """
        self._ledger = ledger
        self._writes = writes
        self._publisher = publisher
        self._on_window = on_window
        self._transcribes = transcribes
        self.gaps = GapTracker(ledger, [job.camera.name for job in jobs])
        self._enabled = {job.camera.name: asyncio.Event() for job in jobs}
        self._stopped_utc: str | None = None
        self.supervisors = {
            job.camera.name: Supervisor(
                replace(job, epoch=ledger.windows.next_epoch(job.camera.name)),
                self._seen,
                self._lost,
                policy,
            )
            for job in jobs
        }

    def start(self) -> None:
        """Begin the coverage of all cameras, which are starting now. Raises LedgerError."""
        self.gaps.start(_now())

    async def watch(self) -> None:
        """Watch until all sources have ended or ``stop`` is called, and open windows are closed."""
        async with asyncio.TaskGroup() as tasks:
            for name in self.supervisors:
                tasks.create_task(self._watch(name))

    def stop(self) -> None:
        """Have all cameras close their windows and end; ``watch`` returns when that is done."""
        self._stopped_utc = _now()
        for name, camera in self.supervisors.items():
            camera.stop()
            self._enabled[name].set()

    def close(self) -> None:
        """End the coverage of all cameras at the time of ``stop``: their open gaps end."""
        ended_utc = self._stopped_utc or _now()
        self._writes.write(lambda: self.gaps.end(ended_utc))

    async def set_analysis(self, camera: str, *, on: bool) -> None:
        """Turn a camera's analysis on or off; its time is then a gap, ``disabled``.

        A camera that was refused, or whose source has ended, stays as it is.
        """
        if on:
            self._enabled[camera].set()
        else:
            self._enabled[camera].clear()
            self.supervisors[camera].stop()

    async def _watch(self, name: str) -> None:
        """Watch a camera while its analysis is on, until its source ends or the run does."""
        enabled = self._enabled[name]
        enabled.set()
        camera = self.supervisors[name]
        while True:
            await camera.run()
            if self._stopped_utc or not camera.stopped:
                return
            if not enabled.is_set():
                self._change_reason(name, GapReason.DISABLED)
                await self._publish_state(name, CameraStatus.DISABLED, None)
                await enabled.wait()
            if self._stopped_utc:
                return
            self._change_reason(name, GapReason.STARTING)
            camera.resume()

    def _change_reason(self, camera: str, reason: GapReason) -> None:
        """From now on, the camera is not observed for this reason."""
        now_utc = _now()
        self._writes.write(lambda: self.gaps.change_reason(camera, now_utc, reason))

    async def _seen(self, report: Seen) -> None:
        if isinstance(report, EpochStarted):
            self._writes.write(lambda: self.gaps.began(report.camera, report.at_utc))
            await self._publish_state(report.camera, CameraStatus.WATCHING, None)
            return
        if isinstance(report, Gap):
            self._writes.write(lambda: self.gaps.add(report))
        elif isinstance(report, Window):
            state = first_state(report)
            waits = self._transcribes and can_be_transcribed(report)
            self._writes.write(lambda: self._ledger.windows.add(report, state, to_transcribe=waits))
            self._on_window(report, state)
        await self._publisher.publish(report)

    async def _lost(self, camera: str, lost: CameraLost) -> None:
        now_utc = _now()
        reason = self._gap_reason(lost)
        self._writes.write(lambda: self.gaps.lost(camera, now_utc, reason))
        if reason == GapReason.UNREADABLE:
            # The source is there: the gap that is open so far was not its absence.
            self._change_reason(camera, reason)
        if reason != GapReason.DISABLED:
            await self._publish_state(camera, self.supervisors[camera].state, lost.reason)

    def _gap_reason(self, lost: CameraLost) -> GapReason:
        if lost.gap is not None:
            return lost.gap
        return GapReason.NOT_RUNNING if self._stopped_utc else GapReason.DISABLED

    async def _publish_state(self, camera: str, state: CameraStatus, reason: str | None) -> None:
        await self._publisher.publish(CameraState(camera, state, reason, _now()))


def first_state(window: Window) -> WindowState:
    """Return the state in which a window is stored: how it ended already, or that it waits."""
    if window.quiet:
        return Outcome.SKIPPED_OVERLOAD if window.missed_s else Outcome.QUIET
    return PENDING if all(keyframe.file for keyframe in window.keyframes) else Outcome.DISK_FULL


def _now() -> str:
    return utc_text(datetime.now(UTC))
