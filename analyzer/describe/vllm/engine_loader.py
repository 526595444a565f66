"""An engine on its way up, in a thread of its own: who no longer wants it need not wait for it."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import resource_tracker

from analyzer.describe.describer import DescribeError
from analyzer.describe.vllm.engine import Engine, EngineSettings
from analyzer.describe.vllm.orphan_guard import Guard

# The tracker tells what it clears away behind an engine that was killed.
_SILENCE = "ignore::UserWarning:multiprocessing.resource_tracker"
_NAMELESS_POOL = "ThreadPoolExecutor-"  # ours have names
_PATIENCE_S = 2.0  # with a thread that is told to give up; one inside a library's code hears it late


class Loading:
    """One attempt to have an engine; belongs to the event loop that it is made in.

    Attributes:
        engine: the engine once it is there, or the DescribeError that it failed with.
    """

    def __init__(self, settings: EngineSettings, dead: Loading | None = None) -> None:
        """Begin; the engine of ``dead`` is closed first."""
        self._guard: Guard = dead._guard if dead else Guard()  # noqa: SLF001  # one of our own
        self._loop = asyncio.get_running_loop()
        self.engine: asyncio.Future[Engine] = self._loop.create_future()
        self.engine.add_done_callback(asyncio.Future.exception)  # nobody has to ask for it
        # A daemon: Python would wait for any other before it ends.
        self._thread = threading.Thread(target=self._run, args=(settings, dead), name="engine", daemon=True)
        self._thread.start()

    def _run(self, settings: EngineSettings, dead: Loading | None) -> None:
        # The engine's processes inherit this: Ctrl-C is for this process, which then ends them. To start
        # the tracker would unblock it again, so that comes first.
        os.environ.setdefault("PYTHONWARNINGS", _SILENCE)
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        with suppress(_GivenUpError, RuntimeError):  # or the loop has gone, and all with it
            try:
                if dead is not None:
                    dead.engine.result().close()
                engine = Engine(settings)
            except Exception as error:  # noqa: BLE001  # it is raised to who waits for the engine
                self._loop.call_soon_threadsafe(self._take, error)
            else:
                self._loop.call_soon_threadsafe(self._take, engine)

    def _take(self, outcome: Engine | Exception) -> None:
        if self.engine.done():
            return
        if isinstance(outcome, Exception):
            self.engine.set_exception(outcome)
        else:
            self.engine.set_result(outcome)

    @property
    def is_dead(self) -> bool:
        """Loaded, and gone since; one that could not be loaded is not dead, and not tried again."""
        return self.engine.done() and self.engine.exception() is None and not self.engine.result().alive

    async def end(self) -> None:
        """Stop the engine. One that is still being loaded is given up: that takes some seconds at most."""
        give_up_s = time.monotonic() + _PATIENCE_S
        while (busy := self._busy()) and time.monotonic() < give_up_s:
            for thread in busy:
                _interrupt(thread)
            self._kill()
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.0)  # what the thread told last is heard
        if not self.engine.done():
            self._kill()
            self.engine.set_exception(DescribeError("the model was given up while it was loaded"))
        elif self.engine.exception() is None:
            await asyncio.to_thread(self.engine.result().close)
        await asyncio.to_thread(self._guard.dismiss)

    def _kill(self) -> None:
        """End the processes of an engine that is not there yet: nobody else has such as these."""
        if not self.engine.done():
            for process in multiprocessing.active_children():
                process.kill()

    def _busy(self) -> list[threading.Thread]:
        """The thread that loads, and those in which vLLM goes on to warm up, for which Python would wait."""
        pools = [thread for thread in threading.enumerate() if thread.name.startswith(_NAMELESS_POOL)]
        busy = [thread for thread in pools if not _is_idle(thread)]
        return busy if self.engine.done() or not self._thread.is_alive() else [self._thread, *busy]


class _GivenUpError(BaseException):
    """Raised in a thread in the middle of whatever it does; not for ``except Exception`` to catch."""


def _interrupt(thread: threading.Thread) -> None:
    """Neither vLLM nor an import can be asked to stop: only Python itself can make a thread do so."""
    number = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(_GivenUpError))


def _is_idle(thread: threading.Thread) -> bool:
    """Whether a pool's thread waits for work."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001  # documented, for debuggers
    return frame is not None and frame.f_code.co_name == "_worker"
