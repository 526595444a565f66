"""The describer whose model, a Qwen-VL, runs on vLLM in a child process."""

from __future__ import annotations

import asyncio
import tempfile
import time
from copy import copy
from pathlib import Path
from typing import Any

from analyzer.describe.model.answer import read_object
from analyzer.describe.model.pictures import keyframe_files
from analyzer.describe.model.probe import Probe, drawn_window
from analyzer.describe.model.prompt import PICTURE_TOKENS, QUESTION_TOKENS, Prompts
from analyzer.describe.model.request import deadline, request_moment, request_with_retry
from analyzer.describe.model.text_model import Sampling, Schema
from analyzer.describe.moment import Moment
from analyzer.describe.settings import DescribeSettings, EngineSettings
from analyzer.describe.vllm.engine import VideoInput
from analyzer.describe.vllm.process import EngineProcess
from analyzer.signal.window import Window

DEFAULT_MODEL = "Qwen/Qwen2-VL-7B-Instruct"


class VllmDescriber:
    """Describes windows with a model of its own; also a TextModel.

    The model is loaded once, by ``start`` or the first question. An engine that has died is started again by
    the next question. Any number of questions may be open at a time: the engine batches them.
    """

    def __init__(self, settings: DescribeSettings | None = None, prompts: Prompts | None = None) -> None:
        self._settings = settings or DescribeSettings(kind="vllm")
        self._prompts = prompts or Prompts()
        self.model = self._settings.model or DEFAULT_MODEL
        self._engine = _Engine(self.model, self._settings.vllm)

    def with_prompts(self, prompts: Prompts) -> VllmDescriber:
        """Return a describer with other questions and the same engine: closing either closes it."""
        other = copy(self)
        other._prompts = prompts  # noqa: SLF001  # of this class
        return other

    async def start(self) -> None:
        """Load the model now; raises DescribeError."""
        await self._engine.ready()

    async def describe(self, window: Window) -> Moment:
        """Describe a window; raises DescribeError."""
        started_s = time.monotonic()
        question = self._prompts.question(window)
        files = await asyncio.to_thread(keyframe_files, window)
        at_s = [keyframe.pts_s - window.start_s for keyframe in window.keyframes]
        video = VideoInput(files, at_s, self._settings.vision_tokens)
        engine = await self._engine.ready()

        async def ask(note: str) -> str:
            return await engine.ask(
                question.system,
                question.user + note,
                question.schema,
                self._settings.describing,
                video=video,
            )

        async with deadline(self.model, self._settings.timeout_s):
            return await request_moment(window, question, self.model, ask, started_s)

    def tokens(self, window: Window) -> int:
        """Estimate the tokens: pictures within their budget, the question, and a whole answer."""
        pictures = min(self._settings.vision_tokens, PICTURE_TOKENS * len(window.keyframes))
        return pictures + QUESTION_TOKENS + self._settings.describing.max_tokens

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        """See TextModel."""
        engine = await self._engine.ready()

        async def ask(note: str) -> str:
            return await engine.ask(system, user + note, schema, sampling)

        async with deadline(self.model, self._settings.timeout_s):
            return await request_with_retry(self.model, ask, read_object)

    async def probe(self) -> Probe:
        """Describe a drawn window twice, loading the model first; raises DescribeError."""
        engine = await self._engine.ready()
        with tempfile.TemporaryDirectory() as folder:
            window = await asyncio.to_thread(drawn_window, Path(folder))
            await self.describe(window)  # the first of its size is slow
            moment = await self.describe(window)
        return Probe(
            model=self.model,
            context_tokens=engine.ready.result().context_tokens,
            schema=True,
            video=True,
            window_s=moment.latency_s,
            title=moment.title,
        )

    async def close(self) -> None:
        """Stop the engine and its processes, also while it is being loaded. Safe to call twice."""
        await self._engine.close()


class _Engine:
    """An engine that is started when it is needed, and again when it has died."""

    def __init__(self, model: str, settings: EngineSettings) -> None:
        self._model = model
        self._settings = settings
        self._process: EngineProcess | None = None

    async def ready(self) -> EngineProcess:
        """Return the engine once its model is loaded. Cancelling this leaves it loading until ``close``."""
        if self._process is not None and self._process.is_dead:
            dead, self._process = self._process, None
            await dead.close()
        if self._process is None:
            self._process = EngineProcess(self._model, self._settings)
        process = self._process
        await asyncio.shield(process.ready)
        return process

    async def close(self) -> None:
        """Stop it. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            await process.close()
