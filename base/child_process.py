"""Child processes with a pipe, which end with the main process.

They are started as programs of their own rather than by ``multiprocessing``, whose spawned processes first
import everything that the main module imports.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, NoReturn

# Signals for the main process, which a service manager sends to every process. They are blocked while a child
# starts, until it ignores them.
_HELD_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ENVIRONMENT = {
    # One arithmetic thread per process; few malloc arenas, so that freed memory is shared by threads.
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


# At its end, a thread may still be in a call of FFmpeg that reads through Python. It would crash an
# interpreter that has been shut down.
_PROGRAM = """
import os, sys, traceback
from base.loading import loading
code = 1
try:
    with loading():
        from {module} import {function}
    {function}(*map(int, sys.argv[1:3]))
    code = 0
except BaseException:
    traceback.print_exc()
finally:
    os._exit(code)
"""


class Child:
    """A process that runs ``function(handle, parent_pid)`` of a module, which must call ``become_child``.

    It leads a process group of its own, which takes in the processes that it starts: a terminal's Ctrl-C
    does not reach them, and ``kill`` reaches them all.

    Attributes:
        pipe: this side of the pipe; reading it raises EOFError once the process has ended.
        pid: process id, and the id of its group.
    """

    def __init__(self, module: str, function: str, name: str) -> None:
        """Start the process; ``name`` shows in its command line. Raises OSError."""
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = Pipe()
        program = _PROGRAM.format(module=module, function=function)
        command = [sys.executable, "-P", "-c", program, str(theirs.fileno()), str(os.getpid()), name]
        with theirs, _blocked(_HELD_SIGNALS):
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter
                command,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_ENVIRONMENT},
                process_group=0,
            )
        self.pid = self._process.pid

    def kill(self) -> None:
        """Send SIGKILL to the whole group; does nothing once ``wait`` has returned."""
        if self._process.returncode is None:  # until it is reaped, nothing else can have its id
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def wait(self) -> str:
        """Block until the process has ended, and kill what is left of its group.

        Returns how it ended, as ``SIGSEGV`` or ``exit code 1``.
        """
        with suppress(ChildProcessError):  # reaped by another call
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            self.kill()
        code = self._process.wait()
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


@contextmanager
def _blocked(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Block signals. A process started inside the block inherits the mask."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def become_child(handle: int, parent_pid: int, *, dies_with_parent: bool = True) -> Connection[Any, Any]:
    """Make this process a child and return its end of the pipe.

    SIGINT and SIGTERM are ignored from here on, since the main process handles them and stops its children.
    The kernel kills this process when the main process ends, however it ends (Linux). A process that starts
    others passes ``dies_with_parent=False``, since the kernel would leave those alone: it reads the pipe to
    its end and calls ``kill_own_group``.
    """
    for number in _HELD_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_SIGNALS)
    libc = ctypes.CDLL(None)
    if dies_with_parent and hasattr(libc, "prctl"):  # Linux
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)  # the parent ended before prctl took effect
    return Connection(handle)


def kill_own_group() -> NoReturn:
    """Kill this process and all others of its group."""
    os.killpg(0, signal.SIGKILL)
    os._exit(1)  # for type checkers: SIGKILL does not return
