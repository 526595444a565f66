"""``WebSink``: serves the pages and the API, and passes events to them."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import socket
from collections.abc import Collection, Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from analyzer.describe.moment import Moment
from sinks.archive import Archive
from sinks.feedback import FeedbackStore
from sinks.live_view import LiveView
from sinks.sink import Event, SinkError
from sinks.tuning import Tuner
from sinks.web import api, live, media, pages, probes
from sinks.web.access import Access, Guard
from sinks.web.board import Board
from sinks.web.connection import ClientTimeouts, protocol
from sinks.web.metrics import Metrics, Telemetry
from sinks.web.settings import WebSettings
from sinks.web.tuning import feedback as judging
from sinks.web.tuning import replay as replays

log = logging.getLogger(__name__)

# Connections at once; a browser holds one for events, and one or two for media.
MAX_CONNECTIONS = 500
CLOSE_S = 2
# Of a path that may be written into pages as it is; no part of it is ``..``.
_INGRESS_PATH = re.compile(rb"(?=.{1,200}$)(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+")


class _Server(uvicorn.Server):
    """Leaves signals to the program."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class BelowPath:
    """Serves an application below a path, whether or not a reverse proxy has removed the path.

    Requests from the addresses ``ingress_from`` name their path themselves, as those of Home Assistant's
    ingress do. From any other address such a header has no effect.
    """

    def __init__(self, app: ASGIApp, root_path: str, ingress_from: Collection[str] = ()) -> None:
        self._app = app
        self._root_path = root_path
        self._ingress_from = frozenset(str(ipaddress.ip_address(address)) for address in ingress_from)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with the path that the browser sees."""
        root, path = self._ingress_path(scope) or self._root_path, scope.get("path", "")
        if root and not path.startswith(f"{root}/"):
            path = f"{root}/" if path == root else root + path
        await self._app({**scope, "root_path": root, "path": path}, receive, send)

    def _ingress_path(self, scope: Scope) -> str:
        """Return the path that a request of the ingress names; empty where it names none."""
        client, headers = scope.get("client"), scope.get("headers", ())
        if client is None or client[0] not in self._ingress_from:
            return ""
        named = next((value for name, value in headers if name == b"x-ingress-path"), b"")
        return named.decode() if _INGRESS_PATH.fullmatch(named) else ""


class WebSink:
    """A Sink that shows events on pages.

    Attributes:
        url: where the pages are, by a name of this machine.
        board: what the pages show of now.
    """

    name = "web"

    def __init__(
        self,
        settings: WebSettings,
        listening: socket.socket,
        cameras: Sequence[str],
        archive: Archive,
        *,
        reels: api.ReelMaker,
        view: LiveView,
        feedback: FeedbackStore,
        tuner: Tuner,
        telemetry: Telemetry,
        version: str,
        timeouts: ClientTimeouts | None = None,
    ) -> None:
        """Serve at ``listening`` (see ``listen``), which the sink closes."""
        self.board = Board(cameras)
        self._view = view
        self._socket = listening
        self.url = url_of(listening, settings)
        self._metrics = Metrics(telemetry, self.board)
        guard = Guard(settings)
        shown = pages.Pages(archive, self.board, reels, guard, version)
        application = Starlette(
            routes=[
                *pages.routes(shown),
                *api.routes(archive, self.board, reels),
                *live.routes(view, self.board),
                *judging.routes(feedback, guard),
                *replays.routes(archive, tuner),
                *media.routes(archive, self.board),
                Route("/metrics", self._metrics.metrics),
                *probes.routes(archive, self.board),
                Mount("/static", StaticFiles(directory=pages.FOLDER / "static")),
            ],
            exception_handlers={HTTPException: shown.refused},
        )
        guarded = Access(application, guard)
        self._server = _Server(_config(guarded, settings, timeouts or ClientTimeouts()))

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._server.server_state.connections)

    async def run(self) -> None:
        """Serve until ``close`` is called."""
        await self._server.serve([self._socket])

    async def take(self, event: Event) -> None:
        """Show an event on all open pages; never waits for them."""
        self.board.take(event)
        if isinstance(event, Moment):
            self._metrics.take(event)

    def counters(self) -> dict[str, float]:
        """Return what is open, how many events pages have missed, and live messages their viewers."""
        return {
            "pages": self.board.pages,
            "connections": self.connections,
            "viewers": self._view.viewers,
            "missed": self.board.missed,
            "live_missed": self._view.lost,
        }

    async def close(self) -> None:
        """Stop serving; event streams end, and other answers are given CLOSE_S. Safe to call twice."""
        self.board.close()
        self._view.close()
        self._server.should_exit = True
        while self._server.started and self._server.servers:
            await asyncio.sleep(0.05)
            if not any(server.is_serving() for server in self._server.servers):
                break
        self._socket.close()


def _config(guarded: Access, settings: WebSettings, timeouts: ClientTimeouts) -> uvicorn.Config:
    """Return how an application is served: below its path, whether or not a proxy stands before it."""
    proxies = ["127.0.0.1", *settings.ingress_from]  # they say whether the browser speaks TLS
    behind = ProxyHeadersMiddleware(guarded, proxies)  # type: ignore[arg-type]  # its own type
    return uvicorn.Config(
        BelowPath(behind, settings.root_path, settings.ingress_from),  # type: ignore[arg-type]
        proxy_headers=False,
        http=protocol(timeouts),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=CLOSE_S,
    )


def listen(settings: WebSettings) -> socket.socket:
    """Open the port, so that one in use is found before anything is watched; raises SinkError.

    Clients that connect at once wait until the sink runs.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(MAX_CONNECTIONS)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        place, reason = f"{settings.host}:{settings.port}", error.strerror or error
        raise SinkError(f"web: {place}: {reason} (web.port or --port N takes another)") from error
    listening.set_inheritable(False)
    return listening


def url_of(listening: socket.socket, settings: WebSettings) -> str:
    """Return where the pages are."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{settings.root_path}/"
