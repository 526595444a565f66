"""vLLM's own ``/invocations``, which SageMaker asks, behind the runtime's contract."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.sagemaker.client import SageMakerClient
from analyzer.describe.settings import DescribeSettings
from tests.contracts.describer_checks import check_completes, check_describes
from tests.kit.models.sagemaker_runtime import ENDPOINT, SageMaker
from tests.kit.records.keyframe_files import pictured

pytestmark = pytest.mark.vllm

QUESTION = {
    "messages": [{"role": "user", "content": "Say a word."}],
    "max_tokens": 8,
    "temperature": 0.0,
    "seed": 1,
}


def posted(url: str) -> dict[str, Any]:
    request = Request(url, json.dumps(QUESTION).encode(), {"Content-Type": "application/json"})  # noqa: S310  # of this machine
    with urlopen(request) as answer:  # noqa: S310  # as above
        found: dict[str, Any] = json.loads(answer.read())
    return found


def test_invocations_answers_what_chat_completions_answers(server: str) -> None:
    root = server.removesuffix("/v1")
    chat, invoked = posted(f"{root}/v1/chat/completions"), posted(f"{root}/invocations")
    assert invoked["choices"][0]["message"] == chat["choices"][0]["message"]
    assert invoked.keys() == chat.keys()


def test_it_fulfils_the_contracts_of_describer_and_text_model(server: str, tmp_path: Path) -> None:
    settings = DescribeSettings(kind="sagemaker", endpoint=ENDPOINT, timeout_s=120.0)

    async def run() -> None:
        async with SageMaker(container=server).serving():
            describer = OpenAiDescriber(settings, client=SageMakerClient(settings))
            await check_describes(describer, [pictured(tmp_path, n) for n in range(2)])
            await check_completes(describer)
            await describer.close()

    asyncio.run(run())
