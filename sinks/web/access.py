"""Who may do what: token, login cookie, host and origin checks, and the headers that every answer carries."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import deque
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sinks.web.settings import WebSettings

COOKIE: Final = "livereel"
# Wrong tokens in this time, from everybody together, before none is looked at for the rest of it.
MAX_FAILURES, FAILURES_S = 10, 60.0
MAX_BODY_BYTES = 64_000

_OPEN = frozenset({"/login", "/healthz", "/readyz"})
_READS = frozenset({"GET", "HEAD"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)
# A reel's own page is one file with its script, style and captions inside, made by us of escaped text.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; base-uri 'none'; form-action 'none'"
)


class Guard:
    """Knows the token, and counts who guesses at it."""

    def __init__(self, settings: WebSettings) -> None:
        self._token = settings.token
        self._local_hosts = {"localhost", "127.0.0.1", "[::1]", settings.host}
        self._failures: deque[float] = deque()
        self._framed_by = " ".join(("'self'", *settings.frame_ancestors))

    @property
    def wants_token(self) -> bool:
        """Whether a token is needed for anything."""
        return self._token is not None

    def framed(self, policy: str) -> str:
        """Return a Content-Security-Policy with the sites whose pages may show the answer in a frame."""
        return f"{policy}; frame-ancestors {self._framed_by}"

    def cookie(self) -> str:
        """Return what a logged-in browser sends: it proves the token and does not hold it."""
        return hmac.new((self._token or "").encode(), b"livereel login", hashlib.sha256).hexdigest()

    def is_throttled(self) -> bool:
        """Whether too many wrong tokens have come."""
        now_s = time.monotonic()
        while self._failures and self._failures[0] < now_s - FAILURES_S:
            self._failures.popleft()
        return len(self._failures) >= MAX_FAILURES

    def accepts_token(self, token: str) -> bool:
        """Whether this is the token; a wrong one counts."""
        right = hmac.compare_digest(token.encode(), (self._token or "").encode()) and self._token is not None
        if not right:
            self._failures.append(time.monotonic())
        return right

    def admits(self, connection: HTTPConnection) -> bool:
        """Whether a request may read: with the token as bearer or cookie, or where none is needed."""
        if self._token is None:
            return self.is_expected_host(connection.headers)
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return not self.is_throttled() and self.accepts_token(token.strip())
        return hmac.compare_digest(connection.cookies.get(COOKIE, "").encode(), self.cookie().encode())

    def is_expected_host(self, headers: Headers) -> bool:
        """Whether the request names this machine: a page elsewhere may have its own name point here."""
        host = headers.get("host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return name in self._local_hosts

    @staticmethod
    def is_same_origin(headers: Headers) -> bool:
        """Whether a request that changes something comes from our own pages, or from no page at all."""
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return False
        origin = headers.get("origin")
        return origin is None or urlsplit(origin).netloc == headers.get(
            "x-forwarded-host", headers.get("host")
        )


class Access:
    """Middleware that lets in who may come in, and bounds what they send."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 401, 403, 411 or 413, or pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = self._refusal(connection, scope["method"])

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = headers.get("Content-Security-Policy", _POLICY)
                headers["Content-Security-Policy"] = self._guard.framed(policy)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, connection: HTTPConnection, method: str) -> Response | None:
        path = connection.scope["path"].removeprefix(connection.scope.get("root_path", ""))
        refusal = None if method in _READS else self._change_refusal(connection.headers)
        if refusal or path in _OPEN or path.startswith("/static/") or self._guard.admits(connection):
            return refusal
        if not self._guard.wants_token:
            return JSONResponse({"error": "unknown host: open the page by this machine's address"}, 403)
        if method == "GET" and "text/html" in connection.headers.get("accept", ""):
            return RedirectResponse(f"{connection.scope.get('root_path', '')}/login", 303)
        return JSONResponse({"error": "a token is needed"}, 401, {"WWW-Authenticate": "Bearer"})

    def _change_refusal(self, headers: Headers) -> Response | None:
        """Refuse a change that another site's page asks for, or whose body is too long."""
        if not self._guard.is_same_origin(headers):
            return JSONResponse({"error": "the request comes from another site"}, 403)
        length = headers.get("content-length")
        # A body in chunks has no length, whatever else its head says.
        if length is None or not length.isdecimal() or "transfer-encoding" in headers:
            return JSONResponse({"error": "the length of the body is missing"}, 411)
        if len(length) > 9 or int(length) > MAX_BODY_BYTES:
            return JSONResponse({"error": f"the body exceeds {MAX_BODY_BYTES} bytes"}, 413)
        return None
