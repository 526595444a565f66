"""The HTTP client under the ``openai`` client: proxies and certificates, redirects, size of responses."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from analyzer.describe.describer import DescribeError, RefusedError
from base.exceptions import causes

_PROXIES = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY"
_ENDPOINT = re.compile(r"/(?:chat/completions|audio/transcriptions|models)/?$")
_MAX_REDIRECTS = 5
# Why there is no answer where a server hangs up at once.
MUTE = frozenset({"Server disconnected without sending a response", os.strerror(errno.ECONNRESET)})
# Lists of hundreds of models take about 1 MB; what is longer is no answer, but a video, for example.
MAX_BYTES = 8_000_000
# Compressed responses, which are not asked for, are a thousand times longer at most.
_MAX_COMPRESSED_BYTES = 100_000


def http_client(openai: Any) -> Any:
    """Return an HTTP client that checks redirects and the size of responses.

    Raises DescribeError when the environment's proxies or certificates cannot be used.
    """
    try:
        return openai.DefaultAsyncHttpxClient(
            timeout=None,
            max_redirects=_MAX_REDIRECTS,
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [_check_redirect, _limit_size]},
        )
    except ImportError as error:
        message = f"a SOCKS proxy ({_PROXIES}) needs a package that is not installed: pip install socksio"
        raise DescribeError(message) from error
    except OSError as error:  # ssl.SSLError is one
        message = "SSL_CERT_FILE or SSL_CERT_DIR names no certificates that can be read"
        raise DescribeError(message) from error
    except Exception as error:  # the message may hold the proxy's password
        raise DescribeError(f"the environment's proxy ({_PROXIES}) is none that can be used") from error


def via(address: str) -> str:
    """Return a phrase for error messages if the environment sets a proxy for an address."""
    parts = urlsplit(address)
    proxies = getproxies()
    proxied = parts.scheme in proxies or "all" in proxies
    host = parts.netloc.rpartition("@")[2]
    return " through the environment's proxy" if proxied and not proxy_bypass(host) else ""


def connection_failure(error: BaseException) -> tuple[bool, str]:
    """Return whether the server was reached, and why there is no answer; never a header that was sent.

    Exceptions are known by their names: the library under the client is httpx or httpx2.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "TooManyRedirects" in kinds:
        return True, f"more than {_MAX_REDIRECTS} redirects"
    if kinds & {"LocalProtocolError", "UnicodeError"}:
        return False, "a header cannot be sent (OPENAI_ORG_ID, OPENAI_PROJECT_ID and extra_headers make some)"
    is_reached = bool(kinds & {"RemoteProtocolError", "DecodingError", "ReadError"})
    of_system = next((why for cause in causes(error) if (why := _of_system(cause))), None)
    return is_reached, of_system or str(error).rstrip(".") or "the connection broke off"


def _of_system(error: BaseException) -> str | None:
    """Return the message of an error of TLS, of name resolution or of a socket; None for any other."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).replace("_", " ").lower()
        return f"{reason}; does it speak TLS at this port?"
    if isinstance(error, socket.gaierror):
        return error.strerror
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else None


async def _check_redirect(response: Any) -> None:
    """Refuse redirects that would drop the question, or send pictures, key and headers elsewhere."""
    if not response.has_redirect_location:
        return
    asked = response.request.url
    target = asked.join(response.headers["location"])
    kept = response.request.method == "GET" or response.status_code in {307, 308}
    origins = {(url.scheme, url.host, url.port) for url in (asked, target)}
    upgrades = {(url.scheme, url.host, url.port or 0) for url in (asked, target)} == {
        ("http", asked.host, 0),
        ("https", asked.host, 0),
    }
    if kept and (len(origins) == 1 or (upgrades and target.scheme == "https")):
        return
    path = _ENDPOINT.sub("", target.path)
    where = f"{target.scheme}://{target.netloc.decode().rpartition('@')[2]}{path}"
    advice = "set base_url to that address" if path != target.path else "is base_url right?"
    raise RefusedError(
        f"{asked.netloc.decode().rpartition('@')[2]} redirects to {where} ({response.status_code}): {advice}"
    )


async def _limit_size(response: Any) -> None:
    """Refuse a response while it is read, once it is longer than any answer."""
    is_compressed = response.headers.get("content-encoding", "identity") != "identity"
    response.stream = _limited(response, _MAX_COMPRESSED_BYTES if is_compressed else MAX_BYTES)


def _limited(response: Any, max_bytes: int) -> Any:
    """Return the stream of a response, which raises RefusedError after ``max_bytes``."""
    stream = response.stream
    name = response.request.url.netloc.decode().rpartition("@")[2]
    # Both libraries demand streams of this class of theirs.
    base: Any = next(kind for kind in type(stream).__mro__ if kind.__name__ == "AsyncByteStream")

    class Limited(base):  # type: ignore[misc]  # known at run time alone
        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = max_bytes
            async for chunk in stream:
                left -= len(chunk)
                if left < 0:
                    raise RefusedError(f"{name} answers with more than {max_bytes} bytes: is base_url right?")
                yield chunk

        async def aclose(self) -> None:
            await stream.aclose()

    return Limited()
