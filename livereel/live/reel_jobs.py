"""Makes a live run's reels: at their times, when they are asked for, and of a time; one after another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from analyzer.describe.window_store import WindowStoreError
from analyzer.reel.records import Reel
from base.clock import utc_text
from base.local_time import date_time_text, span_text
from base.plural import counted
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from livereel.live.archive import reason_without_folder
from livereel.live.publisher import Publisher
from livereel.reels.schedule import Schedule
from livereel.reels.series import REEL_ERRORS, ReelLook, ReelSeries, ScheduledReel
from sinks.archive import ArchiveError, NamedReelNow

log = logging.getLogger(__name__)

MAX_REQUESTS = 16
# The wall clock is looked at so often: it may be set, and a machine that was suspended wakes up.
CHECK_S = 30.0
# Times that passed are counted up to this: a clock that began in 1970 was set meanwhile.
_MOST_PASSED = 1000


@dataclass(frozen=True, slots=True)
class ReelPauses:
    """How long reels that are made once for each of their times wait, in seconds.

    Attributes:
        close_s: until the windows that were open at the time have been closed.
        describe_s: at most until those that wait for their description have it.
        poll_s: between two looks at the ledger meanwhile.
        retry_s: before each further attempt at a reel that could not be made.
    """

    close_s: float = 12.0
    describe_s: float = 120.0
    poll_s: float = 1.0
    retry_s: tuple[float, ...] = (60.0, 600.0)


@dataclass(frozen=True, slots=True)
class Requested:
    """The reels of a time: where they go, how they look, and the cameras that they show by default."""

    series: ReelSeries
    look: ReelLook
    cameras: tuple[str, ...]


class ReelJobs:
    """Makes reels and publishes them. Implements ``sinks.web.api.ReelMaker``.

    A compiler takes all of a core: one reel is made at a time, and those that are due meanwhile wait, in the
    order in which they came.

    Attributes:
        passed: times at which a reel was not made, as another was still being made or the machine slept; the
            reel that was made next covers them.
    """

    def __init__(
        self,
        reels: Sequence[ScheduledReel],
        requested: Requested,
        ledger: Ledger,
        publisher: Publisher,
        pauses: ReelPauses,
    ) -> None:
        """Make ``reels``, and as ``requested`` says those of a time."""
        self._reels = {reel.spec.name: reel for reel in reels}
        self._requested = requested
        self._ledger = ledger
        self._publisher = publisher
        self._pauses = pauses
        self._one_reel = asyncio.Lock()
        self._queue: asyncio.Queue[str] = asyncio.Queue(MAX_REQUESTS)
        self._waiting = 0
        self.passed = 0

    async def run(self) -> None:
        """Make all reels at their times and when they are asked for, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._make_requested())
            for reel in self._reels.values():
                tasks.create_task(self._keep(reel))

    async def done(self) -> None:
        """Wait for the reel that is being made."""
        async with self._one_reel:
            pass

    async def finish(self) -> None:
        """Make the reels a last time whose times do not each have their own."""
        for reel in self._reels.values():
            if not reel.spec.schedule.each_once:
                await self._make_logged(reel)

    def newest(self) -> list[Reel]:
        """Return the newest reel of each name; raises LedgerError."""
        newest = [self._ledger.reels.latest(name) for name in self._reels]
        return [reel for reel in newest if reel]

    # At their times

    async def _keep(self, reel: ScheduledReel) -> None:
        """Make a reel at each of its times."""
        schedule, name = reel.spec.schedule, reel.spec.name
        at = datetime.now(UTC)
        if schedule.each_once:
            due = schedule.last_until(at)
            if await self._is_unmade(reel, due, since_created=True):
                await self._make_once(reel, due, late=True)
        is_behind = False
        while True:
            due, at = await _next(schedule, at)
            passed = _count(schedule, due, at)
            self.passed += passed
            if schedule.each_once:
                if passed:
                    log.warning("reel %s: not made for %s", name, counted(passed, "earlier time"))
                if await self._is_unmade(reel, at):
                    await self._make_once(reel, at)
            else:
                if passed and not is_behind:
                    times = counted(passed, "further time")
                    log.warning("reel %s: comes late, and covers %s at which it was due", name, times)
                is_behind = bool(passed)
                await self._make_logged(reel)

    async def _is_unmade(self, reel: ScheduledReel, due: datetime, *, since_created: bool = False) -> bool:
        """Return whether a time's reel is missing; with ``since_created`` only where the ledger is older."""
        try:
            if since_created and self._ledger.created_utc() >= utc_text(due):
                return False
            return await asyncio.to_thread(reel.is_missing, due)
        except LedgerError as error:
            log.warning("reel %s: %s", reel.spec.name, error)
            return True

    async def _make_once(self, reel: ScheduledReel, due: datetime, *, late: bool = False) -> None:
        """Make the reel of one of its times, once all that happened until then is described."""
        name = reel.spec.name
        if late:
            log.info("reel %s: the one of %s is missing and is made now", name, date_time_text(due))
        await self._described(due)
        made = None
        for pause_s in (*self._pauses.retry_s, None):
            try:
                made = await self._made(reel, due)
                break
            except REEL_ERRORS as error:
                again = f"tried again in {pause_s:g} s" if pause_s is not None else "given up"
                log.warning("reel %s of %s: not made: %s; %s", name, date_time_text(due), error, again)
                if pause_s is None:
                    return
                await asyncio.sleep(pause_s)
        if made is None:
            log.info("reel %s: nothing to show from %s", name, span_text(reel.spec.since(due), due))

    async def _described(self, until: datetime) -> None:
        """Wait until the windows that began before ``until`` are closed and described, but not for ever."""
        closed_s = self._pauses.close_s - (datetime.now(UTC) - until).total_seconds()
        await asyncio.sleep(max(0.0, closed_s))
        with suppress(TimeoutError, WindowStoreError):
            async with asyncio.timeout(self._pauses.describe_s):
                # The ledger is written from other threads, too.
                while await asyncio.to_thread(self._oldest_pending_utc) < utc_text(until):  # noqa: ASYNC110
                    await asyncio.sleep(self._pauses.poll_s)

    def _oldest_pending_utc(self) -> str:
        return self._ledger.pending.oldest_pending_utc() or "~"

    async def _make_logged(self, reel: ScheduledReel) -> None:
        try:
            await self._made(reel)
        except REEL_ERRORS as error:
            log.warning("reel %s: not made: %s", reel.spec.name, error)

    async def _made(self, reel: ScheduledReel, until: datetime | None = None) -> Reel | None:
        """Make a reel that ends at ``until``, or now, and publish it; None where nothing is new."""
        async with self._one_reel:
            made = await reel.make(until or datetime.now(UTC))
            if made is not None:
                await self._publish(made, reel.series)
            return made

    async def _publish(self, made: Reel, series: ReelSeries) -> None:
        chapters = counted(len(made.chapters), "chapter")
        log.info("reel %s: %s, %s: %s", made.id, made.title, chapters, made.folder)
        await self._publisher.publish(made)
        try:
            series.drop_old()
        except (LedgerError, OSError) as error:
            log.warning("reel %s: older ones were not removed: %s", made.id, error)

    # When they are asked for

    async def request(self, name: str) -> None:
        """Make the next reel soon; beyond MAX_REQUESTS it is dropped, as its reel is requested already."""
        with suppress(asyncio.QueueFull):
            self._queue.put_nowait(name)

    async def _make_requested(self) -> None:
        while True:
            await self._make_logged(self._reels[await self._queue.get()])

    def named(self) -> list[NamedReelNow]:
        """Return each reel by its name, with its next time."""
        now = datetime.now(UTC)
        return [
            NamedReelNow(
                name=spec.name,
                cameras=spec.cameras,
                schedule=spec.schedule.text,
                next_utc=utc_text(spec.schedule.next_after(now)),
                keep=spec.keep,
            )
            for spec in (reel.spec for reel in self._reels.values())
        ]

    async def make_named(self, name: str) -> dict[str, Any] | None:
        """Make the reel of this name now and publish it; None where nothing is new.

        Returns its ``id`` and ``seq``. Raises ArchiveError as ``make_period`` does.
        """
        return await self._on_demand(partial(self._made, self._reels[name]))

    async def make_period(
        self, since_utc: str, until_utc: str, cameras: tuple[str, ...], like: str | None = None
    ) -> dict[str, Any] | None:
        """Make a reel of a time and some cameras, all if none is named, and publish it.

        With ``like`` it looks as the reel of that name, and shows that one's cameras where none is named.
        Returns its ``id`` and ``seq``; None where nothing happened. Raises ArchiveError when it cannot be
        made, or when MAX_REQUESTS wait already.
        """
        return await self._on_demand(partial(self._period, since_utc, until_utc, cameras, like))

    async def _period(
        self, since_utc: str, until_utc: str, cameras: tuple[str, ...], like: str | None
    ) -> Reel | None:
        series, look, shown = self._requested.series, self._requested.look, self._requested.cameras
        if like is not None:
            look, shown = self._reels[like].look, self._reels[like].spec.cameras
        async with self._one_reel:
            made = await series.make(look, cameras or shown, since_utc, until_utc, only_new=False)
            if made is not None:
                await self._publish(made, series)
            return made

    async def _on_demand(self, make: Callable[[], Awaitable[Reel | None]]) -> dict[str, Any] | None:
        if self._waiting >= MAX_REQUESTS:
            raise ArchiveError(f"{MAX_REQUESTS} reels are being made: try again in a minute")
        self._waiting += 1
        try:
            made = await make()
        except REEL_ERRORS as error:
            log.warning("a reel that was asked for: not made: %s", error)
            raise ArchiveError(
                f"the reel cannot be made: {reason_without_folder(error, self._ledger.data)}"
            ) from error
        finally:
            self._waiting -= 1
        return None if made is None else {"id": made.id, "seq": made.seq}


async def _next(schedule: Schedule, after: datetime) -> tuple[datetime, datetime]:
    """Wait for the first time after ``after``; return it, and the last time that has come meanwhile."""
    due, seen = schedule.next_after(after), after
    while (now := datetime.now(UTC)) < due:
        if now < seen:  # the clock was set back
            due = schedule.next_after(now)
        seen = now
        await asyncio.sleep(min((due - now).total_seconds(), CHECK_S))
    return due, schedule.last_until(now)


def _count(schedule: Schedule, first: datetime, end: datetime) -> int:
    """Return how many times there are from ``first`` until before ``end``, _MOST_PASSED at most."""
    count, at = 0, first
    while at < end and count < _MOST_PASSED:
        count, at = count + 1, schedule.next_after(at)
    return count
