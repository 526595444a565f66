"""An asyncio loop in a thread of its own, for callers that have none or are inside another one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Running(Generic[T]):
    """A coroutine that runs in a loop of another thread.

    Attributes:
        ended: its result, or what it has raised: asyncio.CancelledError once it was cancelled.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self.ended: Future[T] = Future()
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[T] | None = None

    def begin(self) -> None:
        """Have the loop run it; to be called once, and not after ``cancel``."""
        self._loop.call_soon_threadsafe(self._begin)

    def cancel(self) -> None:
        """Cancel it; it has ended when ``ended`` is done."""
        self._loop.call_soon_threadsafe(self._cancel)

    def wait(self) -> None:
        """Wait for its end, whatever interrupts this thread: what it uses may be removed then."""
        while not self.ended.done():
            with suppress(KeyboardInterrupt, Exception, asyncio.CancelledError):
                self.ended.result()

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        elif not self.ended.done():  # what was to begin it was interrupted
            self._work.close()
            self.ended.set_exception(asyncio.CancelledError())

    def _end(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.ended.set_exception(asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            self.ended.set_exception(error)
        else:
            self.ended.set_result(task.result())


class LoopThread:
    """Runs coroutines in one loop, from any thread but its own. The thread ends with the program."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="loop", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Running[T]:
        """Start a coroutine and return at once."""
        running = Running(self._loop, work)
        running.begin()
        return running

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result, or raise what it raises.

        When this thread is interrupted, by Ctrl-C, the coroutine is cancelled, and nothing of it runs
        any more when the interrupt is raised.
        """
        running = Running(self._loop, work)
        try:
            running.begin()
            return running.ended.result()
        except BaseException:
            running.cancel()
            running.wait()
            raise

    def close(self) -> None:
        """Cancel what still runs, wait for its threads, and end the thread. Safe to call twice."""
        if self._thread.is_alive():
            self.start(_cancel_others()).wait()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
