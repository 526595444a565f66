"""One job for a child process: it is sent there and answered, and the process ends in any case."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

from base.child_process import Child, become_child

# Cameras come first.
NICENESS = 10


class ChildDiedError(Exception):
    """The process has ended without an answer; the message says how."""


async def answer_of(child: Child, job: object, max_s: float) -> Any:
    """Send a job to a child that runs ``serve_job``, and return its answer.

    When cancelled, or not done in ``max_s``, the process is ended first. Raises TimeoutError, ChildDiedError,
    or the exception that the answer is.
    """
    asked = asyncio.ensure_future(asyncio.to_thread(_ask, child, job))
    try:
        async with asyncio.timeout(max_s):
            return await asyncio.shield(asked)
    finally:
        child.kill()
        await asyncio.wait([asked])
        asked.exception()  # raised already, or caused by the kill
        await asyncio.to_thread(child.wait)
        child.pipe.close()


def _ask(child: Child, job: object) -> object:
    try:
        child.pipe.send(job)
        answer: object = child.pipe.recv()
    except (EOFError, OSError) as error:
        raise ChildDiedError(f"its process died: {child.wait()}") from error
    if isinstance(answer, Exception):
        raise answer
    return answer


def serve_job(handle: int, parent_pid: int, work: Callable[[Any], object]) -> None:
    """Run in the child process: receive one job, send what ``work`` returns: an answer, or an exception."""
    pipe = become_child(handle, parent_pid)
    os.nice(NICENESS)
    try:
        pipe.send(work(pipe.recv()))
    except (EOFError, BrokenPipeError):
        return  # the parent has ended
