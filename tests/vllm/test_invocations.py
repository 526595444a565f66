"""vLLM's own ``/invocations``, which SageMaker asks."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest

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
