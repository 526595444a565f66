"""Ends an engine whose program was killed: vLLM's processes would keep the GPU's memory for ever.

Run as a program, since nobody else is left to do it then: it knows its parent's engine by looking, every
second, and what its parent's end is by the pipe between them.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LOOK_S = 1.0
_ENGINE = (b"multiprocessing.spawn", b"VLLM::")  # as it starts, and once it has given itself a name


class Guard:
    """Watches over this process, where the system tells of processes (Linux), until it is dismissed."""

    def __init__(self) -> None:
        """Begin; raises OSError."""
        self._process: subprocess.Popen[bytes] | None = None
        if hasattr(os, "pidfd_open"):
            # A session of its own: the terminal's Ctrl-C is not for it.
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
            )

    def dismiss(self) -> None:
        """Stop watching; nothing is ended. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            with process:
                process.kill()


def _engine(parent: int) -> Iterator[int]:
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):  # the thread, or the child, ended meanwhile
            for pid in children.read_text().split():
                if any(name in Path(f"/proc/{pid}/cmdline").read_bytes() for name in _ENGINE):
                    yield int(pid)


def _watch() -> None:
    parent = os.getppid()
    known: dict[int, int] = {}
    while not select.select([sys.stdin], [], [], _LOOK_S)[0]:  # readable: at its end
        for pid in _engine(parent):
            with suppress(ProcessLookupError):
                known[pid] = known.get(pid) or os.pidfd_open(pid)
    for handle in known.values():
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)


if __name__ == "__main__":
    _watch()
