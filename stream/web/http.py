"""Fetch small resources: single pictures and playlists."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Any, Protocol
from urllib.parse import unquote, urljoin, urlsplit

from stream.address import redact, split_credentials, unresolved
from stream.source import SourceError

TIMEOUT_S = 10.0
MAX_BYTES = 32_000_000
_CHUNK_BYTES = 65_536
_USER_AGENT = "livereel"
_REASONS = {
    401: "wrong user or password",
    403: "access is forbidden",
    404: "nothing is served at this address",
}
_FINAL = {401, 403}


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's response.

    Attributes:
        kind: content type without parameters, lower case; "" where there is none.
        body: empty where it is unchanged.
        url: the address after redirects.
        unchanged: the resource has not changed since the response of the tags that were sent.
        tags: headers for the next request, with which the server may answer that nothing has changed.
    """

    kind: str
    body: bytes
    url: str
    unchanged: bool
    tags: Mapping[str, str]


class Web:
    """Fetches one address and others of the same server, with the address's user and password.

    Attributes:
        name: the address without credentials.
        url: the address without user and password.
    """

    def __init__(self, address: str) -> None:
        """Prepare, without a connection. Raises SourceError where it is no valid address."""
        self.name = redact(address)
        self._address = address
        self.url, user, password = _without_credentials(address)
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        if user is not None:
            passwords.add_password(None, urljoin(self.url, "/"), user, password or "")
        # As in FFmpeg, certificates are not verified: cameras sign their own.
        unverified = ssl.create_default_context()
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        self._opener = urllib.request.build_opener(
            _RefusalClosed(),
            urllib.request.HTTPSHandler(context=unverified),
            urllib.request.HTTPBasicAuthHandler(passwords),
            urllib.request.HTTPDigestAuthHandler(passwords),
        )

    def get(
        self, tags: Mapping[str, str] | None = None, *, url: str | None = None, max_bytes: int = MAX_BYTES
    ) -> Answer:
        """Fetch the address, or another one of the same camera; raises SourceError.

        A response longer than ``max_bytes`` is an error: an endless one is neither a picture nor a playlist.
        """
        wanted = url or self.url
        with self._answer(wanted, tags or {}, TIMEOUT_S) as response:
            if response is None:
                return Answer("", b"", wanted, unchanged=True, tags=tags or {})
            body = _read(response, max_bytes)
            headers_read, found = response.headers, response.url
        if len(body) > max_bytes:
            raise self._failed(f"its answer is longer than {max_bytes:,} bytes")
        expected = headers_read.get("Content-Length", "")
        if expected.isdigit() and len(body) < int(expected):
            raise self._failed("its answer is cut off")
        return Answer(_kind(headers_read), body, found, unchanged=False, tags=_tags(headers_read))

    def kind(self, timeout_s: float = TIMEOUT_S) -> str:
        """Return the content type that is stated, as in Answer, without the body; raises SourceError."""
        with self._answer(self.url, {}, timeout_s) as response:
            return "" if response is None else _kind(response.headers)

    @contextmanager
    def _answer(self, url: str, tags: Mapping[str, str], timeout_s: float) -> Iterator[Any]:
        """Yield the response, None where nothing has changed; what fails in the block is a SourceError."""
        try:
            headers = {"User-Agent": _USER_AGENT, **tags}
            request = urllib.request.Request(url, headers=headers)  # noqa: S310  # HTTP, as its opener knows
            with self._opener.open(request, timeout=timeout_s) as response:
                yield response
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == http.client.NOT_MODIFIED:
                yield None
                return
            raise self._failed(
                _REASONS.get(error.code, f"the server answers {error.code}"), error.code
            ) from None
        except TimeoutError:
            raise self._failed("no answer in time") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._failed(_explained(error, self._address if url == self.url else url)) from None

    def _failed(self, reason: str, status: int | None = None) -> SourceError:
        return SourceError(self.name, reason, retryable=status not in _FINAL)


class _RefusalClosed(urllib.request.BaseHandler):
    """Closes the response that asks for a password, as urllib's authentication handlers leave it open."""

    handler_order = 100  # before those handlers

    def http_error_401(self, _request: object, answer: _Closeable, *_: object) -> None:
        answer.close()


class _Closeable(Protocol):
    def close(self) -> None: ...


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...


def _read(response: _Readable, max_bytes: int) -> bytes:
    """Read the response until it ends or is too long; raises TimeoutError where that takes too long."""
    deadline_s = time.monotonic() + TIMEOUT_S
    body = b""
    while len(body) <= max_bytes and (chunk := response.read1(_CHUNK_BYTES)):
        body += chunk
        if time.monotonic() > deadline_s:
            raise TimeoutError
    return body


def _kind(headers: Message) -> str:
    return headers.get_content_type() if "Content-Type" in headers else ""


def _tags(headers: Mapping[str, str]) -> dict[str, str]:
    asked = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
    return {request: headers[name] for name, request in asked.items() if name in headers}


def _explained(error: Exception, address: str) -> str:
    """Return why there was no response. The library's own text may hold the password."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, socket.gaierror):
        return unresolved(address)
    if isinstance(reason, ConnectionRefusedError):
        return "connection refused"
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror and not isinstance(reason, ssl.SSLError):
        return reason.strerror.lower()
    return "not an HTTP answer" if isinstance(error, http.client.HTTPException) else "cannot be reached"


def _without_credentials(address: str) -> tuple[str, str | None, str | None]:
    """Split off user and password."""
    start, credentials, rest = split_credentials(address)
    url = start + rest
    try:
        urlsplit(url).port  # noqa: B018  # raises where it is no number
    except ValueError:
        raise SourceError(redact(address), "not an address") from None
    if credentials is None:
        return url, None, None
    user, colon, password = credentials.partition(":")
    return url, unquote(user), unquote(password) if colon else None
