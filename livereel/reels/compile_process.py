"""Compiles a reel in a child process, which can be killed at any time and has less priority than cameras."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

from analyzer.reel.compile import ReelPlan, compile_reel
from analyzer.reel.records import Reel, ReelError
from analyzer.reel.settings import ReelSettings
from analyzer.report.page import report
from base.atomic import PART, atomic_folder
from base.child_job import ChildDiedError, answer_of, serve_job
from base.child_process import Child
from stream.media.file import MediaError

# Re-encoding ten 4K chapters on a slow, busy machine takes less. A process that hangs blocks all other reels.
MAX_S = 1800.0

Job = tuple[ReelPlan, Path, ReelSettings]


async def compile_in_process(plan: ReelPlan, folder: Path, settings: ReelSettings) -> Reel:
    """Compile a reel into the new folder ``folder``, which appears complete or not at all.

    When cancelled, or not done in MAX_S, the process is ended first. Raises ReelError, MediaError or OSError.
    """
    child = Child("livereel.reels.compile_process", "run", f"reel {plan.id}")
    made = False
    try:
        reel: Reel = await answer_of(child, (plan, folder, settings), MAX_S)
    except TimeoutError as error:
        raise ReelError(f"not made within {MAX_S:g} s") from error
    except ChildDiedError as error:
        raise ReelError(str(error)) from error
    else:
        made = True
        return reel
    finally:
        if not made:
            await asyncio.to_thread(shutil.rmtree, folder.with_name(folder.name + PART), ignore_errors=True)


def run(handle: int, parent_pid: int) -> None:
    """Run in the child process: receive one job, compile it, send the reel or the error."""
    serve_job(handle, parent_pid, _compiled)


def _compiled(job: Job) -> Reel | Exception:
    plan, folder, settings = job
    try:
        with atomic_folder(folder) as part:
            reel = compile_reel(plan, part, settings, report)
    except (ReelError, MediaError, OSError) as error:
        return error
    return replace(reel, folder=folder)
