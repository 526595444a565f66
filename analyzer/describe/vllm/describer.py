"""The describer with its model in this process: a Qwen-VL on vLLM."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.describe.answer import read_object
from analyzer.describe.ask import ask_twice, deadline, moment
from analyzer.describe.moment import Moment
from analyzer.describe.pictures import read_jpegs
from analyzer.describe.probe import Probe, drawn_window
from analyzer.describe.prompt import PICTURE_TOKENS, QUESTION_TOKENS, Prompts
from analyzer.describe.text_model import DESCRIBING, Sampling, Schema
from analyzer.describe.vllm.engine import Engine, EngineSettings, Footage
from analyzer.describe.vllm.engine_loader import Loading
from analyzer.signal.window import Window


@dataclass(frozen=True, slots=True)
class VllmSettings:
    """The model, and how it is asked.

    Attributes:
        engine: which model, and how vLLM runs it.
        vision_tokens: what the pictures of a window may take of the context together. Pictures are shrunk
            to fit, never enlarged: 8 of 640x360 fit as they are, 12 are shrunk to 532x308.
        describing: how a window's words are drawn.
        timeout_s: how long an answer may take, all tries together; loading the model does not count.
    """

    engine: EngineSettings = field(default_factory=EngineSettings)
    vision_tokens: int = 1300
    describing: Sampling = DESCRIBING
    timeout_s: float = 60.0


class VllmDescriber:
    """Puts windows into words with a model of its own; also a TextModel.

    The model is loaded by ``start`` or the first question, once; an engine that dies is started anew by the
    next question. Any number of questions may be open at a time: the engine batches them.
    """

    def __init__(self, settings: VllmSettings | None = None, prompts: Prompts | None = None) -> None:
        self._settings = settings or VllmSettings()
        self._prompts = prompts or Prompts()
        self._loading: Loading | None = None
        self.model = self._settings.engine.model

    async def start(self) -> None:
        """Load the model now; raises DescribeError."""
        await self._engine()

    async def describe(self, window: Window) -> Moment:
        """Describe a window; raises DescribeError."""
        started_s = time.monotonic()
        question = self._prompts.question(window)
        jpegs = await asyncio.to_thread(read_jpegs, window)
        at_s = [keyframe.pts_s - window.start_s for keyframe in window.keyframes]
        footage = Footage(jpegs, at_s, self._settings.vision_tokens)
        engine = await self._engine()

        async def ask(note: str) -> str:
            return await engine.ask(
                question.system,
                question.user + note,
                question.schema,
                self._settings.describing,
                video=footage,
            )

        async with deadline(self.model, self._settings.timeout_s):
            return await moment(window, question, self.model, ask, started_s)

    def tokens(self, window: Window) -> int:
        """About: pictures as far as the budget for them goes, the question, and a whole answer."""
        pictures = min(self._settings.vision_tokens, PICTURE_TOKENS * len(window.keyframes))
        return pictures + QUESTION_TOKENS + self._settings.describing.max_tokens

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        """See TextModel."""
        engine = await self._engine()

        async def ask(note: str) -> str:
            return await engine.ask(system, user + note, schema, sampling)

        async with deadline(self.model, self._settings.timeout_s):
            return await ask_twice(self.model, ask, read_object)

    async def probe(self) -> Probe:
        """Describe a drawn window twice, loading the model first; raises DescribeError."""
        engine = await self._engine()
        with tempfile.TemporaryDirectory() as folder:
            window = await asyncio.to_thread(drawn_window, Path(folder))
            await self.describe(window)  # the first of its size is slow
            told = await self.describe(window)
        return Probe(
            model=self.model,
            context_tokens=engine.context_tokens,
            schema=True,
            video=True,
            window_s=told.latency_s,
            title=told.title,
        )

    async def close(self) -> None:
        """Stop the engine and its processes, also while it is being loaded. Safe to call twice."""
        loading, self._loading = self._loading, None
        if loading is not None:
            await loading.end()

    async def _engine(self) -> Engine:
        """The running engine. Who is cancelled while it loads leaves it loading: ``close`` ends it."""
        if self._loading is None:
            self._loading = Loading(self._settings.engine)
        elif self._loading.is_dead:
            self._loading = Loading(self._settings.engine, self._loading)
        return await asyncio.shield(self._loading.engine)
