"""Calls what may block for long where nobody has to wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


async def run_in_daemon_thread(call: Callable[[], None]) -> None:
    """Call what may block for long in a thread that nobody waits for, not even the program's end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def run() -> None:
        error: Exception | None = None
        try:
            call()
        except Exception as raised:  # noqa: BLE001  # raised to whoever waits
            error = raised
        with suppress(RuntimeError):  # the loop has gone
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
