"""The queue of windows that wait for a description: order, limits, back-off.

The waiting windows themselves are kept by somebody else (the ledger), so that neither a dead model nor a
dead process loses one. The order: of each camera the newest first, the cameras in turn; so live windows
go before the backlog, and a busy camera does not starve a calm one.

Too much gives way in this order, and each is counted: fewer keyframes once the backlog is half of what
may wait or the token budget runs low; then, beyond what may wait, the windows with the lowest peaks.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from analyzer.describe.allowance import Allowance
from analyzer.describe.describer import DescribeError, Describer, RefusedError, as_describe_error
from analyzer.describe.moment import Moment
from analyzer.describe.pictures import strongest
from analyzer.describe.settings import DescribeSettings
from analyzer.signal.window import Outcome, Window
from base.plural import counted

log = logging.getLogger(__name__)

# Pauses after each failure in a row; the last one repeats.
PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# So many failures in a row, and the model is taken for gone: one window at a time asks after it.
_FAILURES_TO_OPEN = 3
# A window that fails so often while others succeed is the window's fault.
_MAX_ATTEMPTS = 5
# So many windows in a row that could not be described for reasons of their own, and it is the model.
_UNFIT_TO_OPEN = 10
# Windows that may fail in a minute, for each that may be asked about at once: beyond it none is asked about.
_FAILURES_PER_MINUTE = 4
# Windows that are passed over while the model fails, so that one of them cannot hold up the others.
_MAX_PASSED_OVER = 100


class WaitingError(Exception):
    """Where windows wait cannot be read or written, for now."""


class Waiting(Protocol):
    """Where windows wait. Calls block for a moment at most and may raise WaitingError."""

    def newest_pending(self, without: Collection[str]) -> list[tuple[str, str]]:
        """Camera and id of the newest waiting window of each camera, but for those in ``without``."""
        ...

    def window(self, window_id: str) -> Window:
        """A window by its id."""
        ...

    def count_pending(self) -> int:
        """How many wait."""
        ...

    def skip_lowest(self, count: int, without: Collection[str]) -> int:
        """End so many, the lowest peaks first, as ``skipped_overload``; returns how many there were."""
        ...

    def end_window(self, window_id: str, outcome: Outcome, moment: Moment | None = None) -> None:
        """Say how a window ended."""
        ...


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
    """For who needs no word of each moment."""


class DescribeQueue:
    """Takes windows from where they wait, has them described, and says how each ended.

    Attributes:
        counts: what was done so far.
        is_down: the model fails again and again, or refuses; it is asked after with growing pauses.
    """

    def __init__(
        self,
        describer: Describer,
        waiting: Waiting,
        settings: DescribeSettings,
        *,
        age_s: Callable[[Window], float],
        on_moment: Callable[[Moment], Awaitable[None]] = _ignore,
        pauses_s: Sequence[float] = PAUSES_S,
        now_s: Callable[[], float] | None = None,
    ) -> None:
        """Describe what waits in ``waiting``.

        Args:
            describer: puts a window into words.
            waiting: where windows wait and where their end is told.
            settings: how much at a time, and how much in all.
            pauses_s: after each failure in a row; the last one repeats.
            age_s: how long ago a window ended.
            on_moment: called with each moment once its end has been told.
            now_s: a monotonic clock; the loop's by default.
        """
        self._describer = describer
        self._waiting = waiting
        self._settings = settings
        self._pauses_s = pauses_s
        self._age_s = age_s
        self._on_moment = on_moment
        self._now_s = now_s or asyncio.get_running_loop().time
        self._windows = Allowance(settings.windows_per_minute, 60.0, self._now_s)
        self._tokens = Allowance(settings.tokens_per_hour, 3600.0, self._now_s)
        self._news = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # How windows ended, until that is told; nothing more is asked before.
        self._ends: deque[tuple[str, Outcome, Moment | None]] = deque()
        self._attempts: dict[str, int] = {}
        self._turn = 0
        self._served: dict[str, int] = {}  # the turn at which a camera was served last
        self._at_once = min(4, settings.at_once)
        self._failures = 0
        self._unfit = 0
        self._resume_s = 0.0
        self._reason = ""  # of the last failure
        self._passed_over: set[str] = set()
        # Whatever else is decided: no more than this fails.
        failing = float(max(60, _FAILURES_PER_MINUTE * settings.at_once))
        self._failing = Allowance(failing, 60.0, self._now_s)
        self.counts = QueueCounts()

    @property
    def is_down(self) -> bool:
        """The model has failed again and again since it last answered, or refuses."""
        return self._failures >= _FAILURES_TO_OPEN

    @property
    def trouble(self) -> str | None:
        """Why the model is down; None while it is not."""
        return self._reason if self.is_down else None

    def wake(self) -> None:
        """Something new waits."""
        self._news.set()

    async def run(self) -> None:
        """Describe for ever. Cancelled, it cancels what is asked; those windows wait on.

        Raises WaitingError, and cancels then too; what was answered by then is told by the next call.
        """
        try:
            while True:
                self._news.clear()
                await self._handle_end()
                self._give_way()
                started = self._start_next()
                if not started:
                    await self._rest()
        finally:
            await self._cancel()

    async def drain(self, timeout_s: float) -> None:
        """Describe what waits, until nothing does, the model is down or the time is over."""
        running = asyncio.create_task(self.run())
        deadline_s = self._now_s() + timeout_s
        while (self._tasks or self._ends or self._waiting.count_pending()) and not self.is_down:
            if self._now_s() > deadline_s:
                break
            await asyncio.wait(
                [running, *self._tasks.values()], timeout=0.1, return_when=asyncio.FIRST_COMPLETED
            )
            if running.done():
                break
        running.cancel()
        await asyncio.wait([running])

    def _give_way(self) -> None:
        excess = self._waiting.count_pending() - self._settings.max_waiting
        if excess > 0:
            skipped = self._waiting.skip_lowest(excess, self._tasks)
            self.counts.skipped += skipped
            windows = counted(skipped, "window")
            log.warning("words: %s skipped, those with the lowest peaks: too many wait", windows)

    def _start_next(self) -> int:
        """Start what may be started; returns how many."""
        room = (1 if self.is_down else self._at_once) - len(self._tasks)
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
        """The newest window of each camera; while the model fails, those that it has not failed with."""
        newest = self._waiting.newest_pending(self._passed_over.union(self._tasks))
        if newest or not self._passed_over:
            return newest
        self._passed_over.clear()
        return self._waiting.newest_pending(self._tasks)

    def _served_before(self, waiting: tuple[str, str]) -> int:
        return self._served.get(waiting[0], 0)

    def _start(self, camera: str, window_id: str) -> None:
        self._turn += 1
        self._served[camera] = self._turn
        window = self._waiting.window(window_id)
        shown = self._thinned(window)
        self._windows.spend(1.0)
        try:
            self._tokens.spend(self._describer.tokens(shown))
        except Exception as error:  # noqa: BLE001  # a describer may be anybody's
            self._failed(window, as_describe_error(error))
            return
        self._tasks[window_id] = asyncio.create_task(self._describe(window, shown))

    def _pause_s(self) -> float:
        """How long to wait before anything is asked: for the model's sake, or the budget's."""
        return max(
            self._resume_s - self._now_s(),
            self._windows.wait_s(),
            self._tokens.wait_s(),
            self._failing.wait_s(),
        )

    async def _rest(self) -> None:
        """Wait for news, for an answer, or until a pause is over."""
        pause_s = self._pause_s()
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait(
                [news, *self._tasks.values()],
                timeout=pause_s if pause_s > 0.0 else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            news.cancel()

    def _thinned(self, window: Window) -> Window:
        """With half its keyframes, the strongest, when there is too much to ask."""
        behind = self._waiting.count_pending() > self._settings.max_waiting / 2
        if not (behind or self._tokens.share < 0.25) or len(window.keyframes) < 2:
            return window
        self.counts.thinned += 1
        return strongest(window, (len(window.keyframes) + 1) // 2)

    async def _describe(self, window: Window, shown: Window) -> None:
        try:
            await self._ask(window, shown)
            with suppress(WaitingError):  # then ``run`` tells it
                await self._handle_end()
        finally:
            self._tasks.pop(window.id, None)
            self._news.set()

    async def _ask(self, window: Window, shown: Window) -> None:
        """Describe a window of which the model is ``shown`` all, or some keyframes.

        Whatever the describer raises is a failure, and nothing of it gets out of here.
        """
        try:
            described = await self._describer.describe(shown)
            late = self._age_s(window) > self._settings.late_after_s
            moment = replace(described, window=window, late=late)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._failed(window, as_describe_error(error))  # its own, not one of ours
        except Exception as error:  # noqa: BLE001  # a describer may be anybody's
            self._failed(window, as_describe_error(error))
        else:
            self._succeeded(moment)

    async def _handle_end(self) -> None:
        while self._ends:
            window_id, outcome, moment = self._ends[0]
            self._waiting.end_window(window_id, outcome, moment)
            self._ends.popleft()
            if moment is not None:
                await self._on_moment(moment)

    def _succeeded(self, moment: Moment) -> None:
        if self.is_down:
            log.info("words: the model answers again")
        self._failures = self._unfit = 0
        self._reason = ""
        self._passed_over.clear()
        self._at_once = min(self._settings.at_once, self._at_once + 1)
        self._attempts.pop(moment.window.id, None)
        self._ends.append((moment.window.id, Outcome.DESCRIBED, moment))
        self.counts.described += 1
        self.counts.late += moment.late

    def _failed(self, window: Window, error: DescribeError) -> None:
        """Count a failure; its window ends, or waits where the model, not the window, is to blame."""
        attempts = self._attempts[window.id] = self._attempts.get(window.id, 0) + 1
        self._failing.spend(1.0)
        may_pass = error.retryable or isinstance(error, RefusedError)
        self._unfit += not may_pass
        model_fails = self._failures > 0 if may_pass else self._unfit >= _UNFIT_TO_OPEN
        if may_pass or model_fails:
            self._hold_back(error)
        if (model_fails and may_pass) or (attempts < _MAX_ATTEMPTS and (model_fails or may_pass)):
            self._pass_over(window)
            self.counts.retried += 1
            return
        self._attempts.pop(window.id)
        log.warning("%s: no words: %s", window.id, error)
        self._ends.append((window.id, Outcome.MODEL_FAILED, None))
        self.counts.failed += 1

    def _pass_over(self, window: Window) -> None:
        """Try others before this one, while the model fails."""
        if len(self._passed_over) >= _MAX_PASSED_OVER:
            self._passed_over.clear()
        self._passed_over.add(window.id)

    def _hold_back(self, error: DescribeError) -> None:
        """Ask less at once and pause; the log has a line for each reason, and one that the model is down."""
        was_down, reason = self.is_down, str(error)
        known, self._reason = reason == self._reason, reason
        self._failures += 1
        if not error.retryable:  # a refusal, or all windows alike: nothing is gained by asking on
            self._failures = max(self._failures, _FAILURES_TO_OPEN)
        if self.is_down and not was_down:
            log.warning("words: the model does not answer: %s; windows wait", reason)
        elif not known:
            log.warning("words: %s; the window waits", reason)
        self._at_once = max(1, self._at_once // 2)
        pause_s = self._pauses_s[min(self._failures, len(self._pauses_s)) - 1]
        self._resume_s = self._now_s() + pause_s * random.uniform(0.75, 1.0)  # noqa: S311  # no secret

    async def _cancel(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
