"""Compiles a reel in a child process, which can be killed at any time and has less priority than cameras."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import replace
from pathlib import Path

from analyzer.reel.compile import ReelPlan, compile_reel
from analyzer.reel.records import Reel, ReelError
from analyzer.reel.settings import ReelSettings
from analyzer.report.page import report
from base.atomic import PART, atomic_folder
from base.child_process import Child, become_child
from stream.media.file import MediaError

NICENESS = 10
# Re-encoding ten 4K chapters on a slow, busy machine takes less. A process that hangs blocks all other reels.
MAX_S = 1800.0

Job = tuple[ReelPlan, Path, ReelSettings]


async def compile_in_process(plan: ReelPlan, folder: Path, settings: ReelSettings) -> Reel:
    """Compile a reel into the new folder ``folder``, which appears complete or not at all.

    When cancelled, or not done in MAX_S, the process is ended first. Raises ReelError, MediaError or OSError.
    """
    child = Child("livereel.reels.compile_process", "run", f"reel {plan.id}")
    asked = asyncio.ensure_future(asyncio.to_thread(_ask, child, (plan, folder, settings)))
    made = False
    try:
        async with asyncio.timeout(MAX_S):
            reel = await asyncio.shield(asked)
    except TimeoutError as error:
        raise ReelError(f"not made within {MAX_S:g} s") from error
    else:
        made = True
        return reel
    finally:
        child.kill()
        await asyncio.wait([asked])
        asked.exception()  # raised already, or caused by the kill
        await asyncio.to_thread(child.wait)
        child.pipe.close()
        if not made:
            await asyncio.to_thread(shutil.rmtree, folder.with_name(folder.name + PART), ignore_errors=True)


def _ask(child: Child, job: Job) -> Reel:
    try:
        child.pipe.send(job)
        answer = child.pipe.recv()
    except (EOFError, OSError) as error:
        raise ReelError(f"its process died: {child.wait()}") from error
    if isinstance(answer, Reel):
        return answer
    raise answer


def run(handle: int, parent_pid: int) -> None:
    """Run in the child process: receive one job, compile it, send the reel or the error."""
    pipe = become_child(handle, parent_pid)
    os.nice(NICENESS)
    try:
        pipe.send(_compiled(*pipe.recv()))
    except (EOFError, BrokenPipeError):
        return  # the parent has ended


def _compiled(plan: ReelPlan, folder: Path, settings: ReelSettings) -> Reel | Exception:
    try:
        with atomic_folder(folder) as part:
            reel = compile_reel(plan, part, settings, report)
    except (ReelError, MediaError, OSError) as error:
        return error
    return replace(reel, folder=folder)
