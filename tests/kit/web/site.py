"""A WebSink that serves a real ledger during a test, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from livereel.app import build
from livereel.camera.settings import CameraSettings
from livereel.camera.worker import CameraJob
from livereel.config.describers import make_language_models
from livereel.ledger.ledger import Ledger
from livereel.live.archive import LedgerArchive
from livereel.live.live_views import LiveViews
from livereel.live.service import Intervals, Live
from livereel.reels.settings import NamedReel
from livereel.replay.tuner import LedgerTuner
from sinks.sink import Event
from sinks.web.connection import ClientTimeouts
from sinks.web.settings import WebSettings
from sinks.web.sink import WebSink, listen
from tests.kit.program.live_run import LONG_S, WINDOWS, end, few_chapters

TOKEN = "correct-horse-battery"  # noqa: S105  # of the tests alone
VERSION = "1.2.3"
CAMERAS = ("front", "yard-2")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Site:
    """A WebSink that is running."""

    sink: WebSink
    ledger: Ledger
    loop: asyncio.AbstractEventLoop
    root_path: str = ""

    @property
    def port(self) -> int:
        port = urlsplit(self.sink.url).port
        assert port is not None
        return port

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; a value of ``headers`` replaces what would be sent by default."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=LONG_S)) as connection:
            connection.request(method, self.root_path + path, body, dict(headers or {}))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())

    def get(self, path: str, **headers: str) -> Answer:
        """GET with headers, as ``sec_fetch_site="none"``."""
        return self.ask(path, headers=_named(headers))

    def post(self, path: str, body: object, **headers: str) -> Answer:
        """POST a JSON object, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask(path, "POST", body=content, headers=_named(headers))

    def raw(self, request: bytes) -> bytes:
        """Send bytes, and return all that comes until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), LONG_S) as connection:
            connection.sendall(request)
            return received(connection)

    def take(self, *events: Event) -> None:
        """Pass events to the sink, on its loop."""
        for event in events:
            asyncio.run_coroutine_threadsafe(self.sink.take(event), self.loop).result(LONG_S)

    def do(self, work: Callable[[], object]) -> None:
        """Do something on the sink's loop."""

        async def done() -> None:
            work()

        asyncio.run_coroutine_threadsafe(done(), self.loop).result(LONG_S)


def received(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes the connection, or resets it."""
    chunks = []
    with suppress(ConnectionResetError):
        while chunk := connection.recv(1 << 16):
            chunks.append(chunk)
    return b"".join(chunks)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def jobs_of(ledger: Ledger, cameras: Sequence[str]) -> list[CameraJob]:
    """What watches these cameras, with the settings of tests."""
    return [CameraJob(CameraSettings(name, "synthetic://street"), WINDOWS, ledger.data) for name in cameras]


def idle(
    ledger: Ledger,
    cameras: Sequence[str],
    reels: Sequence[NamedReel] = (),
    *,
    intervals: Intervals | None = None,
) -> Live:
    """A live run that is not started: it watches nothing, and can make reels."""
    options = few_chapters(reels=reels)
    models = make_language_models(options.config, ())
    return build(jobs_of(ledger, cameras), ledger, models, options, intervals=intervals)


@contextmanager
def serving(
    data: Path,
    settings: WebSettings | None = None,
    *,
    timeouts: ClientTimeouts | None = None,
    cameras: Sequence[str] = CAMERAS,
) -> Iterator[Site]:
    """Serve the ledger of a new folder on a free port until the block ends."""
    settings = settings or WebSettings(port=0)
    loop = asyncio.new_event_loop()
    with closing(Ledger(data)) as ledger:
        live = idle(ledger, cameras)
        sink = WebSink(
            settings,
            listen(settings),
            cameras,
            LedgerArchive(ledger, cameras),
            reels=live.reels,
            view=LiveViews(live.cameras),
            feedback=ledger.feedback,
            tuner=LedgerTuner(ledger, jobs_of(ledger, CAMERAS)),
            telemetry=live.stats,
            version=VERSION,
            timeouts=timeouts,
        )
        thread = threading.Thread(target=_run, args=(loop, sink), name="web")
        thread.start()
        try:
            yield Site(sink, ledger, loop, settings.root_path)
        finally:
            asyncio.run_coroutine_threadsafe(sink.close(), loop)
            thread.join(LONG_S)
            assert not thread.is_alive(), "WebSink does not stop"


def _run(loop: asyncio.AbstractEventLoop, sink: WebSink) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(sink.run())
    finally:
        end(loop)
