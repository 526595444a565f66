"""From a camera's loop to moments: the loop runs in a thread, words are made beside it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from analyzer.describe.describer import DescribeError, Describer
from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap
from analyzer.signal.window import Window

# A server that is busy may answer a little later; a file's reel does not wait for one that is gone.
RETRIES_S = (1.0, 3.0)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a window ended.

    Attributes:
        window: the window.
        name: ``described``, ``quiet`` or ``model_failed``.
        moment: its words, when described.
        error: why the model failed, when it did.
    """

    window: Window
    name: str
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


async def describe_all(
    seen: AsyncIterator[Window | Gap],
    describer: Describer,
    max_in_flight: int,
    take: Callable[[Outcome | Gap], None],
) -> None:
    """Describe windows as they come and hand ``take`` how each ended, and each gap, in their order.

    At most ``max_in_flight`` windows wait for words; then reading waits, so this is for files. What
    ``seen`` or ``take`` raises is raised as it is, when no description is under way any more.
    """
    waiting: deque[asyncio.Task[Outcome] | Gap] = deque()
    # Not a TaskGroup: it would wrap the one failure that there is, and the caller knows failures by type.
    try:
        async for item in seen:
            waiting.append(item if isinstance(item, Gap) else asyncio.create_task(_outcome(item, describer)))
            while waiting and (len(waiting) > max_in_flight or _done(waiting[0])):
                take(await _result(waiting[0]))
                waiting.popleft()
        while waiting:
            take(await _result(waiting[0]))
            waiting.popleft()
    finally:
        await _cancel(waiting)


async def _cancel(items: Iterable[asyncio.Task[Outcome] | Gap]) -> None:
    tasks = [item for item in items if isinstance(item, asyncio.Task)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _done(item: asyncio.Task[Outcome] | Gap) -> bool:
    return isinstance(item, Gap) or item.done()


async def _result(item: asyncio.Task[Outcome] | Gap) -> Outcome | Gap:
    return item if isinstance(item, Gap) else await item


async def _outcome(window: Window, describer: Describer) -> Outcome:
    if window.quiet:
        return Outcome(window, "quiet")
    for pause_s in RETRIES_S:
        try:
            return Outcome(window, "described", await describer.describe(window))
        except DescribeError as error:
            if not error.retryable:
                return Outcome(window, "model_failed", error=str(error))
        await asyncio.sleep(pause_s)
    try:
        return Outcome(window, "described", await describer.describe(window))
    except DescribeError as error:
        return Outcome(window, "model_failed", error=str(error))
