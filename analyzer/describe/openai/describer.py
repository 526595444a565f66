"""The describer with its model on an OpenAI-compatible server: vLLM, SGLang, Ollama, llama.cpp, hosted."""

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
from analyzer.describe.openai.chat_server import ChatServer, ChatSettings
from analyzer.describe.pictures import alike, read_jpegs
from analyzer.describe.probe import Probe, drawn_window
from analyzer.describe.prompt import PICTURE_TOKENS, QUESTION_TOKENS, Prompts
from analyzer.describe.text_model import DESCRIBING, Sampling, Schema
from analyzer.signal.window import Window


@dataclass(frozen=True, slots=True)
class OpenAiSettings:
    """The server, and how it is asked.

    Attributes:
        server: where it is, and what it understands.
        describing: how a window's words are drawn.
        max_side_px: pictures with a longer side are shrunk to it; others go as they are.
        timeout_s: how long an answer may take, all tries together.
    """

    server: ChatSettings = field(default_factory=ChatSettings)
    describing: Sampling = DESCRIBING
    max_side_px: int = 640
    timeout_s: float = 60.0


class OpenAiDescriber:
    """Puts windows into words by asking a server; also a TextModel."""

    def __init__(self, settings: OpenAiSettings | None = None, prompts: Prompts | None = None) -> None:
        """Raise DescribeError when the client is not installed or the key is missing."""
        self._settings = settings or OpenAiSettings()
        self._prompts = prompts or Prompts()
        self._server = ChatServer(self._settings.server)
        self.model = self._settings.server.model or self._server.name

    async def describe(self, window: Window) -> Moment:
        """Describe a window; raises DescribeError."""
        started_s = time.monotonic()
        question = self._prompts.question(window)
        jpegs = await asyncio.to_thread(self._jpegs, window)
        at_s = [keyframe.pts_s - window.start_s for keyframe in window.keyframes]

        async def ask(note: str) -> str:
            return await self._server.say(
                question.system,
                question.user + note,
                question.schema,
                self._settings.describing,
                jpegs=jpegs,
                at_s=at_s,
            )

        async with deadline(self._server.name, self._settings.timeout_s):
            self.model = (await self._server.served()).model
            return await moment(window, question, self.model, ask, started_s)

    def _jpegs(self, window: Window) -> list[bytes]:
        return alike(read_jpegs(window), self._settings.max_side_px)

    def tokens(self, window: Window) -> int:
        """About: pictures as Qwen2-VL counts them, the question, and a whole answer."""
        pictures = PICTURE_TOKENS * len(window.keyframes)
        return pictures + QUESTION_TOKENS + self._settings.describing.max_tokens

    async def complete(self, system: str, user: str, schema: Schema, sampling: Sampling) -> dict[str, Any]:
        """See TextModel."""

        async def ask(note: str) -> str:
            return await self._server.say(system, user + note, schema, sampling)

        async with deadline(self._server.name, self._settings.timeout_s):
            self.model = (await self._server.served()).model
            return await ask_twice(self.model, ask, read_object)

    async def probe(self) -> Probe:
        """Describe a drawn window; raises DescribeError."""
        with tempfile.TemporaryDirectory() as folder:
            window = await asyncio.to_thread(drawn_window, Path(folder))
            told = await self.describe(window)
        dialect = self._server.dialect()
        return Probe(
            model=self.model,
            context_tokens=(await self._server.served()).context_tokens,
            schema=dialect.schema,
            video=dialect.video,
            window_s=told.latency_s,
            title=told.title,
        )

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._server.close()
