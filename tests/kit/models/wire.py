"""As much HTTP/1.1 as a test server needs: one request a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request; header names in lower case, and the bytes as they came."""

    target: str
    headers: dict[str, str]
    body: bytes
    head: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The connection's request; None if the client leaves before its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Request(first.split(" ")[1], headers, body, head)


def response(status: int, body: bytes, *, length: int | None = None) -> bytes:
    """A JSON response after which the connection is closed; ``length`` claims another length."""
    claimed = len(body) if length is None else length
    head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {claimed}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


@asynccontextmanager
async def served(serve: Serve, *, limit: int = 2**16) -> AsyncIterator[str]:
    """Serve connections on a free port until the end of the block; yields the base URL, up to ``/v1``.

    ``limit`` is how many bytes a stream buffers.
    """
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=limit)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
