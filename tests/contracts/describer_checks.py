"""What every describer and text model must do: the built-in one, one behind a scripted server, real vLLM."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from analyzer.describe.describer import DescribeError, Describer
from analyzer.describe.model.answer import MAX_TAG_CHARS, object_schema
from analyzer.describe.model.text_model import SELECTING, TextModel
from analyzer.describe.moment import MAX_TITLE_CHARS, Moment
from analyzer.signal.window import Window
from tests.kit.models.fault_proxy import Fault, Proxy

FAULTS: dict[Fault, tuple[bool, str]] = {
    "late": (True, "no answer within"),
    "never": (True, "no answer within"),
    "trickle": (True, "no answer within"),
    "error_500": (True, "answers 500: a word of the proxy"),
    "unavailable_503": (True, "answers 503: a word of the proxy"),
    "busy_429": (True, "answers 429: a word of the proxy"),
    "unauthorized_401": (False, "answers 401: a word of the proxy"),
    "garbled": (True, "garbled"),
    "half": (True, "gives no proper answer|garbled"),
    "hangs_up": (True, "gives no proper answer"),
}
"""For each fault whether the window may succeed later, and what the user reads."""

_PATIENCE_S = 60.0  # for this machine, not for the describer
_TAG = re.compile(r"\S.*")
_ANSWER = object_schema({"text": {"type": "string"}})

AskedT = TypeVar("AskedT", bound=Describer)


async def check_describes(describer: Describer, windows: Sequence[Window]) -> None:
    """Describe windows, one alone and all at once: each has its own moment, within the record's bounds."""
    tasks = asyncio.all_tasks()
    check_moment(await describer.describe(windows[0]), windows[0], describer)
    moments = await asyncio.gather(*(describer.describe(window) for window in windows))
    for moment, window in zip(moments, windows, strict=True):
        check_moment(moment, window, describer)
        assert describer.tokens(window) >= 0
    await _until(lambda: not asyncio.all_tasks() - tasks)


def check_moment(moment: Moment, window: Window, describer: Describer) -> None:
    """The bounds that Moment names."""
    assert moment.window is window
    assert 0 < len(moment.title) <= MAX_TITLE_CHARS
    assert "\n" not in moment.title
    assert moment.text.strip()
    assert 0.0 <= moment.importance <= 10.0
    assert all(_TAG.fullmatch(tag) and tag == tag.lower() for tag in moment.tags)
    assert all(len(tag) <= MAX_TAG_CHARS for tag in moment.tags)
    assert moment.model == describer.model
    assert moment.latency_s >= 0.0
    assert not moment.late


async def check_cancelled_at_once(answering: Callable[[], Awaitable[object]]) -> None:
    """A question that is cancelled as soon as it runs raises CancelledError and leaves no task."""
    tasks = asyncio.all_tasks()

    async def ask() -> None:
        await answering()
        await asyncio.Event().wait()  # one that was quicker than its cancellation

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await _until(lambda: not asyncio.all_tasks() - tasks)


async def check_only_describe_errors(describer: Describer, window: Window) -> None:
    """A window that may be beyond description has a moment or raises DescribeError with one line."""
    failure = ""
    try:
        check_moment(await describer.describe(window), window, describer)
    except DescribeError as error:
        failure = str(error) or "a message without text\n"
    assert "\n" not in failure


async def check_completes(model: TextModel) -> None:
    """Text questions are answered with objects that fit the schema, several at a time."""
    tasks = asyncio.all_tasks()
    await asyncio.gather(*(complete_once(model) for _ in range(3)))
    assert model.model
    await _until(lambda: not asyncio.all_tasks() - tasks)


async def complete_once(model: TextModel) -> None:
    """Ask a text model one question and check the answer's type."""
    answer = await model.complete("Answer in one word.", "What is it?", _ANSWER, SELECTING)
    assert isinstance(answer["text"], str)


def describe_once(window: Window) -> Callable[[Describer], Awaitable[None]]:
    """Return a function that asks a describer for a window and checks its moment."""

    async def ask(describer: Describer) -> None:
        check_moment(await describer.describe(window), window, describer)

    return ask


async def check_fault(
    make: Callable[[str, float], AskedT],
    proxy: Proxy,
    fault: Fault,
    ask: Callable[[AskedT], Awaitable[object]],
) -> None:
    """One fault: an error with its text and its ``retryable``, within the timeout; the next one is answered.

    ``make`` makes a describer for a URL and a timeout, ``ask`` asks it once. The proxy is whole before and
    after.
    """
    retryable, reason = FAULTS[fault]
    timeout_s = 0.5 if "no answer" in reason else _PATIENCE_S
    proxy.late_s = 3 * timeout_s
    describer = make(proxy.url, timeout_s)
    proxy.fault = fault
    async with asyncio.timeout(timeout_s + _PATIENCE_S):
        with pytest.raises(DescribeError, match=reason) as failed:
            await ask(describer)
    assert failed.value.retryable is retryable
    assert "\n" not in str(failed.value)
    await describer.close()
    await nothing_open(proxy)
    proxy.fault = "none"
    patient = make(proxy.url, _PATIENCE_S)
    await ask(patient)
    await patient.close()


async def check_cancellation(
    make: Callable[[str, float], AskedT], proxy: Proxy, ask: Callable[[AskedT], Awaitable[object]]
) -> None:
    """A cancelled question is gone: no connection and no task is left of it, and the next one is answered."""
    proxy.fault = "never"
    describer = make(proxy.url, _PATIENCE_S)
    tasks = asyncio.all_tasks()
    before = proxy.questions
    asking = asyncio.ensure_future(ask(describer))
    await _until(lambda: proxy.questions > before)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await nothing_open(proxy)
    await _until(lambda: not asyncio.all_tasks() - tasks)
    proxy.fault = "none"
    await ask(describer)
    await describer.close()


async def nothing_open(proxy: Proxy) -> None:
    """Wait until no client holds a connection; TimeoutError if one does."""
    await _until(lambda: not proxy.open)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # what is waited for belongs to others, who set no event
            await asyncio.sleep(0.01)
