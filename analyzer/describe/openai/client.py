"""HTTP to a chat server: key, headers, proxies, redirects; failures as DescribeErrors.

Only this module uses the ``openai`` client, and all exceptions of it and of its libraries are translated
here.
"""

from __future__ import annotations

import html
import json
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from analyzer.describe.budget import Budget
from analyzer.describe.describer import DescribeError, RefusedError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_BUSY = frozenset({408, 409, 425, 429})
_MAX_RETRY_AFTER_S = 600.0
_PROXIES = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY"
_INVISIBLE = "\ufeff\u200b"  # characters that are copied with a key from a web page
_COMPLETIONS = "/chat/completions"
_HTML = re.compile(r"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_MAX_MESSAGE = 300
# Requests that may fail in a minute, for any reason; then none is sent for a while.
FAILURES_PER_MINUTE = 120.0


class UnreachableError(DescribeError):
    """There is no connection to the server, or none is attempted at present."""


class StatusError(DescribeError):
    """The server answers with a failure.

    Attributes:
        status: that of HTTP, or the one in the body of the response.
        message: the error message in one line.
        full_text: all of the response, to be searched for its cause; never to be shown.
    """

    def __init__(
        self, name: str, status: int, message: str, full_text: str = "", *, retry_after_s: float = 0.0
    ) -> None:
        busy = status in _BUSY or status >= 500
        super().__init__(
            f"{name} answers {status}: {message}",
            retryable=busy,
            retry_after_s=retry_after_s if busy else 0.0,
        )
        self.status = status
        self.message = message
        self.full_text = full_text or message


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
        sent = {_header_name(name): _sendable(f"extra_headers: {name}", headers[name]) for name in headers}
        if not address and not key:
            raise DescribeError(f"no API key: set {key_variable}, or give a base_url")
        root, query = _split(address) if address else (None, {})
        http = _http_client(openai)
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
        self._via = _via(str(self._openai.base_url))
        self._secrets = [text for text in (key, password, *sent.values(), *query.values()) if len(text) > 3]
        self._failures = Budget(failures_per_minute, 60.0, time.monotonic)
        self._failures_per_minute = failures_per_minute

    async def models(self) -> Any:
        """Return the list of models, unparsed; raises DescribeError."""
        return await self._json(self._openai.models.with_raw_response.list)

    async def complete(self, body: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
        """Return a completion, unparsed; fields of ``extra`` override those of ``body``.

        Raises DescribeError.
        """
        create = self._openai.chat.completions.with_raw_response.create
        return await self._json(lambda: create(**body, extra_body=dict(extra)))

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
            if page := _page(response):
                raise RefusedError(f"{self.name} answers with {page}: is base_url right?") from error
            raise DescribeError(f"{self.name} answers with garbled data", retryable=True) from error
        failure = value.get("error") if isinstance(value, dict) and not value.get("choices") else None
        if failure:  # some servers report errors with status 200
            code = failure.get("code") if isinstance(failure, dict) else None
            status = code if isinstance(code, int) and 400 <= code < 600 else 502
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
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, DescribeError):
                raise error.__cause__ from None
            cause = self._hidden(_cause(error.__cause__ or error))
            raise UnreachableError(
                f"{self.name} cannot be reached{self._via}: {cause}", retryable=True
            ) from None
        except Exception as error:  # noqa: BLE001  # the client's libraries raise undocumented exceptions
            cause = self._hidden(_cause(error))
            raise UnreachableError(f"{self.name} cannot be asked: {cause}", retryable=True) from None

    def _failure(self, status: int, response: Any) -> StatusError:
        wait_s = retry_after_s(response.headers, time.time())
        return StatusError(self.name, status, *self._messages(response), retry_after_s=wait_s)

    def _messages(self, response: Any) -> tuple[str, str]:
        """Return the message of a failed response: one line to be shown, and the full text to be searched."""
        if page := _page(response):
            return page, ""
        try:
            value = json.loads(response.content)
        except (ValueError, RecursionError):
            value = response.text
        shown = " ".join(_reported(value)) or response.text
        lines = self._hidden(shown).strip().splitlines()
        full_text = " ".join([shown, *_named(value)])
        return (lines[0][:_MAX_MESSAGE] if lines else "nothing"), full_text

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _http_client(openai: Any) -> Any:
    """Return an HTTP client that uses the environment's proxies and checks redirects."""
    try:
        return openai.DefaultAsyncHttpxClient(timeout=None, event_hooks={"response": [_check_redirect]})
    except ImportError as error:
        message = f"a SOCKS proxy ({_PROXIES}) needs a package that is not installed: pip install socksio"
        raise DescribeError(message) from error
    except Exception as error:  # the message may hold the proxy's password
        raise DescribeError(f"the environment's proxy ({_PROXIES}) is none that can be used") from error


def _via(address: str) -> str:
    """Return a phrase for error messages if the environment sets a proxy for an address."""
    parts = urlsplit(address)
    proxies = getproxies()
    proxied = parts.scheme in proxies or "all" in proxies
    host = parts.netloc.rpartition("@")[2]
    return " through the environment's proxy" if proxied and not proxy_bypass(host) else ""


async def _check_redirect(response: Any) -> None:
    """Refuse redirects that would drop the question, or send pictures and key to another host."""
    if not response.has_redirect_location:
        return
    asked = response.request.url
    target = asked.join(response.headers["location"])
    kept = response.request.method == "GET" or response.status_code in {307, 308}
    weaker = asked.scheme == "https" and target.scheme != "https"
    if kept and not weaker and target.host == asked.host:
        return
    where = f"{target.scheme}://{target.netloc.decode().rpartition('@')[2]}{target.path}"
    raise RefusedError(
        f"{asked.netloc.decode().rpartition('@')[2]} redirects to {where} ({response.status_code}): "
        "set base_url to that address"
    )


def _split(address: str) -> tuple[str, dict[str, str]]:
    """Return the base URL for the client, and the query, which is sent with each request."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", address):
        raise DescribeError("base_url is no address such as http://gpu-box:8000/v1")
    path = parts.path.rstrip("/").removesuffix(_COMPLETIONS)
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
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        wait_s = float(text)
    else:
        try:
            wait_s = parsedate_to_datetime(text).timestamp() - now_s
        except (TypeError, ValueError):
            return 0.0
    return min(max(0.0, wait_s), _MAX_RETRY_AFTER_S)


def _page(response: Any) -> str | None:
    """Return a description of a response that is an HTML page, by its title; None for anything else."""
    text = response.text[:10_000]
    kind = str(response.headers.get("content-type", ""))
    if "html" not in kind.lower() and not _HTML.match(text):
        return None
    found = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.IGNORECASE | re.DOTALL)
    title = " ".join(html.unescape(found[2]).split())[:100] if found else ""
    return f'a web page, "{title}", not JSON' if title else "a web page, not JSON"


def _reported(value: Any) -> Iterator[str]:
    """Yield the error messages of a response, from the fields that servers use."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):  # FastAPI's
        for entry in value:
            where = entry.get("loc") if isinstance(entry, dict) else None
            yield from ([f"{'.'.join(map(str, where))}:"] if isinstance(where, list) else [])
            yield from _reported(entry.get("msg") or entry if isinstance(entry, dict) else entry)
    elif isinstance(value, dict):
        keys = ("error", "message", "detail", "errors", "error_description", "msg", "reason")
        nested = next((value[key] for key in keys if value.get(key)), None)
        yield from _reported(nested)


def _named(value: Any) -> Iterator[str]:
    """Yield more of a failure: codes, fields, and the raw message of an upstream server."""
    failure = value.get("error") if isinstance(value, dict) else None
    for each in (value, failure):
        if isinstance(each, dict):
            yield from (str(each[key]) for key in ("code", "type", "param") if each.get(key))
            if isinstance(more := each.get("metadata"), dict):
                yield str(more.get("raw", ""))


def _cause(error: BaseException) -> str:
    """Return why there is no connection; a header that cannot be sent is not shown."""
    if type(error).__name__ == "LocalProtocolError" or isinstance(error, UnicodeError):
        return "a header cannot be sent (OPENAI_ORG_ID, OPENAI_PROJECT_ID and extra_headers make headers)"
    return " ".join(str(error).split()) or type(error).__name__
