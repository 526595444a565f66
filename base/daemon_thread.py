"""Run a blocking call in a daemon thread, which does not delay the end of the program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


async def run_in_daemon_thread(call: Callable[[], None]) -> None:
    """Run a blocking call in a thread of its own and wait for it; cancelling leaves the thread behind.

    The default executor's threads are joined when the loop ends; a daemon thread is not. Raises what the
    call raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def run() -> None:
        error: Exception | None = None
        try:
            call()
        except Exception as raised:  # noqa: BLE001  # re-raised in the awaiting task
            error = raised
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(_settle, done, error)

    threading.Thread(target=run, daemon=True).start()
    await done


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
