"""The describer with a real vLLM server, and a proxy before it that fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from analyzer.describe.model.prompt import CameraBrief, Prompts
from analyzer.describe.moment import MAX_TITLE_CHARS
from analyzer.describe.openai.describer import OpenAiDescriber
from analyzer.describe.settings import DescribeSettings
from analyzer.reel.narrator import Narrator
from analyzer.reel.records import Choice
from analyzer.reel.selector import ModelSelector
from analyzer.reel.settings import ReelSettings
from tests.contracts.describer_checks import (
    FAULTS,
    check_cancellation,
    check_completes,
    check_describes,
    check_fault,
    complete_once,
    describe_once,
)
from tests.kit.models.fault_proxy import Fault, Proxy
from tests.kit.records.keyframe_files import pictured
from tests.kit.records.moments import moment
from tests.vllm.conftest import RULES

pytestmark = pytest.mark.vllm


def make(url: str, timeout_s: float = 120.0) -> OpenAiDescriber:
    prompts = Prompts({"ruled": CameraBrief(tell_me_when=RULES)})
    return OpenAiDescriber(DescribeSettings(base_url=url, timeout_s=timeout_s), prompts)


def test_a_window_becomes_a_moment_by_one_video_and_a_schema(server: str, tmp_path: Path) -> None:
    async def run() -> None:
        describer = make(server)
        told = await describer.describe(pictured(tmp_path, camera="ruled"))
        assert 0 < len(told.title) <= MAX_TITLE_CHARS
        assert told.text
        assert set(told.alerts) <= set(RULES)
        probe = await describer.probe()
        assert (probe.model, probe.context_tokens, probe.schema, probe.video) == ("tiny", 4096, True, True)
        await describer.close()

    asyncio.run(run())


def test_it_fulfils_the_contracts_of_describer_and_text_model(server: str, tmp_path: Path) -> None:
    async def run() -> None:
        describer = make(server)
        await check_describes(describer, [pictured(tmp_path, n) for n in range(3)])
        await check_completes(describer)
        await describer.close()
        await describer.close()

    asyncio.run(run())


def test_pictures_go_one_by_one_where_that_is_set(server: str, tmp_path: Path) -> None:
    async def run() -> None:
        settings = DescribeSettings(base_url=server, pictures="images", timeout_s=120.0)
        describer = OpenAiDescriber(settings)
        assert (await describer.describe(pictured(tmp_path))).text
        await describer.close()

    asyncio.run(run())


def test_the_model_selects_and_narrates(server: str) -> None:
    async def run() -> None:
        describer = make(server)
        moments = tuple(moment(n, title=f"Event {n}") for n in range(12))
        settings = ReelSettings(min_chapters=3, max_chapters=5)
        proposal = await ModelSelector(describer, settings).propose(moments)
        assert proposal is not None
        assert 3 <= len(proposal.picks) <= 5
        choices = [Choice(each, "Why not.") for each in moments[:3]]
        story = await Narrator(describer).narrate(choices, [], ["front"])
        assert len(story.sentences) == 3
        await describer.close()

    asyncio.run(run())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_error_and_passes(fault: Fault, server: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with Proxy(server).serving() as proxy:
            await check_fault(make, proxy, fault, describe_once(pictured(tmp_path)))

    asyncio.run(run())


def test_a_cancelled_question_leaves_nothing_running(server: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with Proxy(server).serving() as proxy:
            await check_cancellation(make, proxy, describe_once(pictured(tmp_path)))
            await check_cancellation(make, proxy, complete_once)

    asyncio.run(run())
