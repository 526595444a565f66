"""The contract of Transcriber: behind a server with a real recogniser, and a Whisper in a child process.

The Whisper has random weights: its words are noise. vLLM's is in tests/vllm.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import tokenizer

from analyzer.describe.describer import DescribeError
from analyzer.transcribe.server import ServerTranscriber
from analyzer.transcribe.settings import LANGUAGES, TranscribeSettings
from analyzer.transcribe.speech_audio import RATE_HZ, SpeechAudio
from analyzer.transcribe.transcriber import Transcriber
from analyzer.transcribe.whisper.transcriber import WhisperTranscriber
from tests.contracts.describer_checks import check_cancelled_at_once
from tests.kit.models.speech_server import SpeechServer
from tests.kit.models.whisper import write_random

Open = Callable[[Path], AbstractAsyncContextManager[Transcriber]]

NOISE = np.random.default_rng(0).normal(0.0, 0.05, 5 * RATE_HZ).astype(np.float32)
TWO = SpeechAudio(NOISE, ((0.3, 1.8), (3.0, 4.5)))


@asynccontextmanager
async def behind_a_server(_: Path) -> AsyncIterator[Transcriber]:
    async with SpeechServer().serving() as server:
        yield ServerTranscriber(TranscribeSettings(kind="openai", base_url=server.url))


@asynccontextmanager
async def in_process(model: Path) -> AsyncIterator[Transcriber]:
    yield WhisperTranscriber(TranscribeSettings(kind="faster_whisper", model=str(model), language="en"))


each_transcriber = pytest.mark.parametrize(
    "opened", [behind_a_server, in_process], ids=lambda it: it.__name__
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random(tmp_path_factory.mktemp("models") / "whisper")


def run(opened: Open, model: Path, check: Callable[[Transcriber], Awaitable[None]]) -> None:
    """Run a check on a new transcriber, and close that twice."""

    async def checked() -> None:
        async with opened(model) as transcriber:
            await check(transcriber)
            await transcriber.close()
            await transcriber.close()

    asyncio.run(checked())


@each_transcriber
def test_each_part_has_one_bounded_line_however_many_are_asked_about(opened: Open, model: Path) -> None:
    async def check(transcriber: Transcriber) -> None:
        probe = await transcriber.probe()
        assert probe.model == transcriber.model
        assert probe.timed
        for texts in await asyncio.gather(*(transcriber.transcribe(TWO) for _ in range(3))):
            assert len(texts) == 2
            assert all(text.isprintable() and len(text) <= 60 for text in texts)
        assert len(await transcriber.transcribe(TWO.of_span(1))) == 1
        await check_cancelled_at_once(lambda: transcriber.transcribe(TWO))
        assert len(await transcriber.transcribe(TWO)) == 2

    run(opened, model, check)


@each_transcriber
def test_one_that_was_closed_raises_nothing_but_describe_errors(opened: Open, model: Path) -> None:
    async def check(transcriber: Transcriber) -> None:
        await transcriber.close()
        with suppress(DescribeError):
            assert len(await transcriber.transcribe(TWO)) == 2  # a model may be loaded again

    run(opened, model, check)


def test_a_model_process_that_dies_fails_its_question_and_is_started_again(model: Path) -> None:
    async def check(transcriber: Transcriber) -> None:
        assert isinstance(transcriber, WhisperTranscriber)
        await transcriber.probe()
        assert transcriber.pid is not None
        os.kill(transcriber.pid, signal.SIGKILL)
        with pytest.raises(DescribeError, match="SIGKILL") as failed:
            await transcriber.transcribe(TWO)
        assert failed.value.retryable
        assert len(await transcriber.transcribe(TWO)) == 2

    run(in_process, model, check)


@pytest.mark.parametrize(
    ("name", "message"),
    [("./no-such-folder", "there is no model folder"), ("{empty}", "cannot load")],
)
def test_a_model_that_cannot_be_loaded_is_one_line(name: str, message: str, tmp_path: Path) -> None:
    async def check() -> None:
        settings = TranscribeSettings(kind="faster_whisper", model=name.format(empty=tmp_path))
        transcriber = WhisperTranscriber(settings)
        with pytest.raises(DescribeError, match=message) as failed:
            await transcriber.transcribe(TWO)
        assert "\n" not in str(failed.value)
        await transcriber.close()

    asyncio.run(check())


def test_the_languages_that_can_be_named_are_those_that_whisper_knows() -> None:
    assert set(tokenizer._LANGUAGE_CODES) == LANGUAGES  # noqa: SLF001  # there is no public list
