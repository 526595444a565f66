"""One client against a server: what a question is answered with, or why it fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.openai.client import ChatClient
from tests.kit.models.model_server import ModelServer

BODY = {"model": "m", "messages": [{"role": "user", "content": "?"}]}
NOWHERE = "http://127.0.0.1:9/v1"


def made(base_url: str | None = NOWHERE, **headers: str) -> ChatClient:
    return ChatClient(base_url, "OPENAI_API_KEY", headers)


def completed(server: ModelServer, times: int = 1, suffix: str = "") -> Any:
    """What the last of so many equal questions is answered with."""

    async def run() -> Any:
        async with server.serving():
            client = made(server.url + suffix)
            try:
                for _ in range(times):
                    value = await client.complete(BODY, {})
                return value
            finally:
                await client.close()

    return asyncio.run(run())


def failure(server: ModelServer) -> DescribeError:
    with pytest.raises(DescribeError) as failed:
        completed(server)
    assert "\n" not in str(failed.value)
    return failed.value
