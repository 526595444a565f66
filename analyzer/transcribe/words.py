"""What a recogniser returns, cleaned and assigned to the speech of a window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from analyzer.describe.describer import one_line
from analyzer.signal.sound.record import Transcript
from analyzer.signal.window import Window

# A second of fast speech is 25 characters. What is longer is a recogniser that repeats itself.
_MOST_PER_S, _LEAST_CHARS = 40, 40
# What Whisper's authors drop: probably no speech, and not sure of the words either.
_NO_SPEECH, _UNSURE = 0.6, -1.0
# Nearer than this, what is said outside of all speech belongs to the next part of it.
_NEAR_S = 1.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text with its time in the sound.

    Attributes:
        start_s, end_s: seconds from the first sample.
        text: as the recogniser returns it.
        no_speech: the probability that nothing is said there; 0 where that is not known.
        mean_log: the mean logarithm of its tokens' probabilities; 0 where that is not known.
    """

    start_s: float
    end_s: float
    text: str
    no_speech: float = 0.0
    mean_log: float = 0.0

    @property
    def is_doubtful(self) -> bool:
        """Whether it is probably invented."""
        return self.no_speech > _NO_SPEECH and self.mean_log < _UNSURE


def assigned(segments: Iterable[Segment], spans: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Return the text of each span: each segment goes to the one that it shares most time with."""
    texts: list[list[str]] = [[] for _ in spans]
    for segment in segments:
        if segment.is_doubtful or not spans:
            continue
        shared = [min(segment.end_s, end_s) - max(segment.start_s, start_s) for start_s, end_s in spans]
        best = max(range(len(spans)), key=lambda n: shared[n])
        if shared[best] > -_NEAR_S:
            texts[best].append(segment.text)
    return tuple(cleaned(" ".join(text), *span) for text, span in zip(texts, spans, strict=True))


def cleaned(text: str, start_s: float, end_s: float) -> str:
    """Return a recogniser's text in one line of printable characters, no longer than can be said then."""
    line = one_line(text)
    most = max(_LEAST_CHARS, round(_MOST_PER_S * (end_s - start_s)))
    if len(line) <= most:
        return line
    return (line[: most - 1].rpartition(" ")[0] or line[: most - 1]) + "…"


def with_words(window: Window, texts: Sequence[str], transcript: Transcript) -> Window:
    """Return a window with the text of each part of its speech; raises ValueError for another number."""
    if window.sound is None:
        return window
    speech = (replace(part, text=text) for part, text in zip(window.speech, texts, strict=True))
    return replace(window, sound=replace(window.sound, speech=tuple(speech), transcript=transcript))


def can_be_transcribed(window: Window) -> bool:
    """Whether there is speech in a window, and a clip to take it from."""
    return bool(window.speech) and window.clip is not None
