"""A viewer of a live camera that is no browser: it reads when the test does."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from sinks.live_view import HEAD_BYTES
from tests.kit.program.live_run import LONG_S

Message = tuple[str, bytes]


class Viewer:
    """An answer that is being read."""

    def __init__(self, answer: HTTPResponse) -> None:
        self._answer = answer

    def next(self) -> Message:
        """The next message: its tag and its content."""
        head = self._answer.read(HEAD_BYTES)
        assert len(head) == HEAD_BYTES, "the answer has ended"
        return chr(head[0]), self._answer.read(int.from_bytes(head[1:], "big"))

    def until(self, tag: str) -> bytes:
        """The content of the next message of this kind."""
        while (message := self.next())[0] != tag:
            pass
        return message[1]

    def event(self, name: str) -> dict[str, Any]:
        """The next event of this name."""
        while (found := json.loads(self.until("J")))["event"] != name:
            pass
        return dict(found)

    def ends(self) -> bool:
        """Whether the answer comes to its end, whatever comes before."""
        while self._answer.read(1 << 16):
            pass
        return True


@contextmanager
def viewing(
    url: str,
    camera: str,
    query: str = "",
    *,
    receive_bytes: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Viewer]:
    """Watch a camera of the site at ``url``; ``receive_bytes`` is the size of the socket's buffer."""
    place = urlsplit(url)
    connection = HTTPConnection(str(place.hostname), place.port or 80, timeout=LONG_S)
    if receive_bytes is not None:
        connection.sock = socket.socket()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.sock.settimeout(LONG_S)
        connection.sock.connect((place.hostname, place.port))
    connection.request("GET", f"{place.path}api/cameras/{camera}/live{query}", headers=dict(headers or {}))
    answer = connection.getresponse()
    try:
        assert answer.status == 200, answer.read()
        yield Viewer(answer)
    finally:
        answer.close()
        connection.close()


def number_of(fragment: bytes) -> int:
    """Which fragment of its track this is."""
    (number,) = struct.unpack_from(">I", fragment, fragment.index(b"mfhd") + 8)
    return int(number)
