"""Ctrl-C at any moment: while modules are loaded, in callbacks of libraries, and at the end."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time
from types import FrameType, TracebackType

STOPPED = 130
"""The exit code of what Ctrl-C has stopped, as shells have it."""

_LINE = b"livereel: stopped\n"
# After so long an interrupt that was lost is raised again: by then the callback has returned.
_AGAIN_S = 0.02


class Interrupts:
    """Has Ctrl-C end the program wherever it comes.

    Where it is ignored, as in the background of a shell, it stays so.

    Attributes:
        lost: whether one came where KeyboardInterrupt cannot be raised.
    """

    def __init__(self) -> None:
        self._handles = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        self.lost = False
        self._has_ended = False

    def end_at_once(self, code: int = STOPPED, line: bytes = _LINE) -> None:
        """End the process at the next Ctrl-C: nothing has begun yet, or all has ended."""
        self._has_ended = True
        # Python kills itself at its end where an interrupt came in such code, as that of a dataclass.
        exec("")  # noqa: S102  # resets that, and has no other effect

        def end(_number: int, _frame: FrameType | None) -> None:
            os.write(2, line)
            os._exit(code)

        if self._handles:
            signal.signal(signal.SIGINT, end)

    def stopped(self) -> int:
        """Say so, and return the exit code."""
        os.write(2, _LINE)
        return STOPPED

    def raise_them(self) -> None:
        """Raise KeyboardInterrupt at Ctrl-C.

        Python prints and drops it in finalizers, and in what FFmpeg calls to read or write, which then goes
        on. There it is raised again a little later. Cython drops it without a word while it adds a frame of
        its own, ``av.error.err_check`` for example, to a traceback: there it is only raised later.
        """
        self._has_ended = False
        if self._handles:
            signal.signal(signal.SIGINT, self._interrupt)
        sys.excepthook, sys.unraisablehook = self._uncaught, self._unraisable

    def _interrupt(self, _number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt, or a little later in a frame of Cython's, whose name is dotted."""
        if frame is None or "." not in frame.f_code.co_name:
            raise KeyboardInterrupt
        self._raise_soon()

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Also called by Cython, before ``_unraisable``."""
        if not issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)

    def _unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            sys.__unraisablehook__(unraisable)
        elif not _follows_another(unraisable.exc_value):
            self.lost = True
            self._raise_soon()

    def _raise_soon(self) -> None:
        _thread.start_new_thread(self._raise_again, ())  # which returns at once: this may be interrupted

    def _raise_again(self) -> None:
        time.sleep(_AGAIN_S)
        if not self._has_ended:
            # Where SIGINT is ignored, what was lost was a SIGTERM or SIGHUP.
            os.kill(os.getpid(), signal.SIGINT if self._handles else signal.SIGTERM)


def _follows_another(error: BaseException | None) -> bool:
    """Whether an interrupt came while another one is handled: what is half made is being removed."""
    while error is not None:
        error = error.__context__
        if isinstance(error, KeyboardInterrupt):
            return True
    return False
