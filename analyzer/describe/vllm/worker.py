"""The engine's child process: loads the model, then answers requests that come over the pipe.

Keyframes cross the pipe as paths, answers as text, so the pipe carries a few kB per window.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.text_model import Sampling, Schema
from analyzer.describe.settings import EngineSettings
from analyzer.describe.vllm.engine import Engine, VideoInput
from base.child_process import become_child, kill_own_group


@dataclass(frozen=True, slots=True)
class Request:
    """A question, see ``Engine.ask``; the reply carries its ``id``."""

    id: int
    system: str
    user: str
    schema: Schema | None
    sampling: Sampling
    video: VideoInput | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Abort the request of this id; it gets no reply."""

    id: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Close the engine and exit."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded. A model that cannot be loaded sends a DescribeError in place of this."""

    context_tokens: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request: its text, or the error."""

    id: int
    answer: str | DescribeError


def run(handle: int, parent_pid: int) -> None:
    """Run the engine's process: receive a model and its EngineSettings over the pipe, load it and serve."""
    # Not killed with the parent: the engine has processes of its own, which would be left with the GPU's
    # memory. The reader sees the end of the pipe and kills the whole group.
    pipe = become_child(handle, parent_pid, dies_with_parent=False)
    asyncio.run(_serve(pipe, *pipe.recv()))


async def _serve(pipe: Connection[Any, Any], model: str, settings: EngineSettings) -> None:
    server = _Server(pipe, model)
    threading.Thread(target=server.read, args=(asyncio.get_running_loop(),), daemon=True).start()
    try:
        engine = Engine(model, settings)  # blocks the loop, which has nothing else to do yet
    except DescribeError as error:
        pipe.send(error)
        return
    pipe.send(Ready(engine.context_tokens))
    try:
        await server.serve(engine)
    finally:
        engine.close()


class _Server:
    """Answers requests, many at a time: the engine batches them."""

    def __init__(self, pipe: Connection[Any, Any], model: str) -> None:
        self._pipe = pipe
        self._model = model
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stopped = asyncio.Event()

    async def serve(self, engine: Engine) -> None:
        """Answer requests until a Stop arrives."""
        self._engine = engine
        await self._stopped.wait()
        for task in self._tasks.values():
            task.cancel()

    def read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass on the parent's messages (in a thread); end all processes of the engine when it is gone."""
        while True:
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                kill_own_group()
            loop.call_soon_threadsafe(self._receive, message)

    def _receive(self, message: Request | Cancel | Stop) -> None:
        match message:
            case Request():
                self._tasks[message.id] = asyncio.create_task(self._answer(message))
            case Cancel() if message.id in self._tasks:
                self._tasks[message.id].cancel()
            case Stop():
                self._stopped.set()

    async def _answer(self, request: Request) -> None:
        try:
            answer: str | DescribeError = await self._engine.ask(
                request.system, request.user, request.schema, request.sampling, video=request.video
            )
        except DescribeError as error:
            answer = error
        except Exception as error:  # noqa: BLE001  # whatever a library raises fails this request alone
            answer = DescribeError(f"{self._model}: {type(error).__name__}: {error}")
        finally:
            del self._tasks[request.id]
        if not self._engine.alive:
            kill_own_group()  # the parent fails all open requests, and starts another engine for the next
        self._pipe.send(Reply(request.id, answer))
