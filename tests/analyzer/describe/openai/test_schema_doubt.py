"""A failure of the server that was taken for its refusal of schemas is tested again."""

from __future__ import annotations

import asyncio

from analyzer.describe.model.text_model import DESCRIBING
from analyzer.describe.openai.chat_server import ChatServer, Shown, Task
from analyzer.describe.openai.client import ChatClient
from analyzer.describe.openai.dialect import Fit
from analyzer.describe.settings import DescribeSettings
from tests.kit.models.model_server import ModelServer, refusal

TASK = Task("Answer.", {"type": "object"}, DESCRIBING)


def test_a_schema_is_tried_again_after_a_failure_that_was_taken_for_its_refusal() -> None:
    server = ModelServer((lambda body: refusal("oops", 500) if "response_format" in body else None,))
    now_s = 0.0

    async def run() -> list[bool]:
        async with server.serving():
            settings = DescribeSettings(kind="openai", model="m")
            client = ChatClient(server.url, settings.api_key_variable, {})
            chat = ChatServer(settings, client, lambda: now_s)

            async def ask(at_s: float) -> bool:
                nonlocal now_s
                now_s = at_s
                await chat.complete(TASK, show)
                return chat.dialect.schema

            async def show(_: Fit) -> Shown:
                return Shown("what is this?")

            found = [await ask(0.0), await ask(599.0), await ask(601.0), await ask(1799.0)]
            server.rules = ()
            found += [await ask(1800.0), await ask(1802.0), await ask(1803.0)]
            await chat.close()
            return found

    assert asyncio.run(run()) == [False, False, False, False, False, True, True]
    with_schema = ["response_format" in body for body in server.asked]
    # Refused at 0 s, again at 601 s, then not before 1801 s.
    assert with_schema == [True, False, False, True, False, False, False, True, True]
