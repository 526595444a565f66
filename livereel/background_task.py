"""A task that runs as long as a block of code, and whose failure ends the run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial

from sinks.sink import SinkError

log = logging.getLogger(__name__)


@asynccontextmanager
async def running(
    name: str, job: Coroutine[object, object, None], stop: asyncio.Event
) -> AsyncIterator[None]:
    """Run ``job`` as a task; leaving the block waits for its end, which the block has to cause.

    If the task fails before, the failure is logged with its traceback at once and ``stop`` is set, since
    nothing would be published any more. Leaving the block then raises SinkError, unless the block raises
    an error of its own.
    """
    task = asyncio.create_task(job)
    task.add_done_callback(partial(_ended, name, stop))
    try:
        yield
    finally:
        await asyncio.wait([task])
    if error := task.exception():
        raise SinkError(f"{name}: {type(error).__name__}: {error}") from error


def _ended(name: str, stop: asyncio.Event, job: asyncio.Task[None]) -> None:
    if not job.cancelled() and (error := job.exception()):
        log.error("%s has failed, which ends the run", name, exc_info=error)
    stop.set()
