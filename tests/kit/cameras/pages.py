"""A web server of pages that a test may change while it runs."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler

from tests.kit.cameras.http_server import Quiet, http_server


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered.

    Attributes:
        body: the content.
        kind: its content type; "" for none.
        length: whether the server sends its length.
        tags: whether the server sends its tag, and answers 304 when nothing has changed.
        status: of the answer.
    """

    body: bytes = b""
    kind: str = "application/octet-stream"
    length: bool = True
    tags: bool = False
    status: int = 200


@dataclass
class Pages:
    """The server's pages by their path, without the query.

    Attributes:
        port: where it listens.
        password: asked for of the user ``admin``, if any.
        digest: it is asked for by digest rather than in plain text.
        requests: paths with their queries, as they were asked for.
        unchanged: how often it was answered that nothing has changed.
    """

    port: int = 0
    password: str | None = None
    digest: bool = False
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    unchanged: int = 0

    def address(self, path: str, credentials: str = "") -> str:
        """The address of a page; ``credentials`` are ``user:password@``."""
        return f"http://{credentials}127.0.0.1:{self.port}{path}"

    def answer(self, path: str, told: dict[str, str]) -> tuple[Page, dict[str, str]]:
        """The page for a request, and further headers."""
        self.requests.append(path)
        name = path.partition("?")[0]
        if self.password is not None and not self._allows(told.get("authorization", ""), self.password):
            asked = (
                'Digest realm="camera", nonce="7f3a", qop="auth"' if self.digest else 'Basic realm="camera"'
            )
            return Page(status=401), {"WWW-Authenticate": asked}
        page = self.pages.get(name, Page(status=404))
        tag = f'"{sha256(page.body).hexdigest()[:16]}"'
        if page.tags and told.get("if-none-match") == tag:
            self.unchanged += 1
            return replace(page, body=b"", status=304), {}
        return page, {"ETag": tag} if page.tags else {}

    def _allows(self, told: str, password: str) -> bool:
        return _is_digest_of(password, told) if self.digest else told == _basic(password)


def _is_digest_of(password: str, told: str) -> bool:
    """Whether the answer to the challenge knows the password (RFC 2617, 3.2.2)."""
    it = {
        name: plain or quoted for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', told)
    }
    if not it:
        return False
    who, what = _md5(f"admin:camera:{password}"), _md5(f"GET:{it['uri']}")
    return bool(it["response"] == _md5(f"{who}:7f3a:{it['nc']}:{it['cnonce']}:{it['qop']}:{what}"))


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()


@contextmanager
def pages(**content: Page) -> Iterator[Pages]:
    """Serve pages, named without the slash and with ``_`` for the dot, until the block ends."""
    told = Pages(pages={"/" + name.replace("_", "."): page for name, page in content.items()})

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            headers = {name.lower(): value for name, value in self.headers.items()}
            page, more = told.answer(self.path, headers)
            with suppress(OSError):  # the client has gone
                self.send_response(page.status)
                if page.kind:
                    self.send_header("Content-Type", page.kind)
                if page.length and page.status != 304:
                    self.send_header("Content-Length", str(len(page.body)))
                for name, value in more.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(page.body)

    with http_server(Handler) as told.port:
        yield told
