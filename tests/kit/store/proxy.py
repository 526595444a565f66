"""A proxy before an object store, which fails on demand and counts what is read."""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Literal
from urllib.parse import urlsplit

from tests.kit.cameras.http_server import Quiet, http_server

Fault = Literal[
    "none",
    "busy_503",  # SlowDown, as S3 answers
    "error_500",  # InternalError
    "cut",  # the connection ends in the middle of the body
    "slow",  # the body comes in ten pieces
    "hangs_up",  # the connection is closed without an answer
    "denied_403",
    "answer_lost",  # the request is passed on, and its answer is not
]
_ERRORS = {
    "busy_503": (503, "SlowDown", "Please reduce your request rate."),
    "error_500": (500, "InternalError", "We encountered an internal error. Please try again."),
    "denied_403": (403, "AccessDenied", "Access Denied"),
}
_PIECES, _PAUSE_S = 10, 0.02
# Headers of one connection.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass
class StoreProxy:
    """Stands before a store; requests for data (GET and PUT of an object) meet the faults.

    Attributes:
        to_url: the store's.
        faults: those of the next requests, one each; then ``always``.
        always: the fault of all other requests.
        on_data: called with the number of each request for data, from 1 on, before it is passed on.
        ranges: of each request for data that was answered: its first byte, and how many came.
        writes: keys that were to be written, in order; refused ones, too.
        written: those that the store has taken.
        url: the proxy's own.
    """

    to_url: str
    faults: deque[Fault] = field(default_factory=deque)
    always: Fault = "none"
    on_data: Callable[[int], object] | None = None
    ranges: list[tuple[int, int]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    asked: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def read_bytes(self) -> int:
        """How many bytes of objects were read."""
        return sum(count for _, count in self.ranges)

    def next_fault(self) -> Fault:
        """Return the fault of a request for data, and count it."""
        with self.lock:
            self.asked += 1
            number = self.asked
            fault = self.faults.popleft() if self.faults else self.always
        if self.on_data is not None:
            self.on_data(number)
        return fault


class _Handler(Quiet, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: StoreProxy

    def do_GET(self) -> None:
        is_data = "Range" in self.headers
        self._pass(self.proxy.next_fault() if is_data else "none")

    def do_PUT(self) -> None:
        self.proxy.writes.append(self.key)
        self._pass(self.proxy.next_fault())

    def do_HEAD(self) -> None:
        self._pass("none")

    def do_POST(self) -> None:
        self._pass("none")

    def do_DELETE(self) -> None:
        self._pass("none")

    @property
    def key(self) -> str:
        return self.path.partition("?")[0].lstrip("/")

    def _pass(self, fault: Fault) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault == "hangs_up":
            self.close_connection = True
            return
        if fault in _ERRORS:
            status, code, text = _ERRORS[fault]
            xml = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
            self._answer(status, {"Content-Type": "application/xml"}, xml.encode(), fault)
            return
        parts = urlsplit(self.proxy.to_url)
        store = http.client.HTTPConnection(parts.hostname or "", parts.port or 80)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            store.request(self.command, self.path, body, headers)
            answer = store.getresponse()
            data = answer.read()
            if self.command == "PUT" and answer.status == 200:
                self.proxy.written.append(self.key)
            if fault == "answer_lost":
                self.close_connection = True
                return
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
            if self.command == "HEAD":
                kept["Content-Length"] = answer.getheader("Content-Length") or "0"
            self._answer(answer.status, kept, data, fault)
        finally:
            store.close()

    def _answer(self, status: int, headers: dict[str, str], data: bytes, fault: Fault) -> None:
        with suppress(OSError):  # the client has gone
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if fault == "cut":
                data, self.close_connection = data[: len(data) // 2], True
            size = len(data) if fault != "slow" else max(1, len(data) // _PIECES)
            for at in range(0, len(data), max(1, size)):
                self.wfile.write(data[at : at + size])
                if fault == "slow":
                    time.sleep(_PAUSE_S)
            if status == 206:
                start = int(self.headers["Range"].partition("=")[2].partition("-")[0])
                self.proxy.ranges.append((start, len(data)))


@contextmanager
def store_proxy(to_url: str) -> Iterator[StoreProxy]:
    """A proxy before a store, until the block ends."""
    proxy = StoreProxy(to_url)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with http_server(handler) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy
