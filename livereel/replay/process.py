"""Measures windows again in a child process, which can be killed and has less priority than cameras."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from base.child_job import ChildDiedError, answer_of, serve_job
from base.child_process import Child
from livereel.replay.engine import Replay, ReplayError, picture_px, replay

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
    try:
        replayed: Replay = await answer_of(child, job, max_s)
    except TimeoutError as error:
        raise ReplayError(f"not done within {max_s:g} s") from error
    except ChildDiedError as error:
        raise ReplayError(str(error)) from error
    return replayed


def run(handle: int, parent_pid: int) -> None:
    """Run in the child process: receive one job, do it, send what was found or the error."""
    serve_job(handle, parent_pid, _done)


def _done(job: ReplayJob) -> Replay | ReplayError:
    try:
        if job.settings is not None:
            return replay(job.windows, job.settings)
        return Replay(picture_px(job.windows[-1]), ())
    except ReplayError as error:
        return error
