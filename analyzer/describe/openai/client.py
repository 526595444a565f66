"""Requests to a server: address, key and headers; failures as DescribeErrors.

All exceptions of the ``openai`` client and of its libraries are translated here.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from analyzer.describe.budget import Budget
from analyzer.describe.describer import DescribeError, RefusedError
from analyzer.describe.openai.failure import contained_failure, messages, nature, page
from analyzer.describe.openai.http_client import MUTE, connection_failure, http_client, via

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_BUSY = frozenset({408, 409, 425, 429})
_MAX_RETRY_AFTER_S = 600.0
_INVISIBLE = "\ufeff\u200b"  # characters that are copied with a key from a web page
_ENDPOINTS = ("/chat/completions", "/audio/transcriptions")
# Requests that may fail in a minute, for any reason; then none is sent for a while.
FAILURES_PER_MINUTE = 120.0


class UnreachableError(DescribeError):
    """There is no connection to the server, or none is attempted at present."""


class StatusError(DescribeError):
    """The server answers with a failure.

    Attributes:
        status: that of HTTP, or the one in the body of the response; 200 where the body holds an error
            without one.
        message: the error message in one line.
        full_text: all of the response, to be searched for its cause; never to be shown.
    """

    def __init__(
        self, name: str, status: int, message: str, full_text: str = "", *, retry_after_s: float = 0.0
    ) -> None:
        busy = status in _BUSY or status >= 500 or status < 300
        answer = f"{status}" if status >= 300 else "with an error"
        super().__init__(
            f"{name} answers {answer}: {message}",
            retryable=busy,
            retry_after_s=retry_after_s if busy else 0.0,
        )
        self.status = status
        self.message = message
        self.full_text = full_text or message


class Completions(Protocol):
    """What answers chat completions: a server, or an endpoint that takes the same body.

    Attributes:
        name: for messages.
    """

    name: str

    async def models(self) -> Any:
        """Return the list of models, unparsed; raises DescribeError."""
        ...

    async def complete(self, body: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
        """Return a completion, unparsed; raises DescribeError, as StatusError what is refused."""
        ...

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        ...


class ChatClient:
    """A connection to one server.

    Attributes:
        name: host and port, without user and password.
    """

    def __init__(
        self,
        base_url: str | None,
        key_variable: str,
        headers: Mapping[str, str],
        *,
        failures_per_minute: float = FAILURES_PER_MINUTE,
    ) -> None:
        """Raise DescribeError when the client is not installed, or key, address or headers are invalid.

        After ``failures_per_minute`` failed requests within a minute none is sent for a while.
        """
        try:
            import openai  # noqa: PLC0415  # an extra, and slow to import
        except ImportError as error:
            raise DescribeError(
                f"the openai client is not installed ({error}): pip install '.[openai]'"
            ) from error
        address = (base_url or os.environ.get("OPENAI_BASE_URL") or "").strip()
        key = _sendable(key_variable, os.environ.get(key_variable, ""))
        if " " in key or key[:1] + key[-1:] in {'""', "''"}:
            raise DescribeError(f"{key_variable} holds a space or quotation marks: set it to the key alone")
        sent = {_header_name(name): _sendable(f"extra_headers: {name}", headers[name]) for name in headers}
        if not address and not key:
            raise DescribeError(f"no API key: set {key_variable}, or give a base_url")
        root, query = _split(address) if address else (None, {})
        http = http_client(openai)
        self._openai: AsyncOpenAI = openai.AsyncOpenAI(
            base_url=root,
            api_key=key or "none",
            max_retries=0,
            timeout=None,
            default_headers=sent,
            default_query=query,
            http_client=http,
        )
        self.name = urlsplit(str(self._openai.base_url)).netloc.rpartition("@")[2]
        password = urlsplit(address).password or ""
        self._via = via(str(self._openai.base_url))
        self._secrets = [text for text in (key, password, *sent.values(), *query.values()) if len(text) > 3]
        self._failures = Budget(failures_per_minute, 60.0, time.monotonic)
        self._failures_per_minute = failures_per_minute
        self._has_answered = False

    async def models(self) -> Any:
        """Return the list of models, unparsed; raises DescribeError."""
        return await self._json(self._openai.models.with_raw_response.list)

    async def complete(self, body: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
        """Return a completion, unparsed; fields of ``extra`` override those of ``body``.

        Raises DescribeError.
        """
        create = self._openai.chat.completions.with_raw_response.create
        return await self._json(lambda: create(**body, extra_body=dict(extra)))

    async def transcription(self, wav: bytes, body: Mapping[str, Any]) -> Any:
        """Return the transcription of a WAV file, unparsed; raises DescribeError."""
        create = self._openai.audio.transcriptions.with_raw_response.create
        return await self._json(lambda: create(file=("speech.wav", wav, "audio/wav"), **body))

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        await self._openai.close()

    async def _json(self, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send a request, unless too many have failed, and return its JSON; no JSON is a failure."""
        if self._failures.wait_s() > 0.0:
            message = (
                f"{self.name} is not asked: {self._failures_per_minute:g} requests failed within a minute"
            )
            raise UnreachableError(message, retryable=True)
        answered = False
        try:
            with self._translated():
                response = (await send()).http_response
                self._has_answered = True
                value = self._read(response)
                answered = True
                return value
        finally:
            if not answered:
                self._failures.spend(1.0)

    def _read(self, response: Any) -> Any:
        try:
            value = json.loads(response.content)
        except (ValueError, RecursionError) as error:
            if found := page(response):
                message = f"{self.name} answers with {self._hidden(found)}: is base_url right?"
                raise RefusedError(message) from error
            raise DescribeError(f"{self.name} answers with {nature(response)}", retryable=True) from error
        if status := contained_failure(value):
            raise self._failure(status, response)
        return value

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate exceptions of the client into DescribeErrors."""
        import openai  # noqa: PLC0415  # an extra, and slow to import

        try:
            yield
        except DescribeError:
            raise
        except openai.APIStatusError as error:
            raise self._failure(error.status_code, error.response) from None
        except Exception as error:  # noqa: BLE001  # the client's libraries raise undocumented exceptions
            cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
            if isinstance(cause, DescribeError):
                raise cause from None
            is_reached, why = connection_failure(cause or error)
            why = self._hidden(why)
            if is_reached:
                is_mute = not self._has_answered and why in MUTE and self._openai.base_url.scheme == "http"
                hint = "; does it want https?" if is_mute else ""
                message = f"{self.name} gives no proper answer{self._via}: {why}{hint}"
                raise DescribeError(message, retryable=True) from None
            message = f"{self.name} cannot be reached{self._via}: {why}"
            raise UnreachableError(message, retryable=True) from None

    def _failure(self, status: int, response: Any) -> StatusError:
        wait_s = retry_after_s(response.headers, time.time())
        return StatusError(self.name, status, *messages(response, self._hidden), retry_after_s=wait_s)

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _split(address: str) -> tuple[str, dict[str, str]]:
    """Return the base URL for the client, and the query, which is sent with each request."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", address):
        raise DescribeError("base_url is no address such as http://gpu-box:8000/v1")
    path = parts.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint)
    root = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return root, dict(parse_qsl(parts.query))


def _sendable(what: str, secret: str) -> str:
    """Return a key or header value without surrounding space; raises DescribeError without showing it."""
    value = secret.strip().strip(_INVISIBLE).strip()
    if not all(" " <= char <= "~" for char in value):
        raise DescribeError(f"{what} holds a line break or a letter that cannot be sent: copy it again")
    return value


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name.strip()):
        raise DescribeError(f"extra_headers: {name!r} cannot be a header's name")
    return name.strip()


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float:
    """Return how long a server asks not to be asked (RFC 9110, section 10.2.3), 0 where it does not say.

    At most _MAX_RETRY_AFTER_S: a window is not to wait for what may be a mistake of the server's clock.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        wait_s = float(text)
    else:
        try:
            wait_s = parsedate_to_datetime(text).timestamp() - now_s
        except (TypeError, ValueError):
            return 0.0
    return min(max(0.0, wait_s), _MAX_RETRY_AFTER_S)
