"""The contract of TextModel, for each implementation; vLLM's is in tests/vllm, with the same checks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from analyzer.describe.describer import DescribeError
from analyzer.describe.model.text_model import TextModel
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.sagemaker.client import SageMakerClient
from analyzer.describe.settings import DescribeSettings
from tests.contracts.describer_checks import (
    FAULTS,
    check_cancellation,
    check_cancelled_at_once,
    check_completes,
    check_fault,
    complete_once,
)
from tests.kit.models.chat_server import ChatServer
from tests.kit.models.fault_proxy import Fault, Proxy
from tests.kit.models.sagemaker_runtime import ENDPOINT, SageMaker
from tests.kit.models.text_model import ScriptedModel

ANSWER = {"text": "A word."}
Open = Callable[[], AbstractAsyncContextManager[TextModel]]


def behind_http(url: str, timeout_s: float = 20.0) -> OpenAiDescriber:
    return OpenAiDescriber(DescribeSettings(base_url=url, timeout_s=timeout_s))


@asynccontextmanager
async def openai() -> AsyncIterator[TextModel]:
    async with ChatServer(says=[ANSWER]).serving() as server:
        model = behind_http(server.url)
        yield model
        await model.close()


@asynccontextmanager
async def openai_without_a_schema() -> AsyncIterator[TextModel]:
    async with ChatServer(
        says=["Here it is: " + '{"text": "A word."}'], runner="library"
    ).serving() as server:
        model = behind_http(server.url)
        yield model
        await model.close()


@asynccontextmanager
async def an_endpoint_of_sagemaker() -> AsyncIterator[TextModel]:
    settings = DescribeSettings(kind="sagemaker", endpoint=ENDPOINT, timeout_s=20.0)
    async with SageMaker(ChatServer(says=[ANSWER])).serving():
        model = OpenAiDescriber(settings, client=SageMakerClient(settings))
        yield model
        await model.close()


@asynccontextmanager
async def scripted() -> AsyncIterator[TextModel]:
    yield ScriptedModel(*[ANSWER] * 10)


IMPLEMENTATIONS: list[Open] = [openai, openai_without_a_schema, an_endpoint_of_sagemaker, scripted]
each_model = pytest.mark.parametrize("opened", IMPLEMENTATIONS, ids=lambda opened: opened.__name__)


def run(opened: Open, check: Callable[[TextModel], Awaitable[None]]) -> None:
    async def checked() -> None:
        async with opened() as model:
            await check(model)

    asyncio.run(checked())


@each_model
def test_questions_are_answered_with_objects_of_the_schema(opened: Open) -> None:
    run(opened, check_completes)


@each_model
def test_a_cancelled_question_leaves_no_task(opened: Open) -> None:
    run(opened, lambda model: check_cancelled_at_once(lambda: complete_once(model)))


def test_an_answer_that_is_no_object_is_a_describe_error() -> None:
    async def run() -> None:
        async with ChatServer(says=["I cannot help with that."]).serving() as server:
            model = behind_http(server.url)
            with pytest.raises(DescribeError, match="gave no answer that fits") as failed:
                await complete_once(model)
            assert not failed.value.retryable
            await model.close()

    asyncio.run(run())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_server_is_an_error_and_passes(fault: Fault) -> None:
    async def run() -> None:
        async with ChatServer(says=[ANSWER]).serving() as server, Proxy(server.url).serving() as proxy:
            await check_fault(behind_http, proxy, fault, complete_once)

    asyncio.run(run())


def test_a_cancelled_question_leaves_no_connection() -> None:
    async def run() -> None:
        async with ChatServer(says=[ANSWER]).serving() as server, Proxy(server.url).serving() as proxy:
            await check_cancellation(behind_http, proxy, complete_once)

    asyncio.run(run())
