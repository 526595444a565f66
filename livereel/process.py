"""A camera's process as the main process sees it: started, listened to, and ended.

Started as a program of its own, not by ``multiprocessing``, which would import the main program's modules
in each camera's process too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from multiprocessing.connection import Pipe

from livereel.worker import HELD_SIGNALS, CameraSettings, Report

# Reports that may wait for the main process. When it is full the camera's process waits to send, and its
# packets wait in its own bounded queue.
MAX_REPORTS = 256

_PROGRAM = "import sys; from livereel.worker import run; run(int(sys.argv[1]), int(sys.argv[2]))"
_ENVIRONMENT = {
    # One thread does the arithmetic, and memory that threads let go is for the others to take.
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


class CameraProcess:
    """A camera's process and its pipe.

    The pipe is read in a thread: a process that is stopped in the middle of a report would block the loop.

    Attributes:
        pid: its number.
    """

    def __init__(self, settings: CameraSettings) -> None:
        """Start it; raises OSError."""
        self._pipe, theirs = Pipe()
        command = [
            sys.executable,
            "-P",
            "-c",
            _PROGRAM,
            str(theirs.fileno()),
            str(os.getpid()),
            settings.name,
        ]
        with theirs, _held(HELD_SIGNALS):
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_ENVIRONMENT},
            )
        self.pid = self._process.pid
        with suppress(OSError):  # it has died already: the pipe tells
            self._pipe.send(settings)
        self._loop = asyncio.get_running_loop()
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue(MAX_REPORTS)
        self._over = False
        threading.Thread(target=self._read, name=settings.name, daemon=True).start()

    async def next(self) -> Report | None:
        """The next report, as soon as there is one; None when the process is gone."""
        report = None if self._over else await self._reports.get()
        self._over = report is None
        return report

    def _read(self) -> None:
        report: Report | None = None
        while True:
            try:
                report = self._pipe.recv()
            except (EOFError, OSError):
                report = None
            try:
                asyncio.run_coroutine_threadsafe(self._reports.put(report), self._loop).result()
            except (RuntimeError, CancelledError):
                return  # the loop has gone
            if report is None:
                return

    def say_stop(self) -> None:
        """Say the one word that the process listens for; one that is gone need not hear it."""
        with suppress(OSError):
            self._pipe.send("stop")

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()

    async def died_of(self) -> str:
        """Wait for its end, and say what it was, as ``SIGSEGV`` or ``exit code 1``."""
        code = await asyncio.to_thread(self._process.wait)
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    async def end(self) -> None:
        """Kill the process if it is still there, and wait until nothing is left of it."""
        self.kill()
        await asyncio.to_thread(self._process.wait)
        while await self.next() is not None:
            pass  # the thread that reads may be waiting for room
        self._pipe.close()


@contextmanager
def _held(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Keep signals waiting; what is started inside has them blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
