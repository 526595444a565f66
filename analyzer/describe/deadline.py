"""How long an answer may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from analyzer.describe.describer import DescribeError


@asynccontextmanager
async def deadline(who: str, timeout_s: float) -> AsyncIterator[None]:
    """Cancel what is awaited inside after ``timeout_s``, and raise a retryable DescribeError."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise DescribeError(f"{who} gave no answer within {timeout_s:g} s", retryable=True) from error
