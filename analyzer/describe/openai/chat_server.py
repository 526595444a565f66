"""A chat-completions server: its model, what it supports, and its requests."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.model.text_model import Sampling, Schema
from analyzer.describe.openai.client import Completions, StatusError, UnreachableError
from analyzer.describe.openai.dialect import REASONING_TOKENS, Dialect, Fit, Refusal, Search
from analyzer.describe.openai.refusal import (
    NOT_UNDERSTOOD,
    names_account_or_model,
    refused_by_status,
    refused_by_text,
)
from analyzer.describe.openai.reply import Listed, Reply, read_models, read_reply
from analyzer.describe.settings import DescribeSettings

_PENALIZING = frozenset({"vllm", "sglang"})
"""Servers that know ``repetition_penalty``; hosted ones refuse unknown fields."""

# Requests for one question, all forms of it together.
_MAX_TRIES = 12
_LIST_TIMEOUT_S = 10.0
# A question that was refused in all forms is sent only in one form for so long.
_REFUSED_S = 600.0
# With a top_p this small only the most likely token remains; where only temperature may be sent, this one
# has nearly the same effect.
_SURE_TOP_P = 0.1
_SURE_TEMPERATURE = 0.1

# After so long a schema is tried again, where a failure of the server was taken for its refusal.
_SCHEMA_PAUSE_S = 600.0

# A gateway whose server has not started yet.
_STARTING = frozenset({429, 502, 503, 504})
_NO_PICTURES = re.compile(
    r"\b0 image|(?:image|vision|multi-?modal).{0,60}(?:not|n't|un)\s?(?:be )?(?:supported|enabled|allowed)"
    r"|(?:not|n't|cannot|no endpoints found that)\s(?:\w+\s){0,2}(?:support|accept|process|read)\w*"
    r"(?:\s\w+){0,2}\s(?:image|vision|multi-?modal)|not a multi-?modal|unknown variant .?image_url"
    r"|missing data required for image|image_url is only supported",
    re.IGNORECASE | re.DOTALL,
)

# The pictures or the answer of one window are held back, whatever the form of the question.
_FILTERED = re.compile(
    r"content[ _-]?(?:filter|policy|management|moderation)|inappropriate content|responsible ?ai"
    r"|data_inspection|safety (?:system|filter|polic)|requires moderation|flagged|prohibited[ _]content",
    re.IGNORECASE,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """The user's message of a question: text, and pictures (JPEG), each with its time."""

    user: str
    jpegs: Sequence[bytes] = ()
    at_s: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What all forms of a question have in common: instructions, schema of the answer, sampling."""

    system: str
    schema: Schema
    sampling: Sampling


Show = Callable[[Fit], Awaitable[Shown]]
"""Makes the user's message with pictures within the limits of ``Fit``."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A guess that is to be tested again at a time of the monotonic clock, after ``pause_s``."""

    until_s: float
    pause_s: float


class ChatServer:
    """One server. What it supports is learned from the questions that it refuses."""

    def __init__(
        self, settings: DescribeSettings, client: Completions, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask by ``client``, which is closed with the server."""
        self._settings = settings
        self._now_s = now_s
        self._client = client
        self.name = self._client.name
        self._finding = asyncio.Lock()
        self._served: Listed | None = None
        self._listed = True
        fixed = {"video": settings.pictures, "schema": settings.answers}
        self._fixed = frozenset(name for name, how in fixed.items() if how != "auto")
        self._dialect: Dialect | None = None
        self._understood = -1  # the most pictures of a question that was answered in this dialect
        # The message with which all forms of a question were refused last, and until when that is valid.
        self._refused = ("", 0.0)
        self._schema_doubt: _Doubt | None = None

    async def served(self) -> Listed:
        """Return the model of the server, requested once; raises DescribeError."""
        async with self._finding:
            if self._served is None:
                self._served = await self._find()
                guess = self._settings.pictures == "auto" and self._served.runner == "vllm"
                video = guess or self._settings.pictures == "video"
                self._dialect = Dialect(video=video, schema=self._settings.answers != "words")
        return self._served

    async def _find(self) -> Listed:
        """Find the model; one that is configured is used even if the server does not list it."""
        wanted = self._settings.model
        try:
            async with asyncio.timeout(_LIST_TIMEOUT_S if wanted else None):
                models = read_models(await self._client.models())
        except UnreachableError:
            raise
        except (TimeoutError, DescribeError) as error:
            if wanted is None or (isinstance(error, StatusError) and error.status in _STARTING):
                raise self._reported(error) if isinstance(error, StatusError) else error from None
            models = None
        if wanted is None:
            if not models:
                problem = "serves no model" if models == [] else "lists no models: name one"
                raise RefusedError(f"{self.name} {problem}")
            return models[0]
        self._listed = models is not None
        # Some servers accept names that they do not list, such as aliases.
        return next((model for model in models or () if model.model == wanted), Listed(wanted, "", None))

    async def complete(self, task: Task, show: Show) -> str:
        """Return the answer's text, finished or not; raises DescribeError."""
        served = await self.served()
        dialect = self._dialect or Dialect()
        again = self._schema_doubt is not None and self._now_s() >= self._schema_doubt.until_s
        if again:
            dialect = replace(dialect, schema=True)
        shown = await show(dialect.fit)
        search = Search(dialect, self._fixed, blind=again or len(shown.jpegs) > self._understood)
        first: StatusError | None = None
        for _ in range(_MAX_TRIES):
            if search.dialect.fit != dialect.fit:
                shown = await show(search.dialect.fit)
            dialect = search.dialect
            try:
                reply = await self._ask(served, dialect, task, shown)
            except StatusError as error:
                first = first or error
                if not self._adapts(error, first, search, len(shown.jpegs)):
                    raise self._reported(error) from None
                continue
            if not reply.only_reasoning:
                self._judge_schema(dialect, first)
                self._learn(dialect, len(shown.jpegs))
                return reply.text
            tokens = _limit(served, dialect, task.sampling)
            if dialect.reasons:
                raise DescribeError(
                    f"{served.model} spends all of its {tokens} tokens on reasoning (finish_reason: length): "
                    "raise max_tokens"
                )
            log.info(
                "describe: %s spends all of its %d tokens on reasoning: the limit is raised",
                served.model,
                tokens,
            )
            search = Search(replace(dialect, reasons=True), self._fixed)
        raise DescribeError(f"{self.name} refuses the question in {_MAX_TRIES} forms")

    async def _ask(self, served: Listed, dialect: Dialect, task: Task, shown: Shown) -> Reply:
        extra = _penalty(served, dialect, task.sampling) | self._settings.extra_body
        body = _body(served, dialect, task, shown)
        return read_reply(self.name, await self._client.complete(body, extra))

    def _adapts(self, error: StatusError, first: StatusError, search: Search, pictures: int) -> bool:
        """Choose another form of a question, if by the server's message one may be accepted."""
        text, until_s = self._refused
        known = error is first and error.full_text == text and self._now_s() < until_s
        if known or names_account_or_model(error.full_text) or _FILTERED.search(error.full_text):
            return False
        if search.refused(Refusal(error.status, error.full_text), pictures):
            return True
        if error.status in NOT_UNDERSTOOD:
            self._refused = (first.full_text, self._now_s() + _REFUSED_S)
        return False

    def _judge_schema(self, dialect: Dialect, first: StatusError | None) -> None:
        """Doubt that the server refuses schemas where that was guessed from a failure of its own.

        The server may have failed by chance: a schema is tried again after a while, then less and less often.
        """
        if dialect.schema:
            self._schema_doubt = None
        elif first is not None and first.status >= 500 and "schema" not in self._fixed:
            pause_s = _SCHEMA_PAUSE_S if self._schema_doubt is None else 2 * self._schema_doubt.pause_s
            self._schema_doubt = _Doubt(self._now_s() + pause_s, pause_s)

    def _learn(self, dialect: Dialect, pictures: int) -> None:
        """Remember the form of an answered question; one without pictures is no evidence about video."""
        known = self._dialect or Dialect()
        if not pictures:
            dialect = replace(dialect, video=known.video)
        same = dialect == known
        self._understood = max(self._understood, pictures) if same else pictures
        self._dialect = dialect
        self._refused = ("", 0.0)
        if not same:
            log.info("describe: %s: %s", self.name, "; ".join(self.fallbacks()) or "pictures one by one")

    def _reported(self, error: StatusError) -> DescribeError:
        """Return the DescribeError for a failure that no other form has avoided."""
        text, status = error.full_text, error.status
        if refused := refused_by_text(error):
            return refused
        if status < 500 and _FILTERED.search(text):
            return DescribeError(f"{self.name} holds the window back by a content filter: {error.message}")
        if _NO_PICTURES.search(text):
            return RefusedError(f"{self.name} takes no pictures: {error.message}")
        if refused := refused_by_status(error):
            return refused
        if error.status in NOT_UNDERSTOOD:
            kind = DescribeError if self._understood >= 0 else RefusedError
            return kind(f"{self.name} refuses the question: {error.message}")
        return error

    @property
    def dialect(self) -> Dialect:
        """What the server supports, as far as it is known."""
        return self._dialect or Dialect()

    def fallbacks(self) -> tuple[str, ...]:
        """Return what the server does not support, and what is done instead."""
        unlisted = () if self._listed else ("no list of models",)
        schema = () if self.dialect.schema else ("asked for a schema in words",)
        return (*unlisted, *schema, *self.dialect.fallbacks())

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._client.close()


def _limit(served: Listed, dialect: Dialect, sampling: Sampling) -> int:
    """Return how many tokens an answer may take, with its reasoning."""
    most = served.context_tokens // 2 if served.context_tokens else REASONING_TOKENS
    return sampling.max_tokens + (min(REASONING_TOKENS, most) if dialect.reasons else 0)


def _body(served: Listed, dialect: Dialect, task: Task, shown: Shown) -> dict[str, Any]:
    """Return the body of a request in a dialect."""
    system = task.system
    if not dialect.schema:
        shape = json.dumps(task.schema)
        system += f"\n\nThe JSON schema of the object, which is all that you answer: {shape}"
    content = list(_content(shown, video=dialect.video))
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}]
    if not dialect.system:
        messages, content = [], [{"type": "text", "text": system}, *content]
    body: dict[str, Any] = {
        "model": served.model,
        "messages": [*messages, {"role": "user", "content": content}],
        dialect.limit: _limit(served, dialect, task.sampling),
        **_sampling(dialect, task.sampling),
    }
    if dialect.schema:
        form = {"name": "answer", "schema": task.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def _sampling(dialect: Dialect, sampling: Sampling) -> dict[str, float]:
    """Return temperature and top_p as far as the dialect permits; of both, the one that restricts more."""
    sure = sampling.top_p <= _SURE_TOP_P
    sampled = dialect.sampled
    if sampled == "one":
        sampled = "top_p" if sure else "temperature"
    if sampled == "temperature":
        return {"temperature": min(sampling.temperature, _SURE_TEMPERATURE) if sure else sampling.temperature}
    both = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    return {name: value for name, value in both.items() if sampled in {"both", name}}


def _penalty(served: Listed, dialect: Dialect, sampling: Sampling) -> dict[str, Any]:
    known = dialect.penalty and served.runner in _PENALIZING
    return {"repetition_penalty": sampling.repetition_penalty} if known else {}


def _content(shown: Shown, *, video: bool) -> Iterator[dict[str, Any]]:
    """Yield the pictures, as one video without re-encoding or each after its time, then the text."""
    encoded = [base64.b64encode(jpeg).decode() for jpeg in shown.jpegs]
    if encoded and video:
        yield {"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{','.join(encoded)}"}}
    elif encoded:
        for at, picture in zip(shown.at_s, encoded, strict=True):
            yield {"type": "text", "text": f"{at:.1f} s:"}
            yield {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{picture}"}}
    yield {"type": "text", "text": shown.user}
