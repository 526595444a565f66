"""A speech server with a real recogniser: pocketsphinx, whose package has an English model in it.

It offers as much of OpenAI's API as transcription takes: the list of models, and a transcription as JSON with
or without times. It knows some commands, which it distinguishes by sound alone; of free speech, and of a
voice that is no person's, pocketsphinx understands little.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any

from tests.kit.models.event_loop import Loop
from tests.kit.models.model_server import Answer
from tests.kit.models.wire import Request, read_request, served

FRAMES_PER_S = 100
MODEL = "pocketsphinx-en-us"
GRAMMAR = """#JSGF V1.0;
grammar commands;
public <command> = <way> | <thing> | turn (left | right) | hello | good (morning | evening);
<way> = (go | come) (forward | backward) (two | three | seven | ten | twenty) (meters | minutes);
<thing> = (open | close) the (front | back) (door | window | garden gate);
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a transcription: its fields as text, and the sound."""

    fields: dict[str, str]
    wav: bytes

    @property
    def length_s(self) -> float:
        with wave.open(BytesIO(self.wav)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
            return float(file.getnframes()) / 16_000


@cache
def _decoder() -> Any:
    """The recogniser, which takes seconds to load."""
    from pocketsphinx import Decoder  # noqa: PLC0415  # slow to import, and only some tests want it

    decoder = Decoder(samprate=16_000, loglevel="FATAL", lm=None)
    decoder.add_jsgf_string("commands", GRAMMAR)
    decoder.activate_search("commands")
    return decoder


_one_at_a_time = Lock()


def recognised(asked: Asked) -> Answer:
    """What pocketsphinx understands, as the request wants it."""
    with wave.open(BytesIO(asked.wav)) as file:
        samples = file.readframes(file.getnframes())
    with _one_at_a_time:
        decoder = _decoder()
        decoder.start_utt()
        decoder.process_raw(samples, no_search=False, full_utt=True)
        decoder.end_utt()
        found = list(decoder.seg() or ())
    words = [segment for segment in found if segment.word[0] not in "<["]
    text = " ".join(segment.word.partition("(")[0] for segment in words)
    if asked.fields.get("response_format") != "verbose_json":
        return Answer({"text": text})
    segments = [
        {
            "id": n,
            "start": segment.start_frame / FRAMES_PER_S,
            "end": (segment.end_frame + 1) / FRAMES_PER_S,
            "text": segment.word.partition("(")[0],
        }
        for n, segment in enumerate(words)
    ]
    return Answer({"text": text, "language": "en", "duration": asked.length_s, "segments": segments})


Answering = Callable[[Asked], Answer]
"""Answers a request; blocks."""


@dataclass
class SpeechServer:
    """Serves transcriptions.

    Attributes:
        answering: what answers; may be changed at any time. pocketsphinx by default.
        asked: all requests for transcriptions.
        waits: as long as it is set, no request is answered.
        models: the answer to who asks for the models.
    """

    answering: Answering = recognised
    models: Any = field(default_factory=lambda: {"object": "list", "data": [{"id": MODEL}]})
    asked: list[Asked] = field(default_factory=list)
    waits: bool = False
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[SpeechServer]:
        """Serve on a free port until the end of the block."""
        async with served(self._serve, limit=2**24) as self.url:
            yield self

    @contextmanager
    def in_thread(self) -> Iterator[SpeechServer]:
        """Serve in a thread of its own until the end of the block."""
        with Loop().running() as loop:
            serving = self.serving()
            loop.run(serving.__aenter__())
            try:
                yield self
            finally:
                loop.run(serving.__aexit__(None, None, None))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await read_request(reader)
            if request is not None:
                writer.write((await self._answer(request)).encoded())
                await writer.drain()
        except ConnectionError:
            pass  # the client has left
        finally:
            writer.close()

    async def _answer(self, request: Request) -> Answer:
        if request.target.endswith("/models"):
            return self.models if isinstance(self.models, Answer) else Answer(self.models)
        if not request.target.endswith("/audio/transcriptions"):
            return Answer({"detail": "Not Found"}, 404)
        self.asked.append(_asked(request))
        while self.waits:  # noqa: ASYNC110  # a test sets it from its own thread
            await asyncio.sleep(0.02)
        return await asyncio.to_thread(self.answering, self.asked[-1])


def _asked(request: Request) -> Asked:
    """Read a form with a file."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    form = message_from_bytes(head + request.body, policy=HTTP)
    assert isinstance(form, EmailMessage)
    assert form.is_multipart()
    fields: dict[str, str] = {}
    wav = b""
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if name == "file":
            wav = content
        else:
            fields[str(name)] = content.decode()
    return Asked(fields, wav)


def says(value: Any, status: int = 200, **headers: str) -> Answering:
    """What always answers the same."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda _: Answer(value, status, headers=named)
