"""The child process of a Whisper model: loads it, then answers one question after another."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from analyzer.describe.describer import DescribeError
from analyzer.transcribe.words import Segment
from base.child_process import become_child
from stream.media.sound_part import Mono


@dataclass(frozen=True, slots=True)
class Load:
    """Which model to load, and how it computes; see TranscribeSettings. Answered with None."""

    model: str
    compute_type: str
    threads: int


@dataclass(frozen=True, slots=True, eq=False)
class Recognise:
    """A sound of 16 kHz, and the language that is spoken, if that is known. Answered with segments."""

    samples: Mono
    language: str | None


Answer = tuple[Segment, ...] | DescribeError | None


def run(handle: int, parent_pid: int) -> None:
    """Answer what comes over the pipe, a Load first, until the main process ends or closes it."""
    pipe = become_child(handle, parent_pid)
    try:
        _serve(pipe)
    except (EOFError, OSError):  # no one asks any more
        return


def _serve(pipe: Connection[Any, Any]) -> None:
    model: Any = None
    while True:
        request: Load | Recognise = pipe.recv()
        answer: Answer
        try:
            if isinstance(request, Load):
                model, answer = _load(request), None
            else:
                answer = _segments(model, request)
        except Exception as error:  # noqa: BLE001  # whatever a library raises fails this question alone
            answer = DescribeError(_failure(request, error))
        pipe.send(answer)


def _load(request: Load) -> Any:
    from faster_whisper import WhisperModel  # noqa: PLC0415  # an extra, and slow to import

    return WhisperModel(request.model, compute_type=request.compute_type, cpu_threads=request.threads)


def _segments(model: Any, request: Recognise) -> tuple[Segment, ...]:
    # Each window is recognised by itself: a text carried over from the one before repeats without end.
    found, _ = model.transcribe(request.samples, language=request.language, condition_on_previous_text=False)
    return tuple(
        Segment(each.start, each.end, each.text, each.no_speech_prob, each.avg_logprob) for each in found
    )


def _failure(request: Load | Recognise, error: Exception) -> str:
    what = f"cannot load {request.model}" if isinstance(request, Load) else "cannot recognise speech"
    return f"faster-whisper {what}: {type(error).__name__}: {error}"
