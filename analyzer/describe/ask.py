"""Ask a model: time limit, one retry when the answer is invalid, and the moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from analyzer.describe.answer import InvalidAnswerError, read_answer, read_object
from analyzer.describe.describer import DescribeError
from analyzer.describe.moment import Moment
from analyzer.describe.prompt import Question
from analyzer.signal.window import Window

Ask = Callable[[str], Awaitable[str]]
"""Asks the question with a note added to its end, and returns the answer's text."""

T = TypeVar("T")


@asynccontextmanager
async def deadline(who: str, timeout_s: float) -> AsyncIterator[None]:
    """Cancel what is awaited inside after ``timeout_s``, and raise a retryable DescribeError."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise DescribeError(f"{who} gave no answer within {timeout_s:g} s", retryable=True) from error


async def ask_twice(model: str, ask: Ask, read: Callable[[str], T]) -> T:
    """Ask, read the answer, and ask once more if it does not fit; then DescribeError.

    The second time the question ends with what was wrong: a model that is sure of itself would only repeat
    its answer.
    """
    try:
        return read(await ask(""))
    except InvalidAnswerError as error:
        note = f" Your last answer was refused: {error}. Answer again with one complete, short JSON object."
    try:
        return read(await ask(note))
    except InvalidAnswerError as error:
        raise DescribeError(f"{model} gave no answer that fits: {error}") from error


async def moment(window: Window, question: Question, model: str, ask: Ask, started_s: float) -> Moment:
    """The window in the model's words; ``started_s`` (monotonic) is when it was handed in."""
    answer = await ask_twice(model, ask, lambda text: read_answer(read_object(text), question.rules))
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
