"""A transcriber with a real vLLM server that serves a tiny Whisper, without weights: its words are noise."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.transcribe.server import ServerTranscriber
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.speech_audio import SpeechAudio
from tests.kit.models.whisper import write_model
from tests.vllm.conftest import serving

pytestmark = pytest.mark.vllm

NOISE = np.random.default_rng(0).normal(0.0, 0.1, 96_000).astype(np.float32)
TWO = SpeechAudio(NOISE, ((0.3, 1.8), (3.0, 5.5)))


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server's URL, up to and with /v1."""
    model = write_model(tmp_path_factory.mktemp("models") / "whisper")
    log = tmp_path_factory.mktemp("server") / "log"
    with serving(model, log, "tiny-whisper", "--max-num-seqs", "4") as url:
        yield url


def make(url: str, model: str | None = None) -> ServerTranscriber:
    return ServerTranscriber(
        TranscribeSettings(kind="openai", base_url=url, model=model, timeout_s=120.0, language="en")
    )


def test_each_part_of_speech_has_a_line_of_text(whisper: str) -> None:
    async def run() -> None:
        transcriber = make(whisper)
        probe = await transcriber.probe()
        assert probe.model == "tiny-whisper"
        for _ in range(2):
            texts = await transcriber.transcribe(TWO)
            assert len(texts) == 2
            assert all(text.isprintable() for text in texts)
        alone = await asyncio.gather(*(transcriber.transcribe(TWO.of_span(n)) for n in (0, 1)))
        assert [len(each) for each in alone] == [1, 1]
        await transcriber.close()

    asyncio.run(run())


def test_another_model_and_a_wrong_address_are_refused(whisper: str) -> None:
    async def run(url: str, model: str) -> None:
        transcriber = make(url, model)
        try:
            await transcriber.transcribe(TWO)
        finally:
            await transcriber.close()

    with pytest.raises(RefusedError, match="404"):
        asyncio.run(run(whisper, "another"))
    with pytest.raises(RefusedError, match="404"):
        asyncio.run(run(f"{whisper}/more", "tiny-whisper"))


def test_sound_that_cannot_be_read_is_its_own_failure(whisper: str) -> None:
    async def run() -> None:
        transcriber = make(whisper)
        await transcriber.transcribe(TWO)
        with pytest.raises(DescribeError) as failed:
            await transcriber.transcribe(SpeechAudio(NOISE[:0], ((0.0, 0.0),)))
        assert "\n" not in str(failed.value)
        assert (await transcriber.transcribe(TWO))[0] is not None
        await transcriber.close()

    asyncio.run(run())
