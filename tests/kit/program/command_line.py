"""The command line, as a user types it: what it prints, how it ends, how much memory it takes."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from livereel.cli import main as cli
from livereel.cli.log import OURS

LIVEREEL = Path(sys.executable).with_name("livereel")

# The kernel's own high-water mark: that of getrusage also counts the process that started this one.
_WITH_PEAK = """
import atexit, pathlib, re, sys
def tell():
    status = pathlib.Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", status)[1], file=sys.stderr)
atexit.register(tell)
from livereel.cli.main import main
main()
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs commands in this process: quick, but signals and closed pipes want one of their own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["livereel", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended, _log_left_alone(), _interrupts_left_alone():
            cli.main()
        said = self._capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    def failure(self, *arguments: str | Path, code: int = 1) -> str:
        """The one line that a command fails with."""
        ended = self(*arguments)
        assert ended.code == code, ended
        assert ended.out == ""
        (line,) = ended.err.splitlines()
        assert line.startswith("livereel: ")
        return line.removeprefix("livereel: ")


@contextmanager
def _log_left_alone() -> Iterator[None]:
    """Undo what a command does to the log, which is the process's."""
    handlers, loggers = list(logging.root.handlers), [logging.root, *map(logging.getLogger, OURS)]
    levels = [logger.level for logger in loggers]
    try:
        yield
    finally:
        logging.root.handlers = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _interrupts_left_alone() -> Iterator[None]:
    """Undo what a command does to Ctrl-C, which would end the process of the tests."""
    handler, hooks = signal.getsignal(signal.SIGINT), (sys.excepthook, sys.unraisablehook)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        sys.excepthook, sys.unraisablehook = hooks


def peak_bytes(arguments: Sequence[str | Path]) -> int:
    """The most memory that a command took, by the kernel's count."""
    command = [sys.executable, "-c", _WITH_PEAK, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stderr.rpartition("peak ")[2]) * 1024
