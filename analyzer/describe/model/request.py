"""Requests to a model: time limit, one retry after an invalid answer, and the moment made of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.answer import InvalidAnswerError, read_answer, read_object
from analyzer.describe.model.prompt import Question
from analyzer.describe.moment import Moment
from analyzer.signal.window import Window

Send = Callable[[str], Awaitable[str]]
"""Sends the question with a note appended, and returns the text of the answer."""

T = TypeVar("T")


@asynccontextmanager
async def deadline(name: str, timeout_s: float) -> AsyncIterator[None]:
    """Cancel the block after ``timeout_s`` and raise a retryable DescribeError that begins with ``name``."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise DescribeError(f"{name} gave no answer within {timeout_s:g} s", retryable=True) from error


async def request_with_retry(model: str, send: Send, parse: Callable[[str], T]) -> T:
    """Request an answer and parse it; once more if it is invalid, then raise DescribeError.

    The second question ends with the error: at a low temperature the model would repeat its answer otherwise.
    """
    try:
        return parse(await send(""))
    except InvalidAnswerError as error:
        note = f" Your last answer was refused: {error}. Answer again with one complete, short JSON object."
    try:
        return parse(await send(note))
    except InvalidAnswerError as error:
        raise DescribeError(f"{model} gave no answer that fits: {error}") from error


async def request_moment(
    window: Window, question: Question, model: str, send: Send, started_s: float
) -> Moment:
    """Return the model's description of a window; ``started_s`` (monotonic) is when it was requested."""
    answer = await request_with_retry(
        model, send, lambda text: read_answer(read_object(text), question.rules)
    )
    return Moment(
        window=window,
        title=answer.title,
        text=answer.text,
        importance=answer.importance,
        tags=answer.tags,
        model=model,
        latency_s=time.monotonic() - started_s,
        alerts=answer.alerts,
    )
