"""A proxy in front of a chat server, which fails on demand: each fault is a name.

Questions (``/chat/completions``) meet the fault, all else passes. The real server behind it works on: what
the proxy breaks is what networks, load balancers and restarts break.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.kit.models.wire import Request, read_request, response, served

Fault = Literal[
    "none",
    "late",  # the whole answer, after ``late_s``
    "never",  # the question is taken, and that is all
    "error_500",
    "busy_429",
    "unavailable_503",
    "unauthorized_401",
    "garbled",  # 200, and a body that is no JSON
    "half",  # the connection ends in the middle of the answer
    "trickle",  # the answer comes byte by byte, and never ends
    "hangs_up",  # the connection is closed without an answer
]

_STATUS = {"error_500": 500, "busy_429": 429, "unavailable_503": 503, "unauthorized_401": 401}
_CLIENT_LOOKS_S = 0.02  # how often it is looked whether the client has left


@dataclass
class Proxy:
    """Stands before ``upstream`` (a URL up to and with ``/v1``); ``fault`` may be changed at any time.

    Attributes:
        late_s: what "late" means.
        open: connections that clients hold now.
        questions: how many questions came, failed ones too.
        answered: how many whole answers came back from upstream.
    """

    upstream: str
    fault: Fault = "none"
    late_s: float = 0.3
    open: int = 0
    questions: int = 0
    answered: int = 0
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Proxy]:
        """Serve on a free port until the end of the block."""
        async with served(self._serve) as self.url:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            request = await read_request(reader)
            if request is not None:
                await self._until_the_client_leaves(reader, self._answer(request, writer))
        except ConnectionError:
            pass  # the client left while it was written to
        finally:
            self.open -= 1
            writer.close()

    async def _until_the_client_leaves(
        self, reader: asyncio.StreamReader, answering: Coroutine[Any, Any, None]
    ) -> None:
        task = asyncio.ensure_future(answering)
        while not (task.done() or reader.at_eof() or reader.exception()):
            await asyncio.wait([task], timeout=_CLIENT_LOOKS_S)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if not request.target.endswith("/chat/completions"):
            writer.write(await self._forward(request))
            await writer.drain()
            return
        self.questions += 1
        await self._fail(request, writer)

    async def _fail(self, request: Request, writer: asyncio.StreamWriter) -> None:
        fault = self.fault
        if fault == "hangs_up":
            return
        if fault == "never":
            await asyncio.Event().wait()
        if fault in _STATUS:
            body = b'{"error": {"message": "a word of the proxy", "type": "fault", "code": 0}}'
            writer.write(response(_STATUS[fault], body))
            await writer.drain()
            return
        answer = response(200, b"{it is no JSON") if fault == "garbled" else await self._forward(request)
        if fault == "late":
            await asyncio.sleep(self.late_s)
        if fault == "half":
            answer = answer[: len(answer) - len(answer.partition(b"\r\n\r\n")[2]) // 2]
        if fault == "trickle":
            for byte in answer[:-1]:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
            await asyncio.Event().wait()
        writer.write(answer)
        await writer.drain()

    async def _forward(self, request: Request) -> bytes:
        """The upstream's whole answer. Its connection is closed when this is cancelled."""
        parts = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            head = re.sub(rb"(?im)^connection:.*\r\n", b"", request.head).removesuffix(b"\r\n")
            writer.write(head + b"connection: close\r\n\r\n" + request.body)
            await writer.drain()
            answer = await reader.read()
        finally:
            writer.close()
        self.answered += 1
        return answer
