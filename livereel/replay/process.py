"""Measures windows again in a child process, which can be killed and has less priority than cameras."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from base.child_process import Child, become_child
from livereel.replay.engine import Replay, ReplayError, picture_px, replay

NICENESS = 10
# Ten minutes of 4K take less on a slow machine; a decoder that hangs would block all others.
MAX_S = 300.0


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """Which windows to measure, and how; without settings only the size of their picture is looked for."""

    windows: tuple[Window, ...]
    settings: WindowSettings | None


async def replay_in_process(job: ReplayJob, max_s: float = MAX_S) -> Replay:
    """Measure windows again. When cancelled, or not done in ``max_s``, the process is ended first.

    Raises ReplayError or OSError.
    """
    child = Child("livereel.replay.process", "run", "replay")
    asked = asyncio.ensure_future(asyncio.to_thread(_ask, child, job))
    try:
        async with asyncio.timeout(max_s):
            return await asyncio.shield(asked)
    except TimeoutError as error:
        raise ReplayError(f"not done within {max_s:g} s") from error
    finally:
        child.kill()
        await asyncio.wait([asked])
        asked.exception()  # raised already, or caused by the kill
        await asyncio.to_thread(child.wait)
        child.pipe.close()


def _ask(child: Child, job: ReplayJob) -> Replay:
    try:
        child.pipe.send(job)
        answer = child.pipe.recv()
    except (EOFError, OSError) as error:
        raise ReplayError(f"its process died: {child.wait()}") from error
    if isinstance(answer, Replay):
        return answer
    raise answer


def run(handle: int, parent_pid: int) -> None:
    """Run in the child process: receive one job, do it, send what was found or the error."""
    pipe = become_child(handle, parent_pid)
    os.nice(NICENESS)
    try:
        pipe.send(_done(pipe.recv()))
    except (EOFError, BrokenPipeError):
        return  # the parent has ended


def _done(job: ReplayJob) -> Replay | ReplayError:
    try:
        if job.settings is not None:
            return replay(job.windows, job.settings)
        return Replay(picture_px(job.windows[-1]), ())
    except ReplayError as error:
        return error
