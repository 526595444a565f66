"""The queue of windows that wait for a description: order, limits, outcomes.

Pending windows are stored elsewhere (in the ledger), so that neither a failed model nor a killed process
loses one. Order: cameras in turn, the newest window of each first; so live windows come before the backlog,
and a busy camera does not starve a calm one.

Overload is handled in two steps, both counted: windows are described by fewer keyframes once half of the
permitted number is pending or the token budget is nearly spent; beyond that number, those with the lowest
peaks are skipped.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from analyzer.describe.budget import Budget
from analyzer.describe.describer import DescribeError, Describer, as_describe_error, tried
from analyzer.describe.model.pictures import strongest
from analyzer.describe.model_health import ModelHealth
from analyzer.describe.moment import Moment
from analyzer.describe.retries import Retries
from analyzer.describe.settings import MODEL_BACKOFF, DescribeSettings
from analyzer.describe.window_store import WindowStore, WindowStoreError
from analyzer.signal.window import Outcome, Window
from base.backoff import Backoff
from base.plural import counted
from base.tasks import cancel_all

log = logging.getLogger(__name__)


@dataclass(slots=True)
class QueueCounts:
    """What the queue has done so far."""

    described: int = 0
    late: int = 0
    failed: int = 0
    retried: int = 0
    skipped: int = 0
    thinned: int = 0


async def _ignore(_: Moment) -> None:
    """Do nothing with a moment."""


class DescribeQueue:
    """Takes pending windows from a store, has them described, and records how each ended.

    Attributes:
        counts: what was done so far.
    """

    def __init__(
        self,
        describer: Describer,
        store: WindowStore,
        settings: DescribeSettings,
        *,
        age_s: Callable[[Window], float],
        held: Callable[[], Collection[str]] = tuple,
        on_moment: Callable[[Moment], Awaitable[None]] = _ignore,
        backoff: Backoff = MODEL_BACKOFF,
        now_s: Callable[[], float] | None = None,
    ) -> None:
        """Describe the pending windows of a store.

        Args:
            describer: describes a window.
            store: where windows are pending and where their outcomes are recorded.
            settings: the limits: at a time, per period, and of pending windows.
            backoff: pauses after each failure of the model in a row.
            age_s: returns how long ago a window ended.
            held: returns the ids of windows that are not to be described yet; call ``wake`` when one may be.
            on_moment: called with each moment after its outcome was recorded.
            now_s: a monotonic clock; the loop's by default.
        """
        self._describer = describer
        self._store = store
        self._settings = settings
        self._age_s = age_s
        self._held = held
        self._on_moment = on_moment
        self._now_s = now_s or asyncio.get_running_loop().time
        self._windows = Budget(settings.windows_per_minute, 60.0, self._now_s)
        self._tokens = Budget(settings.tokens_per_hour, 3600.0, self._now_s)
        self._changed = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Outcomes that are not recorded yet; nothing more is started before they are.
        self._ends: deque[tuple[str, Outcome, Moment | None]] = deque()
        self._turn = 0
        self._served: dict[str, int] = {}  # the turn at which a camera was served last
        self._health = ModelHealth(settings.at_once, backoff, self._now_s)
        self._retries = Retries(self._health)
        self.counts = QueueCounts()

    @property
    def is_down(self) -> bool:
        """Whether the model fails again and again, or refuses; it is tried with growing pauses."""
        return self._health.is_down

    @property
    def down_reason(self) -> str | None:
        """Why the model is down; None while it is not."""
        return self._health.reason

    def wake(self) -> None:
        """Look for new pending windows."""
        self._changed.set()

    async def run(self) -> None:
        """Describe until cancelled; then requests are cancelled, and their windows stay pending.

        Raises WindowStoreError, and cancels requests then, too; outcomes that could not be recorded are
        recorded by the next call.
        """
        try:
            while True:
                self._changed.clear()
                await self._record_ends()
                self._skip_excess()
                started = self._start_next()
                if not started:
                    await self._wait()
        finally:
            await cancel_all(self._tasks.values())

    async def drain(self, timeout_s: float) -> None:
        """Describe until no window is pending, the model is down or the time is over."""
        running = asyncio.create_task(self.run())
        deadline_s = self._now_s() + timeout_s
        try:
            while (self._tasks or self._ends or self._store.count_pending()) and not self.is_down:
                if running.done() or self._now_s() > deadline_s:
                    break
                await asyncio.wait(
                    [running, *self._tasks.values()], timeout=0.1, return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            running.cancel()
            await asyncio.wait([running])
        if not running.cancelled():
            try:
                running.result()
            except WindowStoreError as error:
                log.warning("descriptions must wait: %s", error)

    def _skip_excess(self) -> None:
        excess = self._store.count_pending() - self._settings.max_waiting
        if excess > 0:
            skipped = self._store.skip_lowest(excess, self._tasks)
            self.counts.skipped += skipped
            windows = counted(skipped, "window")
            log.warning("describe: %s skipped, those with the lowest peaks: too many windows wait", windows)

    def _start_next(self) -> int:
        """Start as many windows as permitted; returns how many."""
        room = self._health.max_in_flight - len(self._tasks)
        if room <= 0 or self._pause_s() > 0.0:
            return 0
        started = 0
        while started < room and self._pause_s() == 0.0:
            newest = self._newest()
            if not newest:
                break
            for camera, window_id in sorted(newest, key=self._served_before)[: room - started]:
                if self._pause_s() > 0.0:
                    break
                self._start(camera, window_id)
                started += 1
        return started

    def _newest(self) -> list[tuple[str, str]]:
        """Return the newest window of each camera; while the model fails, not those it failed with."""
        busy = {*self._tasks, *self._held()}
        newest = self._store.newest_pending(self._retries.deferred | busy)
        if newest or not self._retries.deferred:
            return newest
        self._retries.deferred.clear()
        return self._store.newest_pending(busy)

    def _served_before(self, waiting: tuple[str, str]) -> int:
        return self._served.get(waiting[0], 0)

    def _start(self, camera: str, window_id: str) -> None:
        self._turn += 1
        self._served[camera] = self._turn
        window = self._store.window(window_id)
        shown = self._with_fewer_keyframes(window)
        self._windows.spend(1.0)
        try:
            self._tokens.spend(self._describer.tokens(shown))
        except Exception as error:  # noqa: BLE001  # describers are extensible
            self._failed(window, as_describe_error(error))
            return
        self._tasks[window_id] = asyncio.create_task(self._describe(window, shown))

    def _pause_s(self) -> float:
        """Return how long to wait before the next request, because of failures or of a budget."""
        return max(
            self._health.pause_s(),
            self._windows.wait_s(),
            self._tokens.wait_s(),
        )

    async def _wait(self) -> None:
        """Wait for a new window, for an answer, or until a pause is over."""
        pause_s = self._pause_s()
        change = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait(
                [change, *self._tasks.values()],
                timeout=pause_s if pause_s > 0.0 else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            change.cancel()

    def _with_fewer_keyframes(self, window: Window) -> Window:
        """Return the window with half its keyframes, the strongest, when too many windows are pending."""
        behind = self._store.count_pending() > self._settings.max_waiting / 2
        if not (behind or self._tokens.share < 0.25) or len(window.keyframes) < 2:
            return window
        self.counts.thinned += 1
        return strongest(window, (len(window.keyframes) + 1) // 2)

    async def _describe(self, window: Window, shown: Window) -> None:
        try:
            await self._request(window, shown)
            with suppress(WindowStoreError):  # then ``run`` records it
                await self._record_ends()
        finally:
            self._tasks.pop(window.id, None)
            self._changed.set()

    async def _request(self, window: Window, shown: Window) -> None:
        """Request the description of a window, by all of its keyframes or those of ``shown``.

        Any exception of the describer is counted as a failure and not raised.
        """
        moment = await tried(lambda: self._described(window, shown))
        if isinstance(moment, DescribeError):
            self._failed(window, moment)
        else:
            self._succeeded(moment)

    async def _described(self, window: Window, shown: Window) -> Moment:
        described = await self._describer.describe(shown)
        late = self._age_s(window) > self._settings.late_after_s
        return replace(described, window=window, late=late)

    async def _record_ends(self) -> None:
        while self._ends:
            window_id, outcome, moment = self._ends[0]
            self._store.end_window(window_id, outcome, moment)
            self._ends.popleft()
            if moment is not None:
                await self._on_moment(moment)

    def _succeeded(self, moment: Moment) -> None:
        self._retries.succeeded(moment.window.id)
        self._ends.append((moment.window.id, Outcome.DESCRIBED, moment))
        self.counts.described += 1
        self.counts.late += moment.late

    def _failed(self, window: Window, error: DescribeError) -> None:
        """Count a failure; the window ends, or stays pending where the model is to blame."""
        if self._retries.failed(window.id, error):
            self.counts.retried += 1
            return
        log.warning("%s: not described: %s", window.id, error)
        self._ends.append((window.id, Outcome.MODEL_FAILED, None))
        self.counts.failed += 1
