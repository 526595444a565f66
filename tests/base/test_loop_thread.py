"""A loop in a thread of its own: results, failures, and an end of what is interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from base.loop_thread import LoopThread, Running


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with closing(LoopThread()) as thread:
        yield thread


async def doubled(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def failing() -> None:
    await asyncio.sleep(0)
    raise KeyError("gone")


def test_it_returns_and_raises_what_the_coroutine_does(loop: LoopThread) -> None:
    assert [loop.run(doubled(n)) for n in (1, 2)] == [2, 4]
    with pytest.raises(KeyError, match="gone"):
        loop.run(failing())


def test_it_works_inside_a_running_loop(loop: LoopThread) -> None:
    async def cell() -> int:
        return loop.run(doubled(3))

    assert asyncio.run(cell()) == 6


def test_an_interrupt_ends_the_coroutine_first(loop: LoopThread) -> None:
    ended = threading.Event()

    async def interrupted() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.set()

    with pytest.raises(KeyboardInterrupt):
        loop.run(interrupted())
    assert ended.is_set()
    assert loop.run(doubled(4)) == 8


def test_what_is_cancelled_before_it_began_has_ended() -> None:
    async def cancelled() -> Running[int]:
        running = Running(asyncio.get_running_loop(), doubled(5))
        running.cancel()
        await asyncio.sleep(0)
        return running

    assert isinstance(asyncio.run(cancelled()).ended.exception(0), asyncio.CancelledError)


def test_closing_it_cancels_what_runs_and_may_be_done_twice() -> None:
    loop = LoopThread()
    running = loop.start(asyncio.sleep(60))
    loop.close()
    loop.close()
    assert isinstance(running.ended.exception(), asyncio.CancelledError)
