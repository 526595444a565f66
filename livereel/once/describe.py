"""Capture in a thread while windows are described: the pipeline of ``recap``."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from analyzer.describe.describer import DescribeError, Describer, RefusedError, tried
from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap
from analyzer.signal.window import Outcome, Window
from base.tasks import cancel_all

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a describer that fails is asked again.

    Attributes:
        retries_s: pauses before a window is tried again. A server that is busy may answer a little later; a
            file's reel does not wait for one that is gone.
        failures_in_a_row: after so many windows in a row that failed, a window is tried but once.
        ask_again_s: and only one window in so many seconds.
    """

    retries_s: tuple[float, ...] = (1.0, 3.0)
    failures_in_a_row: int = 3
    ask_again_s: float = 10.0


@dataclass(frozen=True, slots=True)
class EndedWindow:
    """How a window ended.

    Attributes:
        window: the window.
        outcome: ``described``, ``quiet`` or ``model_failed``.
        moment: its description, when described.
        error: why the model failed, when it did.
    """

    window: Window
    outcome: Outcome
    moment: Moment | None = None
    error: str | None = None


async def in_thread(items: Iterator[T]) -> AsyncIterator[T]:
    """Pull from an iterator that blocks, one item at a time, in a thread.

    When cancelled this ends once the thread has let go: what the iterator reads may be closed then.
    """
    end = object()
    while True:
        pull = asyncio.create_task(asyncio.to_thread(next, items, end))
        try:
            item = await asyncio.shield(pull)
        except asyncio.CancelledError:
            await asyncio.gather(pull, return_exceptions=True)
            raise
        if item is end:
            return
        yield item  # type: ignore[misc]  # not the end


class CircuitBreaker:
    """Asks a model again after failures, and hardly at all once it has failed window after window.

    It is open then: one window in a while still asks, and the others end at once, for the reason of the last
    failure. An answer closes it.
    """

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        self._policy = policy or RetryPolicy()
        self._failures = 0
        self._ask_at_s = 0.0
        self._reason = ""

    @property
    def is_open(self) -> bool:
        """Whether the model has failed for so many windows in a row that a window is tried but once."""
        return self._failures >= self._policy.failures_in_a_row

    async def asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask a model, again where the failure may pass; raises DescribeError for whatever it raises."""
        if self.is_open and time.monotonic() < self._ask_at_s:
            raise DescribeError(f"not asked, after: {self._reason}")
        self._ask_at_s = time.monotonic() + self._policy.ask_again_s
        answer = await tried(ask)
        for pause_s in self._policy.retries_s:
            if not isinstance(answer, DescribeError) or not answer.retryable or self.is_open:
                break
            await asyncio.sleep(pause_s)
            answer = await tried(ask)
        if isinstance(answer, DescribeError):
            self._count(answer)
            raise answer
        self._failures = 0
        return answer

    def _count(self, error: DescribeError) -> None:
        """Count a window's last failure, unless it was the window's own."""
        if error.retryable or isinstance(error, RefusedError):
            self._failures += 1
            self._reason = str(error)


Transcribe = Callable[[Window], Awaitable[Window]]
"""Returns a window with the text of its speech, where that comes in time; never raises."""


async def without_text(window: Window) -> Window:
    """Return a window whose speech stays without text."""
    return window


async def describe_all(
    seen: AsyncIterator[Window | Gap],
    describer: Describer,
    max_in_flight: int,
    take: Callable[[EndedWindow | Gap], None],
    policy: RetryPolicy | None = None,
    *,
    transcribe: Transcribe = without_text,
) -> None:
    """Describe windows as they come and hand ``take`` how each ended, and each gap, in their order.

    At most ``max_in_flight`` windows wait for descriptions; then reading waits, so this is for files.
    Whatever the describer raises ends its window; what ``seen`` or ``take`` raises is raised as it is,
    when no description is under way any more.
    """
    waiting: deque[asyncio.Task[EndedWindow] | Gap] = deque()
    breaker = CircuitBreaker(policy)

    def begun(item: Window | Gap) -> asyncio.Task[EndedWindow] | Gap:
        return (
            item
            if isinstance(item, Gap)
            else asyncio.create_task(_ended(item, describer, breaker, transcribe))
        )

    # Not a TaskGroup: it would wrap the one failure that there is, and the caller knows failures by type.
    try:
        async for item in seen:
            waiting.append(begun(item))
            while waiting and (len(waiting) > max_in_flight or _done(waiting[0])):
                take(await _result(waiting[0]))
                waiting.popleft()
        while waiting:
            take(await _result(waiting[0]))
            waiting.popleft()
    finally:
        await _cancel(waiting)


async def _cancel(items: Iterable[asyncio.Task[EndedWindow] | Gap]) -> None:
    await cancel_all([item for item in items if isinstance(item, asyncio.Task)])


def _done(item: asyncio.Task[EndedWindow] | Gap) -> bool:
    return isinstance(item, Gap) or item.done()


async def _result(item: asyncio.Task[EndedWindow] | Gap) -> EndedWindow | Gap:
    return item if isinstance(item, Gap) else await item


async def _ended(
    window: Window, describer: Describer, breaker: CircuitBreaker, transcribe: Transcribe
) -> EndedWindow:
    """Describe a window, again where the failure may pass."""
    if window.quiet:
        return EndedWindow(window, Outcome.QUIET)
    with_text = await transcribe(window)
    try:
        moment = await breaker.asked(lambda: describer.describe(with_text))
    except DescribeError as error:
        return EndedWindow(with_text, Outcome.MODEL_FAILED, error=str(error))
    return EndedWindow(with_text, Outcome.DESCRIBED, moment)
