"""The Transcriber protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from analyzer.transcribe.speech_audio import SpeechAudio


@dataclass(frozen=True, slots=True)
class TranscriberProbe:
    """What a transcriber has shown when it was tried.

    Attributes:
        model: its name.
        timed: whether it says when something was said; without that, each part of speech is asked alone.
        answer_s: how long an answer to a second of sound took.
    """

    model: str
    timed: bool
    answer_s: float


class Transcriber(Protocol):
    """Turns speech into text, or raises DescribeError as a describer does; never invents a text.

    A hosted or local recogniser may well invent one where nothing was said.
    """

    model: str

    async def transcribe(self, speech: SpeechAudio) -> tuple[str, ...]:
        """Return the text of each part of the speech, in one line each; empty where no word was recognised.

        Cancellation leaves nothing running.
        """
        ...

    async def probe(self) -> TranscriberProbe:
        """Ask about a second of sound without speech, loading the model if it must be."""
        ...

    async def close(self) -> None:
        """Release the model or the connection. Safe to call twice."""
        ...
