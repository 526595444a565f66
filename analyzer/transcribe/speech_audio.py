"""The sound of a window's speech, cut from its clip."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy as np

from analyzer.signal.window import Window
from stream.media.file import MediaError
from stream.media.sound_part import Mono, read_sound

RATE_HZ = 16_000
# A detector cuts the first and the last sound of a word short; recognisers want some silence around it, too.
_MARGIN_S = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class SpeechAudio:
    """The sound from the beginning of a window's speech to its end, its pauses included.

    Attributes:
        samples: mono, of ``RATE_HZ``.
        spans: each part of the speech, in seconds from the first sample.
    """

    samples: Mono
    spans: tuple[tuple[float, float], ...]

    @property
    def length_s(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE_HZ

    def of_span(self, number: int) -> SpeechAudio:
        """Return one part of the speech alone."""
        start_s, end_s = self.spans[number]
        first = max(0, round((start_s - _MARGIN_S) * RATE_HZ))
        samples = self.samples[first : round((end_s + _MARGIN_S) * RATE_HZ)]
        return SpeechAudio(samples, ((start_s - first / RATE_HZ, end_s - first / RATE_HZ),))

    def wav(self) -> bytes:
        """Return it as a WAV file of 16 bits a sample."""
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(np.rint(np.clip(self.samples, -1.0, 1.0) * 32_767).astype("<i2").tobytes())
        return out.getvalue()


def read_speech(window: Window) -> SpeechAudio:
    """Read the sound of a window's speech from its clip; blocks. Raises MediaError, also without a clip."""
    clip, speech = window.clip, window.speech
    if clip is None or not speech:
        raise MediaError(f"{window.id}: there is no clip with speech")
    start_s = max(window.start_s, speech[0].start_s - _MARGIN_S)
    end_s = min(window.end_s, speech[-1].end_s + _MARGIN_S)
    begin_s, until_s = start_s - clip.file_start_s, end_s - clip.file_start_s
    samples = read_sound(clip.path, begin_s, until_s, rate_hz=RATE_HZ)
    return SpeechAudio(samples, tuple((part.start_s - start_s, part.end_s - start_s) for part in speech))
