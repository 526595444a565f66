"""The command line as a process: signals, a closed pipe, failures as lines, exit codes."""

from __future__ import annotations

import os
import re
import signal
import sys
from io import TextIOWrapper
from types import FrameType

import typer

from livereel.cli.interrupt import STOPPED, Interrupts
from livereel.cli.log import write_failure

# What typer proposes in place of a word that there is not.
_GUESSES = re.compile(r"\.? \(?(?:Did you mean|Possible options:) ([^?)]+)[?)]+")


def run(app: typer.Typer, interrupts: Interrupts) -> int:
    """Run a command line and return its exit code.

    0 is done, 1 a failure that can be expected, 2 wrong usage, 130 stopped by a signal; what is not done is
    one line on stderr. A fault of the program raises.
    """
    _end_as_ctrl_c_does()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files are bytes
    lines: list[str] = []
    interrupts.raise_them()
    try:
        code = _run(app)
    except BrokenPipeError:
        _discard_output()
        code = 1
    except KeyboardInterrupt:
        code = STOPPED
    except Exception as error:
        failure = _explained(error)
        if failure is None and not interrupts.lost:
            raise
        lines, code = failure or ([], STOPPED)
    interrupts.end_at_once()
    if interrupts.lost:  # whatever has come of it
        code = STOPPED
    for line in ["stopped"] if code == STOPPED else lines:
        write_failure(line)
    return code


def _end_as_ctrl_c_does() -> None:
    """Remove half-written files also at SIGTERM, and when the terminal is closed."""

    def interrupt(_number: int, frame: FrameType | None) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)
        else:
            raise KeyboardInterrupt  # started in the background, where Ctrl-C is ignored

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def _discard_output() -> None:
    """Discard further output: the reader has closed the pipe, as ``| head`` does; also at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(app: typer.Typer) -> int:
    try:
        # Not by the app itself, which would replace the hook for exceptions.
        return typer.main.get_command(app)(prog_name="livereel", standalone_mode=False) or 0
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()


def _explained(error: Exception) -> tuple[list[str], int] | None:
    """Return the lines of an expected failure and its exit code; None for a fault of the program."""
    # The command line's own errors, whose class typer does not export.
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        return [_usage(error.format_message(), getattr(error, "ctx", None))], error.exit_code
    from livereel.errors import exit_code, explain  # noqa: PLC0415  # slow, and for failures alone

    code = exit_code(error)
    return None if code is None else (explain(error).splitlines(), code)


def _usage(message: str, context: typer.Context | None) -> str:
    """``no such option: --nonsense (see livereel scan --help)``."""
    line = " ".join(message.split()).rstrip(".")
    line = line.replace("Value error, ", "").replace("Input should be", "must be")  # pydantic's own phrases
    line = _GUESSES.sub(lambda found: f"; did you mean {_listed(found.group(1))}?", line)
    line = line.replace("a valid integer, unable to parse string as an integer", "a whole number")
    line = line.replace("a valid number, unable to parse string as a number", "a number")
    command_path = _named_command() if context is None else context.command_path
    return f"{line[:1].lower()}{line[1:]} (see {command_path} --help)"


def _named_command() -> str:
    """Return the command as it was typed, for errors that do not know it."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    return f"livereel {name}" if name.isalpha() else "livereel"


def _listed(guesses: str) -> str:
    """``watch or search`` for ``'watch', 'search'``."""
    return " or ".join(guess.strip(" '") for guess in guesses.split(","))
