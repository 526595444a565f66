"""OpenAiDescriber: its model runs on vLLM, SGLang, Ollama, llama.cpp or a hosted service."""

from __future__ import annotations

import asyncio
import tempfile
import time
from copy import copy
from pathlib import Path
from typing import Any

from analyzer.describe.model.answer import read_object
from analyzer.describe.model.pictures import alike, read_jpegs, strongest
from analyzer.describe.model.probe import Probe, drawn_window
from analyzer.describe.model.prompt import PICTURE_TOKENS, QUESTION_TOKENS, Prompts
from analyzer.describe.model.request import deadline, request_moment, request_with_retry
from analyzer.describe.model.text_model import Sampling, Schema
from analyzer.describe.moment import Moment
from analyzer.describe.openai.chat_server import ChatServer, Shown, Task
from analyzer.describe.openai.client import ChatClient, Completions
from analyzer.describe.openai.dialect import REASONING_TOKENS, Fit
from analyzer.describe.settings import DescribeSettings
from analyzer.signal.window import Window


class OpenAiDescriber:
    """Describes windows by requests to a server; also a TextModel."""

    def __init__(
        self,
        settings: DescribeSettings | None = None,
        prompts: Prompts | None = None,
        client: Completions | None = None,
    ) -> None:
        """Ask by ``client``; with None, the server that the settings name.

        Raises DescribeError when the client of servers is not installed or the key is missing.
        """
        self._settings = it = settings or DescribeSettings(kind="openai")
        self._prompts = prompts or Prompts()
        server = client or ChatClient(it.base_url, it.api_key_variable, it.extra_headers)
        self._server = ChatServer(it, server)
        self.model = self._settings.model or self._server.name

    def with_prompts(self, prompts: Prompts) -> OpenAiDescriber:
        """Return a describer with other questions and the same connections: closing either closes them."""
        other = copy(self)
        other._prompts = prompts  # noqa: SLF001  # of this class
        return other

    async def describe(self, window: Window) -> Moment:
        """Describe a window; raises DescribeError."""
        started_s = time.monotonic()
        question = self._prompts.question(window)
        task = Task(question.system, question.schema, self._settings.describing)

        async def ask(note: str) -> str:
            async def show(fit: Fit) -> Shown:
                return await asyncio.to_thread(self._shown, window, fit, note)

            return await self._server.complete(task, show)

        async with deadline(self._server.name, self._settings.timeout_s):
            self.model = (await self._server.served()).model
            return await request_moment(window, question, self.model, ask, started_s)

    def _shown(self, window: Window, fit: Fit, note: str) -> Shown:
        """Return the pictures of a window within the limits, and the text about them."""
        kept = window if fit.pictures is None else strongest(window, fit.pictures)
        max_px = self._settings.keyframe_px
        side_px = min(max_px, fit.side_px or max_px)
        return Shown(
            user=self._prompts.question(kept).user + note,
            jpegs=alike(read_jpegs(kept), side_px),
            at_s=[keyframe.pts_s - kept.start_s for keyframe in kept.keyframes],
        )

    def tokens(self, window: Window) -> int:
        """Estimate the tokens: pictures as for Qwen2-VL, the question, and a full answer."""
        shown = len(window.keyframes)
        pictures = PICTURE_TOKENS * min(shown, self._server.dialect.fit.pictures or shown)
        reasoning = REASONING_TOKENS if self._server.dialect.reasons else 0
        return pictures + QUESTION_TOKENS + self._settings.describing.max_tokens + reasoning

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        """See TextModel."""

        async def ask(note: str) -> str:
            async def show(_: Fit) -> Shown:
                return Shown(user + note)

            return await self._server.complete(Task(system, schema, sampling), show)

        async with deadline(self._server.name, self._settings.timeout_s):
            self.model = (await self._server.served()).model
            return await request_with_retry(self.model, ask, read_object)

    async def probe(self) -> Probe:
        """Describe a drawn window; raises DescribeError."""
        with tempfile.TemporaryDirectory() as folder:
            window = await asyncio.to_thread(drawn_window, Path(folder))
            moment = await self.describe(window)
        dialect = self._server.dialect
        return Probe(
            model=self.model,
            context_tokens=(await self._server.served()).context_tokens,
            schema=dialect.schema,
            video=dialect.video,
            window_s=moment.latency_s,
            title=moment.title,
            fallbacks=self._server.fallbacks(),
        )

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._server.close()
