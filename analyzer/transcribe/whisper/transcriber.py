"""WhisperTranscriber: loads the model with the first question, and again after a crash."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from analyzer.describe.model.request import deadline
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.speech_audio import RATE_HZ, SpeechAudio
from analyzer.transcribe.transcriber import TranscriberProbe
from analyzer.transcribe.whisper.process import WhisperProcess
from analyzer.transcribe.whisper.worker import Load, Recognise
from analyzer.transcribe.words import assigned

DEFAULT_MODEL = "small"


class WhisperTranscriber:
    """Recognises speech with a Whisper model of its own, by faster-whisper, which says all times."""

    def __init__(self, settings: TranscribeSettings) -> None:
        self._settings = settings
        self._loading = asyncio.Lock()
        self._process: WhisperProcess | None = None
        self.model = settings.model or DEFAULT_MODEL

    @property
    def pid(self) -> int | None:
        """Process id of the model; None while there is none."""
        return self._process.pid if self._process else None

    async def transcribe(self, speech: SpeechAudio) -> tuple[str, ...]:
        """See Transcriber."""
        process = await self._ready()
        async with deadline(self.model, self._settings.timeout_s):
            segments = await process.segments(Recognise(speech.samples, self._settings.language))
        return assigned(segments, speech.spans)

    async def probe(self) -> TranscriberProbe:
        """See Transcriber; raises DescribeError."""
        process = await self._ready()
        noise = np.random.default_rng(0).normal(0.0, 1e-3, RATE_HZ).astype(np.float32)
        started_s = time.monotonic()
        await process.segments(Recognise(noise, self._settings.language))
        return TranscriberProbe(self.model, timed=True, answer_s=time.monotonic() - started_s)

    async def close(self) -> None:
        """End the process, also while it loads. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            await process.close()

    async def _ready(self) -> WhisperProcess:
        """Return a process with the model loaded; raises DescribeError."""
        async with self._loading:
            if self._process is not None and self._process.is_dead:
                await self.close()
            if self._process is not None:
                return self._process
            process = self._process = WhisperProcess()
            settings = self._settings
            try:
                await process.load(Load(self.model, settings.compute_type, settings.threads))
            except BaseException:
                await self.close()
                raise
            return process
