"""OpenAiDescriber: its model runs on vLLM, SGLang, Ollama, llama.cpp or a hosted service."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from analyzer.describe.answer import read_object
from analyzer.describe.ask import ask_twice, deadline, moment
from analyzer.describe.moment import Moment
from analyzer.describe.openai.chat_server import ChatServer, Shown, Task
from analyzer.describe.openai.dialect import THINKING_TOKENS, Fit
from analyzer.describe.pictures import alike, read_jpegs, strongest
from analyzer.describe.probe import Probe, drawn_window
from analyzer.describe.prompt import PICTURE_TOKENS, QUESTION_TOKENS, Prompts
from analyzer.describe.settings import DescribeSettings
from analyzer.describe.text_model import Sampling, Schema
from analyzer.signal.window import Window


class OpenAiDescriber:
    """Puts windows into words by asking a server; also a TextModel."""

    def __init__(self, settings: DescribeSettings | None = None, prompts: Prompts | None = None) -> None:
        """Raise DescribeError when the client is not installed or the key is missing."""
        self._settings = settings or DescribeSettings(kind="openai")
        self._prompts = prompts or Prompts()
        self._server = ChatServer(self._settings)
        self.model = self._settings.model or self._server.name

    async def describe(self, window: Window) -> Moment:
        """Describe a window; raises DescribeError."""
        started_s = time.monotonic()
        question = self._prompts.question(window)
        task = Task(question.system, question.schema, self._settings.describing)

        async def ask(note: str) -> str:
            async def show(fit: Fit) -> Shown:
                return await asyncio.to_thread(self._shown, window, fit, note)

            return await self._server.say(task, show)

        async with deadline(self._server.name, self._settings.timeout_s):
            self.model = (await self._server.served()).model
            return await moment(window, question, self.model, ask, started_s)

    def _shown(self, window: Window, fit: Fit, note: str) -> Shown:
        """A window's pictures as far as they fit, and words that tell of these."""
        kept = window if fit.pictures is None else strongest(window, fit.pictures)
        max_px = self._settings.keyframe_px
        side_px = min(max_px, fit.side_px or max_px)
        return Shown(
            user=self._prompts.question(kept).user + note,
            jpegs=alike(read_jpegs(kept), side_px),
            at_s=[keyframe.pts_s - kept.start_s for keyframe in kept.keyframes],
        )

    def tokens(self, window: Window) -> int:
        """About: pictures as Qwen2-VL counts them, the question, and a whole answer."""
        shown = len(window.keyframes)
        pictures = PICTURE_TOKENS * min(shown, self._server.dialect.fit.pictures or shown)
        thoughts = THINKING_TOKENS if self._server.dialect.thinking else 0
        return pictures + QUESTION_TOKENS + self._settings.describing.max_tokens + thoughts

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        """See TextModel."""

        async def ask(note: str) -> str:
            async def show(_: Fit) -> Shown:
                return Shown(user + note)

            return await self._server.say(Task(system, schema, sampling), show)

        async with deadline(self._server.name, self._settings.timeout_s):
            self.model = (await self._server.served()).model
            return await ask_twice(self.model, ask, read_object)

    async def probe(self) -> Probe:
        """Describe a drawn window; raises DescribeError."""
        with tempfile.TemporaryDirectory() as folder:
            window = await asyncio.to_thread(drawn_window, Path(folder))
            told = await self.describe(window)
        dialect = self._server.dialect
        return Probe(
            model=self.model,
            context_tokens=(await self._server.served()).context_tokens,
            schema=dialect.schema,
            video=dialect.video,
            window_s=told.latency_s,
            title=told.title,
            fallbacks=self._server.fallbacks(),
        )

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._server.close()
