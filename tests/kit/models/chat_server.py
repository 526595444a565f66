"""A chat server with scripted answers, over real HTTP, as vLLM and similar servers give them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.kit.models.wire import Request, read_request, response, served

GOOD = {
    "text": "A courier walks from the gate to the door and puts a parcel down.",
    "title": "Courier leaves a parcel at the door",
    "importance": 6,
    "tags": ["person", "delivery"],
}
Refuse = Callable[[dict[str, Any]], str | None]
"""Why a body is not understood (it is answered with 400); None when it is."""


@dataclass
class ChatServer:
    """Answers each question with the next of ``says`` (the last one over and over), and keeps the questions.

    Attributes:
        says: contents of answers; what is no text is sent as JSON.
        runner: who runs the model, as vLLM and others put it into ``owned_by``.
        refuse: what it does not understand.
        asked: the bodies of all questions, refused ones too.
        headers: the headers of the last request.
    """

    says: Sequence[Any] = (GOOD,)
    runner: str = "vllm"
    refuse: Refuse = lambda _: None
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""
    _answered: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ChatServer]:
        """Serve on a free port until the end of the block."""
        async with served(self._serve) as self.url:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if request is not None:
            self.headers = request.headers
            writer.write(self.answer(request))
            await writer.drain()
        writer.close()

    def answer(self, request: Request) -> bytes:
        """Return the response to a request."""
        if request.target == "/v1/models":
            model = {"id": "qwen", "object": "model", "created": 0, "owned_by": self.runner}
            return _json(200, {"object": "list", "data": [model | {"max_model_len": 8192}]})
        body = json.loads(request.body)
        self.asked.append(body)
        reason = self.refuse(body)
        if reason is not None:
            return _json(400, {"error": {"message": reason, "type": "BadRequestError", "code": 400}})
        said = self.says[min(self._answered, len(self.says) - 1)]
        self._answered += 1
        content = said if isinstance(said, str) else json.dumps(said)
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return _json(
            200, {"id": "c", "object": "chat.completion", "created": 0, "model": "qwen", "choices": [choice]}
        )


def _json(status: int, value: object) -> bytes:
    return response(status, json.dumps(value).encode())
