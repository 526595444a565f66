"""The contract of Describer, for each implementation; vLLM's is in tests/vllm, with the same checks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import get_args

import pytest

from analyzer.describe.builtin.describer import BuiltinDescriber
from analyzer.describe.describer import DescribeError, Describer
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.sagemaker.client import SageMakerClient
from analyzer.describe.settings import DescribeSettings
from tests.contracts.describer_checks import (
    FAULTS,
    check_cancellation,
    check_cancelled_at_once,
    check_describes,
    check_fault,
    check_only_describe_errors,
    describe_once,
)
from tests.kit.models.chat_server import ChatServer
from tests.kit.models.fault_proxy import Fault, Proxy
from tests.kit.models.sagemaker_runtime import ENDPOINT, SageMaker
from tests.kit.records.keyframe_files import pictured

Open = Callable[[], AbstractAsyncContextManager[Describer]]


def behind_http(url: str, timeout_s: float = 20.0) -> OpenAiDescriber:
    return OpenAiDescriber(DescribeSettings(base_url=url, timeout_s=timeout_s))


@asynccontextmanager
async def builtin() -> AsyncIterator[Describer]:
    yield BuiltinDescriber()


@asynccontextmanager
async def openai_on_a_vllm_server() -> AsyncIterator[Describer]:
    async with ChatServer().serving() as server:
        yield behind_http(server.url)


@asynccontextmanager
async def openai_on_another_server() -> AsyncIterator[Describer]:
    async with ChatServer(runner="library", refuse=refuses_schemas).serving() as server:
        yield behind_http(server.url)


@asynccontextmanager
async def an_endpoint_of_sagemaker() -> AsyncIterator[Describer]:
    settings = DescribeSettings(kind="sagemaker", endpoint=ENDPOINT, timeout_s=20.0)
    async with SageMaker().serving():
        yield OpenAiDescriber(settings, client=SageMakerClient(settings))


def refuses_schemas(body: dict[str, object]) -> str | None:
    return "response_format is not supported" if "response_format" in body else None


IMPLEMENTATIONS: list[Open] = [
    builtin,
    openai_on_a_vllm_server,
    openai_on_another_server,
    an_endpoint_of_sagemaker,
]
each_describer = pytest.mark.parametrize("opened", IMPLEMENTATIONS, ids=lambda opened: opened.__name__)


def run(opened: Open, check: Callable[[Describer], Awaitable[None]]) -> None:
    """Run a check on a new describer, and close that twice."""

    async def checked() -> None:
        async with opened() as describer:
            await check(describer)
            await describer.close()
            await describer.close()

    asyncio.run(checked())


@each_describer
def test_each_window_has_its_own_moment_within_the_bounds(opened: Open, tmp_path: Path) -> None:
    windows = [pictured(tmp_path, n, times_s=[0.5 + k for k in range(n + 1)]) for n in range(4)]
    run(opened, lambda describer: check_describes(describer, windows))


@each_describer
def test_a_cancelled_window_leaves_no_task(opened: Open, tmp_path: Path) -> None:
    window = pictured(tmp_path)
    run(opened, lambda describer: check_cancelled_at_once(lambda: describer.describe(window)))


@each_describer
def test_a_window_whose_keyframes_are_gone_raises_nothing_but_describe_errors(
    opened: Open, tmp_path: Path
) -> None:
    gone, cut = pictured(tmp_path), pictured(tmp_path, 1)
    for keyframe in gone.keyframes:
        assert keyframe.file is not None
        keyframe.file.unlink()
    for keyframe in cut.keyframes:
        assert keyframe.file is not None
        keyframe.file.write_bytes(keyframe.file.read_bytes()[:20])

    async def check(describer: Describer) -> None:
        for window in (gone, cut):
            await check_only_describe_errors(describer, window)

    run(opened, check)


@each_describer
def test_one_that_was_closed_raises_nothing_but_describe_errors(opened: Open, tmp_path: Path) -> None:
    window = pictured(tmp_path)

    async def check(describer: Describer) -> None:
        await describer.close()
        await check_only_describe_errors(describer, window)

    run(opened, check)


def test_one_that_is_closed_while_it_is_asked_ends_with_a_describe_error(tmp_path: Path) -> None:
    window = pictured(tmp_path)

    async def run() -> None:
        async with ChatServer().serving() as server, Proxy(server.url).serving() as proxy:
            proxy.fault = "never"
            describer = behind_http(proxy.url)
            asking = asyncio.create_task(describer.describe(window))
            while not proxy.questions:  # noqa: ASYNC110  # the proxy sets no event
                await asyncio.sleep(0.01)
            await describer.close()
            with pytest.raises(DescribeError):
                await asking

    asyncio.run(run())


def test_every_fault_of_the_proxy_is_covered() -> None:
    assert {"none", *FAULTS} == set(get_args(Fault))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_server_is_an_error_and_passes(fault: Fault, tmp_path: Path) -> None:
    async def run() -> None:
        async with ChatServer().serving() as server, Proxy(server.url).serving() as proxy:
            await check_fault(behind_http, proxy, fault, describe_once(pictured(tmp_path)))

    asyncio.run(run())


def test_a_cancelled_question_leaves_no_connection(tmp_path: Path) -> None:
    async def run() -> None:
        async with ChatServer().serving() as server, Proxy(server.url).serving() as proxy:
            await check_cancellation(behind_http, proxy, describe_once(pictured(tmp_path)))

    asyncio.run(run())
