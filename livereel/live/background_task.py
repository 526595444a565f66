"""A job that runs beside the program's work and must not end unheard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial

from sinks.sink import SinkError

log = logging.getLogger(__name__)


@asynccontextmanager
async def beside(name: str, job: Coroutine[object, object, None], stop: asyncio.Event) -> AsyncIterator[None]:
    """Run a job that ends once the block has told it to; leaving the block waits for that.

    Should it fail before, the log tells where at once, ``stop`` is set, as nobody would be told anything
    any more, and leaving the block raises SinkError, unless it ends in an error of its own.
    """
    running = asyncio.create_task(job)
    running.add_done_callback(partial(_ended, name, stop))
    try:
        yield
    finally:
        await asyncio.wait([running])
    if error := running.exception():
        raise SinkError(f"{name}: {type(error).__name__}: {error}") from error


def _ended(name: str, stop: asyncio.Event, job: asyncio.Task[None]) -> None:
    if not job.cancelled() and (error := job.exception()):
        log.error("%s has failed, which ends the run", name, exc_info=error)
    stop.set()
