"""What any describer behind HTTP owes when the server fails; run against the scripted one and real vLLM."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from analyzer.describe.describer import DescribeError, Describer
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
    "half": (True, "cannot be reached|garbled"),
    "hangs_up": (True, "cannot be reached"),
}
"""For each fault whether the window may succeed later, and what the user reads."""

_PATIENCE_S = 20.0  # for this machine, not for the describer


async def check_fault(
    make: Callable[[str, float], Describer], proxy: Proxy, fault: Fault, window: Window
) -> None:
    """One fault: an error with its word and its ``retryable``, within the timeout; then all is well again.

    ``make`` makes a describer for a URL and a timeout. The proxy is whole before and after.
    """
    retryable, told = FAULTS[fault]
    timeout_s = 0.5 if "no answer" in told else _PATIENCE_S
    proxy.late_s = 3 * timeout_s
    describer = make(proxy.url, timeout_s)
    proxy.fault = fault
    async with asyncio.timeout(timeout_s + _PATIENCE_S):
        with pytest.raises(DescribeError, match=told) as failed:
            await describer.describe(window)
    assert failed.value.retryable is retryable
    assert "\n" not in str(failed.value)
    await describer.close()
    await nothing_open(proxy)
    proxy.fault = "none"
    patient = make(proxy.url, _PATIENCE_S)
    assert (await patient.describe(window)).window is window
    await patient.close()


async def check_cancellation(make: Callable[[str, float], Describer], proxy: Proxy, window: Window) -> None:
    """A cancelled question is gone: no connection and no task is left of it, and the next one is answered."""
    proxy.fault = "never"
    describer = make(proxy.url, _PATIENCE_S)
    tasks = asyncio.all_tasks()
    before = proxy.questions
    asking = asyncio.create_task(describer.describe(window))
    await _until(lambda: proxy.questions > before)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await nothing_open(proxy)
    await _until(lambda: not asyncio.all_tasks() - tasks)
    proxy.fault = "none"
    assert (await describer.describe(window)).window is window
    await describer.close()


async def nothing_open(proxy: Proxy) -> None:
    """Wait until no client holds a connection; TimeoutError if one does."""
    await _until(lambda: not proxy.open)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # what is waited for belongs to others, who set no event
            await asyncio.sleep(0.01)
