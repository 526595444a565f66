"""Model servers with habits of their own, over real HTTP: each rule refuses as some real server does.

A rule looks at a question's body and answers it with a failure, or passes it on to the next with None; what
passes all of them is answered with ``says``.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from tests.kit.models.chat_server import GOOD
from tests.kit.models.wire import Request, read_request, served

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; what is no text is sent as JSON."""

    value: Any
    status: int = 200
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        body = (self.value if isinstance(self.value, str) else json.dumps(self.value)).encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"HTTP/1.1 {self.status} -\r\ncontent-type: {self.kind}\r\ncontent-length: {len(body)}\r\n"
        return f"{head}{more}connection: close\r\n\r\n".encode() + body


Rule = Callable[[dict[str, Any]], Answer | None]
NO_SUCH_PAGE = Answer({"detail": "Not Found"}, 404)


def refusal(message: str, status: int = 400, **more: Any) -> Answer:
    """A failure as OpenAI reports it."""
    return Answer({"error": {"message": message, "type": "invalid_request_error", **more}}, status)


def page(title: str, status: int) -> Answer:
    """A page as nginx answers with."""
    head = f"<html>\r\n<head><title>{title}</title></head>\r\n"
    return Answer(f"{head}<body><center><h1>{title}</h1></center></body>\r\n</html>\r\n", status, "text/html")


def completion(content: Any = None, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A completion; a content that is an object is written as JSON."""
    said = json.dumps(content) if isinstance(content, dict) else content
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said, **message},
        "finish_reason": finish,
    }
    return {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


def listed(*names: str, runner: str = "library", **more: Any) -> dict[str, Any]:
    """A list of models."""
    models = [{"id": name, "object": "model", "owned_by": runner, **more} for name in names]
    return {"object": "list", "data": models}


@dataclass
class ModelServer:
    """Answers questions by its rules, and keeps the questions.

    Attributes:
        rules: in order; may be changed at any time.
        says: the answer to a question that passes them; what is no Answer is its value.
        models: the answer to who asks for the models.
        asked: the bodies of all questions, refused ones too.
        requests: method and target of all requests.
        headers: those of the last request.
    """

    rules: Sequence[Rule] = ()
    says: Any = field(default_factory=lambda: completion(GOOD))
    models: Any = field(default_factory=lambda: listed("qwen"))
    asked: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""
    _serving: set[asyncio.Task[Any]] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ModelServer]:
        """Serve on a free port until the end of the block."""
        try:
            async with served(self._serve, limit=2**24) as self.url:
                yield self
        finally:
            for task in self._serving:  # a client may have closed its connection
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            request = await read_request(reader)
            if request is not None:
                writer.write(self._answer(request).encoded())
                await writer.drain()
        finally:
            writer.close()
            self._serving.discard(task)

    def _answer(self, request: Request) -> Answer:
        method = request.head.split(b" ", 1)[0].decode()
        self.requests.append((method, request.target))
        self.headers = request.headers
        path = request.target.partition("?")[0]
        if path.endswith("/models"):
            return self.models if isinstance(self.models, Answer) else Answer(self.models)
        if method != "POST" or not path.endswith("/chat/completions"):
            return NO_SUCH_PAGE
        body = json.loads(request.body)
        self.asked.append(body)
        refused = (answer for rule in self.rules if (answer := rule(body)) is not None)
        return next(refused, self.says if isinstance(self.says, Answer) else Answer(self.says))


# What a body holds


def pictures(body: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Width and height of the pictures that are shown one by one."""
    urls = [part["image_url"]["url"] for part in _parts(body) if part["type"] == "image_url"]
    return [_size(url.partition(",")[2]) for url in urls]


def words(body: Mapping[str, Any]) -> str:
    """The last text of the question."""
    return str(_parts(body)[-1]["text"])


def _parts(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = body["messages"][-1]["content"]
    return content


def _size(encoded: str) -> tuple[int, int]:
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.shape[1], picture.shape[0]


# Rules


def old_limit(body: dict[str, Any]) -> Answer | None:
    """OpenAI's models that think."""
    if "max_tokens" not in body:
        return None
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
        "instead."
    )
    return refusal(message, param="max_tokens", code="unsupported_parameter")


def only_default(*names: str) -> Rule:
    """OpenAI's models that think: these have one value alone."""

    def rule(body: dict[str, Any]) -> Answer | None:
        for name in names:
            if body.get(name, 1) != 1:
                message = (
                    f"Unsupported value: '{name}' does not support {body[name]} with this model. Only the "
                    "default (1) value is supported."
                )
                return refusal(message, param=name, code="unsupported_value")
        return None

    return rule


def not_both(body: dict[str, Any]) -> Answer | None:
    """Anthropic's models."""
    if {"temperature", "top_p"} <= body.keys():
        return refusal(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )
    return None


def without(field_name: str, answer: Answer) -> Rule:
    """What does not take a field."""
    return lambda body: answer if field_name in body else None


def at_most(count: int, told: str, status: int = 400) -> Rule:
    """What takes so many pictures."""
    return lambda body: refusal(told, status) if len(pictures(body)) > count else None


def area(most_px: int, told: str, status: int = 400) -> Rule:
    """What has a context for pictures of so many pixels together, as Qwen's models count them."""
    return lambda body: (
        refusal(told, status) if sum(width * height for width, height in pictures(body)) > most_px else None
    )


def shorter(most_bytes: int, answer: Answer) -> Rule:
    """What takes bodies of so many bytes."""
    return lambda body: answer if len(json.dumps(body)) > most_bytes else None


def no_system(body: dict[str, Any]) -> Answer | None:
    """Gemma on vLLM."""
    told = refusal("System role not supported")
    return told if any(message["role"] == "system" for message in body["messages"]) else None


def always(answer: Answer) -> Rule:
    """What answers nothing else."""
    return lambda _: answer
