"""A transcriber against servers: what it sends, what it makes of answers, and how servers fail."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import numpy as np
import pytest

from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.transcribe.server import ServerTranscriber
from analyzer.transcribe.settings import TranscribeSettings
from analyzer.transcribe.speech_audio import SpeechAudio
from tests.kit.models.model_server import Answer, page
from tests.kit.models.speech_server import Asked, SpeechServer, says

TWO = SpeechAudio(np.zeros(80_000, np.float32), ((0.3, 1.8), (3.0, 4.5)))
ONE = TWO.of_span(0)
MESSAGE = {"error": {"message": "a word of the server", "type": "fault"}}


def asked(server: SpeechServer, speech: SpeechAudio = TWO, times: int = 1, **more: Any) -> tuple[str, ...]:
    """The texts that come of the last of so many questions."""

    async def run() -> tuple[str, ...]:
        async with server.serving():
            given: dict[str, Any] = {"base_url": server.url, "model": "whisper-1"} | more
            transcriber = ServerTranscriber(TranscribeSettings(kind="openai", **given))
            try:
                for _ in range(times):
                    texts = await transcriber.transcribe(speech)
                return texts
            finally:
                await transcriber.close()
                await transcriber.close()

    return asyncio.run(run())


def timed(*segments: tuple[float, float, str], **more: float) -> dict[str, Any]:
    listed = [{"start": start_s, "end": end_s, "text": text, **more} for start_s, end_s, text in segments]
    return {"text": " ".join(text for *_, text in segments), "duration": 5.0, "segments": listed}


def test_segments_go_to_the_speech_of_their_time() -> None:
    server = SpeechServer(says(timed((0.2, 1.0, " Good"), (1.0, 2.0, " morning."), (2.9, 4.6, " Come in."))))
    assert asked(server, language="en") == ("Good morning.", "Come in.")
    (request,) = server.asked
    assert request.length_s == 5.0
    assert request.fields == {"model": "whisper-1", "response_format": "verbose_json", "language": "en"}


def test_a_server_that_says_no_times_is_asked_part_by_part() -> None:
    server = SpeechServer(lambda it: Answer({"text": "first" if it.length_s < 3 else "both"}))
    assert asked(server, times=2) == ("first", "first")
    assert [request.length_s for request in server.asked] == [5.0, 2.1, 2.1, 2.1, 2.1]


def test_a_server_that_refuses_the_form_with_times_is_asked_without() -> None:
    def plain_only(request: Asked) -> Answer:
        if request.fields["response_format"] == "verbose_json":
            return Answer({"error": {"message": "verbose_json is not supported"}}, 400)
        return Answer({"text": "said"})

    server = SpeechServer(plain_only)
    assert asked(server, times=2) == ("said", "said")
    assert [it.fields["response_format"] for it in server.asked].count("verbose_json") == 1


def test_text_is_one_bounded_line_without_control_characters() -> None:
    server = SpeechServer(says(timed((0.0, 2.0, " a\x1b[31m\r\nb\x00\u202e "), (3.0, 4.5, "no " * 900))))
    first, second = asked(server)
    assert first == "a [31m b"
    assert len(second) <= 60
    assert second.isprintable()


def test_what_is_probably_invented_is_dropped() -> None:
    doubtful = {"no_speech_prob": 0.9, "avg_logprob": -1.5}
    server = SpeechServer(says(timed((0.0, 2.0, "Thanks for watching!"), **doubtful)))
    assert asked(server) == ("", "")


@pytest.mark.parametrize(
    "segments",
    [
        [{"start": 0, "end": "x", "text": "a"}, {"text": "b"}, 7, None],
        [{"start": float("inf"), "end": True, "text": "a"}],
    ],
)
def test_segments_without_a_time_do_not_lose_the_text(segments: list[Any]) -> None:
    server = SpeechServer(says({"text": "all of it", "segments": segments}))
    assert asked(server, ONE) == ("all of it",)


@pytest.mark.parametrize(
    ("answer", "message", "refused"),
    [
        (Answer(MESSAGE, 500), "answers 500: a word of the server", False),
        (Answer(MESSAGE, 429, headers={"retry-after": "7"}), "answers 429", False),
        (Answer(MESSAGE, 401), "answers 401: a word of the server", True),
        (Answer(MESSAGE, 402), "answers 402", True),
        (Answer(MESSAGE, 403), "answers 403", True),
        (Answer(MESSAGE, 404), "are base_url and model right", True),
        (Answer(MESSAGE, 413), "answers 413", False),
        (page("Welcome to nginx!", 200), "a web page", True),
        (Answer("{it is no JSON"), "garbled data", False),
        (Answer({"result": [1, 2]}), "something else than a transcription", False),
        (Answer({"text": None}), "something else than a transcription", False),
        (Answer([]), "something else than a transcription", False),
        (Answer({"error": {"message": "model is loading", "code": 503}}), "model is loading", False),
    ],
)
def test_a_failure_is_one_line_and_says_whether_it_may_pass(
    answer: Answer,
    message: str,
    refused: bool,  # noqa: FBT001  # a row of the table
) -> None:
    with pytest.raises(DescribeError, match=message) as failed:
        asked(SpeechServer(lambda _: answer), ONE)
    assert "\n" not in str(failed.value)
    assert isinstance(failed.value, RefusedError) is refused
    assert failed.value.retryable is not (refused or answer.status == 413)
    assert failed.value.retry_after_s == (7.0 if answer.status == 429 else 0.0)


def test_a_server_that_is_down_and_one_that_is_slow() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def down() -> None:
        transcriber = ServerTranscriber(TranscribeSettings(base_url=f"http://127.0.0.1:{port}/v1", model="m"))
        await transcriber.transcribe(ONE)

    with pytest.raises(DescribeError, match="cannot be reached") as failed:
        asyncio.run(down())
    assert failed.value.retryable
    with pytest.raises(DescribeError, match=r"no answer within 0\.2 s") as failed:
        asked(SpeechServer(waits=True), ONE, timeout_s=0.2)
    assert failed.value.retryable


def test_the_first_model_for_speech_is_taken() -> None:
    models = {"data": [{"id": "gpt-9"}, {"id": "whisper-1"}, {"id": "tts-1"}]}
    server = SpeechServer(says({"text": "said"}), models)
    assert asked(server, ONE, model=None) == ("said",)
    assert server.asked[0].fields["model"] == "whisper-1"
    with pytest.raises(RefusedError, match="lists no model for speech: name one"):
        asked(SpeechServer(models={"data": [{"id": "gpt-9"}, {"id": "tts-1"}]}), model=None)
