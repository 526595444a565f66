"""A server that speaks OpenAI's chat completions: its model, what it understands, its failures in our terms.

Everything that the ``openai`` client is asked for is asked for in this module.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from analyzer.describe.describer import DescribeError
from analyzer.describe.text_model import Sampling, Schema

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_BUSY = frozenset({408, 409, 425, 429})
_NOT_UNDERSTOOD = frozenset({400, 415, 422})
_PENALIZING = frozenset({"vllm", "sglang"})
"""Who knows ``repetition_penalty``; a hosted server refuses fields that it does not know."""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """A server, and how it is spoken to.

    Attributes:
        base_url: up to and with ``/v1``; None for what the environment's OPENAI_BASE_URL says, else OpenAI.
        model: by the server's name for it; None for the first one that it lists.
        api_key_variable: the environment variable that holds the key, if the server wants one.
        pictures: one ``video`` of JPEGs (vLLM alone), or ``images`` one by one; ``auto`` sends a video to
            vLLM and falls back to images.
        answers: held to the JSON ``schema`` by the server, or asked for in ``words``; ``auto`` falls back
            to words where the server refuses a schema.
        extra: more fields for the body of each request, such as ``{"keep_alive": "1h"}`` for Ollama.
    """

    base_url: str | None = None
    model: str | None = None
    api_key_variable: str = "OPENAI_API_KEY"
    pictures: Literal["auto", "video", "images"] = "auto"
    answers: Literal["auto", "schema", "words"] = "auto"
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says of its model: name, who runs it (``vllm``, ``sglang``, ...), context in tokens."""

    model: str
    runner: str
    context_tokens: int | None


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server understands."""

    video: bool
    schema: bool


class _NotUnderstoodError(DescribeError):
    """The server refuses the form of a request."""


class ChatServer:
    """One server. What it understands is found out by the first question that it answers."""

    def __init__(self, settings: ChatSettings) -> None:
        """Raise DescribeError when the client is not installed or the key is missing."""
        try:
            import openai  # noqa: PLC0415  # an extra, and slow to import
        except ImportError as error:
            raise DescribeError(
                f"the openai client is not installed ({error}): pip install 'livereel[openai]'"
            ) from error
        self._settings = settings
        base_url = settings.base_url or os.environ.get("OPENAI_BASE_URL")
        key = os.environ.get(settings.api_key_variable)
        if base_url is None and not key:
            raise DescribeError(f"no API key: set {settings.api_key_variable}, or give a base_url")
        self._client: AsyncOpenAI = openai.AsyncOpenAI(
            base_url=base_url, api_key=key or "none", max_retries=0, timeout=None
        )
        self.name = urlsplit(str(self._client.base_url)).netloc.rpartition("@")[2]
        self._finding = asyncio.Lock()
        self._served: Served | None = None
        self._video: bool | None = {"video": True, "images": False}.get(settings.pictures)
        self._schema: bool | None = {"schema": True, "words": False}.get(settings.answers)

    async def served(self) -> Served:
        """Ask for the model, once; raises DescribeError."""
        async with self._finding:
            if self._served is None:
                with _translated(self.name):
                    models = [model async for model in self._client.models.list()]
                self._served = self._pick(models)
        return self._served

    def _pick(self, models: Sequence[Any]) -> Served:
        wanted = self._settings.model
        found = next((model for model in models if wanted in {None, model.id}), None)
        if found is None and wanted is None:
            raise DescribeError(f"{self.name} serves no model")
        if found is None:  # some take names that they do not list, such as aliases
            return Served(str(wanted), "", None)
        context = getattr(found, "max_model_len", None)
        return Served(found.id, str(found.owned_by), context if isinstance(context, int) else None)

    async def say(
        self,
        system: str,
        user: str,
        schema: Schema,
        sampling: Sampling,
        *,
        jpegs: Sequence[bytes] = (),
        at_s: Sequence[float] = (),
    ) -> str:
        """Return the answer's text, finished or not; raises DescribeError."""
        served = await self.served()
        refusal = DescribeError("")
        for dialect in self._dialects(served, pictures=bool(jpegs)):
            content = _content(user, jpegs, at_s, video=dialect.video)
            body = _body(served, system, content, schema, sampling, held=dialect.schema)
            extra = _penalty(served, sampling) | dict(self._settings.extra or {})
            try:
                text = await self._request(body, extra)
            except _NotUnderstoodError as error:
                refusal = error
                continue
            self._schema = dialect.schema
            self._video = dialect.video if jpegs else self._video
            return text
        raise refusal

    def dialect(self) -> Dialect:
        """What was found out so far."""
        return Dialect(video=bool(self._video), schema=bool(self._schema))

    def _dialects(self, served: Served, *, pictures: bool) -> Iterator[Dialect]:
        """What to try, best first."""
        guess = (True, False) if served.runner == "vllm" else (False,)
        videos = ((self._video,) if self._video is not None else guess) if pictures else (False,)
        schemas = (True, False) if self._schema is None else (self._schema,)
        for schema, video in product(schemas, videos):
            yield Dialect(video=video, schema=schema)

    async def _request(self, body: dict[str, Any], extra: dict[str, Any]) -> str:
        with _translated(self.name):
            completion = await self._client.chat.completions.create(**body, extra_body=extra)
        choices = getattr(completion, "choices", None)
        if not choices:
            raise DescribeError(f"{self.name} answers with something else than a completion", retryable=True)
        return choices[0].message.content or ""

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._client.close()


def _body(
    served: Served,
    system: str,
    content: list[dict[str, Any]],
    schema: Schema,
    sampling: Sampling,
    *,
    held: bool,
) -> dict[str, Any]:
    """A request; ``held``: the server holds the answer to the schema, else the model is shown it."""
    if not held:
        system += f"\n\nThe JSON schema of the object, which is all that you answer: {json.dumps(schema)}"
    body: dict[str, Any] = {
        "model": served.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": content}],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
    }
    if held:
        form = {"name": "answer", "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def _penalty(served: Served, sampling: Sampling) -> dict[str, Any]:
    return {"repetition_penalty": sampling.repetition_penalty} if served.runner in _PENALIZING else {}


def _content(
    user: str, jpegs: Sequence[bytes], at_s: Sequence[float], *, video: bool
) -> list[dict[str, Any]]:
    """The pictures, as one video without re-encoding or each behind its time; then the words."""
    encoded = [base64.b64encode(jpeg).decode() for jpeg in jpegs]
    parts: list[dict[str, Any]] = []
    if encoded and video:
        parts.append(
            {"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{','.join(encoded)}"}}
        )
    elif encoded:
        for at, picture in zip(at_s, encoded, strict=True):
            parts.append({"type": "text", "text": f"{at:.1f} s:"})
            parts.append({"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{picture}"}})
    parts.append({"type": "text", "text": user})
    return parts


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Put the client's failures into our terms."""
    import openai  # noqa: PLC0415  # an extra, and slow to import

    try:
        yield
    except openai.APIStatusError as error:
        if error.status_code in _NOT_UNDERSTOOD:
            raise _NotUnderstoodError(f"{name} refuses the question: {_said(error)}") from error
        busy = error.status_code in _BUSY or error.status_code >= 500
        raise DescribeError(f"{name} answers {error.status_code}: {_said(error)}", retryable=busy) from error
    except openai.APIConnectionError as error:
        raise DescribeError(f"{name} cannot be reached: {_cause(error)}", retryable=True) from error
    except (openai.OpenAIError, ValueError) as error:  # ValueError: a body that is no JSON
        raise DescribeError(f"{name} answers with garbled data", retryable=True) from error


def _said(error: Any) -> str:
    """What the server says in one line, without what the client adds."""
    body = error.body
    told = body.get("message") or body.get("detail") if isinstance(body, dict) else body
    lines = str(told or error.message).strip().splitlines()
    return lines[0][:300] if lines else "nothing"


def _cause(error: BaseException) -> str:
    return str(error.__cause__ or error) or type(error.__cause__).__name__
