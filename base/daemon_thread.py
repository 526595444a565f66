"""Run a blocking call in a daemon thread, which does not delay the end of the program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")


async def run_in_daemon_thread(call: Callable[[], T]) -> T:
    """Return what a blocking call returns, made in a thread of its own; cancelling leaves the thread behind.

    The default executor's threads are joined when the loop ends; a daemon thread is not. Raises what the
    call raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(_settle, done, done.set_result, call())
        except Exception as raised:  # noqa: BLE001  # re-raised in the awaiting task
            settle = partial(_settle, done, done.set_exception, raised)
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, daemon=True).start()
    return await done


def _settle(done: asyncio.Future[T], settle: Callable[[V], None], value: V) -> None:
    if not done.done():
        settle(value)
