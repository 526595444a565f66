"""Processes of our own: started as programs, spoken to over a pipe, gone with the main process.

Not ``multiprocessing``'s: those import all that the main program imports before they begin.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from typing import Any

# Blocked when a process is started, until it ignores them: meant for the main process, sent to all.
_HELD_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ENVIRONMENT = {
    # One thread does the arithmetic, and memory that threads let go is for the others to take.
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


class Child:
    """A process that runs ``function(handle, parent_pid)`` of one of our modules, which calls ``at_home``.

    Attributes:
        pipe: to and from it; at its end when the process is gone.
        pid: its number.
    """

    def __init__(self, module: str, function: str, name: str) -> None:
        """Start it; ``name`` is for people who list processes. Raises OSError."""
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = Pipe()
        program = f"import sys; from {module} import {function}; {function}(*map(int, sys.argv[1:3]))"
        command = [sys.executable, "-P", "-c", program, str(theirs.fileno()), str(os.getpid()), name]
        with theirs, _held(_HELD_SIGNALS):
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_ENVIRONMENT},
            )
        self.pid = self._process.pid

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()

    def wait(self) -> str:
        """Block until it has ended; say how, as ``SIGSEGV`` or ``exit code 1``."""
        code = self._process.wait()
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


@contextmanager
def _held(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Keep signals waiting; what is started inside has them blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def at_home(handle: int, parent_pid: int) -> Connection[Any, Any]:
    """Make this process a child: return its end of the pipe.

    From now on Ctrl-C and a service manager's SIGTERM are the main process's business, and this process
    ends with it, however it ends.
    """
    for number in _HELD_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_SIGNALS)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):  # Linux: no orphan, though the main process be killed
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)  # it died before we could ask to be told
    return Connection(handle)
