"""A describer against a server: what it makes of windows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.settings import DescribeSettings
from tests.kit.models.model_server import ModelServer
from tests.kit.records.keyframe_files import pictured

T = TypeVar("T")
TWELVE_S = tuple(0.5 + 0.75 * n for n in range(12))


def asked(server: ModelServer, use: Callable[[OpenAiDescriber], Awaitable[T]], **settings: Any) -> T:
    """What comes of a describer that asks this server."""

    async def run() -> T:
        async with server.serving():
            given: dict[str, Any] = {"base_url": server.url, "model": "m", "timeout_s": 20.0} | settings
            describer = OpenAiDescriber(DescribeSettings(kind="openai", **given))
            try:
                return await use(describer)
            finally:
                await describer.close()

    return asyncio.run(run())


def twice(folder: Path) -> Callable[[OpenAiDescriber], Awaitable[tuple[str, ...]]]:
    """Describe two windows of twelve keyframes; returns the titles."""
    windows = [pictured(folder, n, times_s=TWELVE_S) for n in range(2)]

    async def use(describer: OpenAiDescriber) -> tuple[str, ...]:
        return tuple([(await describer.describe(window)).title for window in windows])

    return use
