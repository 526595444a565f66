"""The engine's child process as the main process sees it: started, asked and ended."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.text_model import Sampling, Schema
from analyzer.describe.settings import EngineSettings
from analyzer.describe.vllm.engine import VideoInput
from analyzer.describe.vllm.worker import Cancel, Ready, Reply, Request, Stop
from base.child_process import Child

# For the engine to end its own processes and release shared memory. After that the group is killed.
SHUTDOWN_S = 10.0


class EngineProcess:
    """A vLLM engine in a child process; belongs to the event loop that it is made in.

    Any number of requests may be open at a time. When the process ends, all of them fail.

    Attributes:
        ready: done when the model is loaded; DescribeError when it cannot be loaded.
    """

    def __init__(self, model: str, settings: EngineSettings) -> None:
        """Start the process, which then loads the model. Raises DescribeError or OSError."""
        _check(model)
        self._model = model
        self._loop = asyncio.get_running_loop()
        self._ids = itertools.count()
        self._pending: dict[int, asyncio.Future[str]] = {}
        self._ended = asyncio.Event()
        self.ready: asyncio.Future[Ready] = self._loop.create_future()
        self.ready.add_done_callback(asyncio.Future.exception)  # it may fail while nothing awaits it
        self._child = Child("analyzer.describe.vllm.worker", "run", "vllm")
        # A thread, so that a process that is stopped cannot block the event loop; one, to keep the order.
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._send((model, settings))
        threading.Thread(target=self._read, name="engine", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id, which is also the id of the group that all of the engine's processes belong to."""
        return self._child.pid

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended after the model was loaded."""
        return self._ended.is_set() and self.ready.done() and self.ready.exception() is None

    async def ask(
        self,
        system: str,
        user: str,
        schema: Schema | None,
        sampling: Sampling,
        *,
        video: VideoInput | None = None,
    ) -> str:
        """Return the text of the model's answer; see ``Engine.ask``.

        Raises DescribeError, a retryable one when the process ends meanwhile. When cancelled, the engine
        aborts the request.
        """
        if self._ended.is_set():
            raise self._died()
        request = Request(next(self._ids), system, user, schema, sampling, video)
        answer: asyncio.Future[str] = self._loop.create_future()
        self._pending[request.id] = answer
        self._send(request)
        try:
            return await answer
        except asyncio.CancelledError:
            self._send(Cancel(request.id))
            raise
        finally:
            del self._pending[request.id]

    async def close(self) -> None:
        """End the process and all of its group, at once where it is still loading. Safe to call twice."""
        if not self.ready.done():
            self.ready.set_exception(DescribeError("loading the model was cancelled"))
        elif self.ready.exception() is None:
            self._send(Stop())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), SHUTDOWN_S)
        self._child.kill()
        await self._ended.wait()
        self._sender.shutdown(wait=False, cancel_futures=True)
        self._child.pipe.close()

    def _send(self, message: Any) -> None:
        with suppress(RuntimeError):  # closed: there is no one to send to
            # Its OSError stays in the future that is dropped here: the reader sees the same end.
            self._sender.submit(self._child.pipe.send, message)

    def _read(self) -> None:
        """Pass on what the process sends (in a thread), and at last that it has ended."""
        message: Any = None
        while True:
            try:
                message = self._child.pipe.recv()
            except (EOFError, OSError):
                break
            with suppress(RuntimeError):  # the loop is closed, and the process will be ended
                self._loop.call_soon_threadsafe(self._receive, message)
        self._child.kill()  # the engine's own processes, too
        how = self._child.wait()
        with suppress(RuntimeError):  # the same
            self._loop.call_soon_threadsafe(self._end, how)

    def _receive(self, message: Ready | DescribeError | Reply) -> None:
        if isinstance(message, Reply):
            answer = self._pending.get(message.id)
            if answer is None or answer.done():
                return  # cancelled meanwhile
            if isinstance(message.answer, DescribeError):
                answer.set_exception(message.answer)
            else:
                answer.set_result(message.answer)
        elif self.ready.done():
            return  # given up meanwhile
        elif isinstance(message, DescribeError):
            self.ready.set_exception(message)
        else:
            self.ready.set_result(message)

    def _end(self, how: str) -> None:
        self._ended.set()
        if not self.ready.done():
            reason = f"vLLM cannot start {self._model}: its process ended with {how}"
            self.ready.set_exception(DescribeError(reason, retryable=True))
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(self._died())

    def _died(self) -> DescribeError:
        return DescribeError(f"vLLM's engine for {self._model} died", retryable=True)


def _check(model: str) -> None:
    """Find what can be found without starting a process; raises DescribeError."""
    # Hugging Face would be asked for a folder that does not exist, and its answer misleads.
    is_path = Path(model).is_absolute() or model.startswith(".") or model.count("/") > 1
    if is_path and not Path(model).is_dir():
        raise DescribeError(f"there is no model folder {model}")
    for library in ("vllm", "qwen_vl_utils"):
        if importlib.util.find_spec(library) is None:
            raise DescribeError(f"vLLM is not installed (no module {library}): pip install '.[vllm]'")
