"""An HTTP service that notifications are sent to, by the JSON plugin of Apprise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.kit.cameras.http_server import Quiet, http_server


@dataclass
class Webhook:
    """What an HTTP service was sent; it answers ``status``, once ``open`` is set.

    With ``endless`` its answer begins, and goes on a little at a time until ``open`` is set. With ``away`` it
    closes each connection without an answer.
    """

    port: int = 0
    status: int = 200
    open: threading.Event = field(default_factory=threading.Event)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    endless: bool = False
    away: bool = False

    @property
    def titles(self) -> list[str]:
        return [body["title"] for body in self.bodies]

    @property
    def url(self) -> str:
        return f"json://user:open-sesame@127.0.0.1:{self.port}/secret-path"


@contextmanager
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    hook.open.set()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.asked += 1
            if hook.away:
                return
            if hook.endless:
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Endless: ")
            while hook.endless and not hook.open.wait(0.2):
                self.wfile.write(b"x")
            hook.open.wait(30)
            if hook.status == 200:
                hook.bodies.append(body)
            self.send_response(hook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with http_server(Handler) as port:
        hook.port = port
        yield hook
        hook.open.set()
