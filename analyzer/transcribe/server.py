"""The transcriber for any server with an OpenAI-compatible transcription API."""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.model.request import deadline
from analyzer.describe.openai.client import ChatClient, StatusError
from analyzer.describe.openai.refusal import NOT_UNDERSTOOD, refused_by_status, refused_by_text
from analyzer.describe.openai.reply import read_models
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.speech_audio import RATE_HZ, SpeechAudio
from analyzer.transcribe.transcriber import TranscriberProbe
from analyzer.transcribe.words import Segment, assigned, cleaned

log = logging.getLogger(__name__)

_OF_SPEECH = re.compile(r"whisper|transcri|voxtral|parakeet|canary|\basr\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer: its text, and its segments where the server gives their times."""

    text: str
    segments: tuple[Segment, ...] | None


class ServerTranscriber:
    """Asks a server: vLLM, speaches, whisper.cpp, LocalAI or a hosted service.

    It asks for segments with their times. A server that gives none is asked about each part of a window's
    speech alone.
    """

    def __init__(self, settings: TranscribeSettings) -> None:
        """Raise DescribeError when the client is not installed, or key, address or headers are invalid."""
        self._settings = settings
        self._client = ChatClient(settings.base_url, settings.api_key_variable, settings.extra_headers)
        self._finding = asyncio.Lock()
        self._found = settings.model
        self._asks_times = True  # until the server refuses that form
        self._gives_times = True  # until it answers without times
        self.model = settings.model or self._client.name

    async def transcribe(self, speech: SpeechAudio) -> tuple[str, ...]:
        """See Transcriber."""
        async with deadline(self._client.name, self._settings.timeout_s):
            await self._find()
            if len(speech.spans) > 1 and self._asks_times and self._gives_times:
                reply = await self._ask(speech)
                if reply.segments is not None:
                    return assigned(reply.segments, speech.spans)
                self._gives_times = False
                log.info("transcribe: %s says no times: speech is sent part by part", self._client.name)
            return tuple([await self._one(speech.of_span(n)) for n in range(len(speech.spans))])

    async def _one(self, part: SpeechAudio) -> str:
        """Return the text of one part; its times do not matter."""
        reply = await self._ask(part)
        if reply.segments is None:
            return cleaned(reply.text, *part.spans[0])
        said = " ".join(segment.text for segment in reply.segments if not segment.is_doubtful)
        return cleaned(said, *part.spans[0])

    async def probe(self) -> TranscriberProbe:
        """See Transcriber; raises DescribeError."""
        noise = np.random.default_rng(0).normal(0.0, 1e-3, RATE_HZ).astype(np.float32)
        started_s = time.monotonic()
        async with deadline(self._client.name, self._settings.timeout_s):
            await self._find()
            await self._ask(SpeechAudio(noise, ((0.0, 1.0),)))
        return TranscriberProbe(self.model, self._asks_times, time.monotonic() - started_s)

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._client.close()

    async def _find(self) -> None:
        """Find the model, once; raises DescribeError."""
        async with self._finding:
            if self._found is None:
                try:
                    models = read_models(await self._client.models())
                except StatusError as error:
                    raise _reported(error) from None
                names = [listed.model for listed in models or ()]
                fitting = [name for name in names if _OF_SPEECH.search(name)]
                if not fitting and len(names) != 1:
                    raise RefusedError(f"{self._client.name} lists no model for speech: name one")
                self._found = (fitting or names)[0]
            self.model = self._found

    async def _ask(self, speech: SpeechAudio) -> _Reply:
        """Send a sound; without times where the server refuses the form that has them."""
        wav = await asyncio.to_thread(speech.wav)
        try:
            try:
                return await self._request(wav, times=self._asks_times)
            except StatusError as error:
                if not self._asks_times or error.status not in NOT_UNDERSTOOD or refused_by_text(error):
                    raise
                reply = await self._request(wav, times=False)
                log.info("transcribe: %s refuses verbose_json: %s", self._client.name, error.message)
                self._asks_times = False
                return reply
        except StatusError as error:
            raise _reported(error) from None

    async def _request(self, wav: bytes, *, times: bool) -> _Reply:
        body = {"model": self.model, "response_format": "verbose_json" if times else "json"}
        if self._settings.language:
            body["language"] = self._settings.language
        return _read(self._client.name, await self._client.transcription(wav, body))


def _reported(error: StatusError) -> DescribeError:
    return refused_by_text(error) or refused_by_status(error) or error


def _read(name: str, value: Any) -> _Reply:
    """Return an answer; raises DescribeError, retryable, where it is none."""
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise DescribeError(f"{name} answers with something else than a transcription", retryable=True)
    listed = value.get("segments")
    segments = tuple(_segments(listed)) if isinstance(listed, list) else ()
    if text.strip() and not segments:
        return _Reply(text, None)
    return _Reply(text, segments)


def _segments(listed: list[Any]) -> Iterator[Segment]:
    """Yield the segments that have a text and times."""
    for entry in listed:
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            continue
        start_s, end_s = _number(entry.get("start")), _number(entry.get("end"))
        if start_s is not None and end_s is not None:
            yield Segment(
                start_s,
                end_s,
                entry["text"],
                _number(entry.get("no_speech_prob")) or 0.0,
                _number(entry.get("avg_logprob")) or 0.0,
            )


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None
