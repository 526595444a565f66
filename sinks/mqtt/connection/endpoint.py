"""The broker's address: ``host`` as a name, an IP address, ``host:port`` or a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

# Whether a scheme means TLS.
_SCHEMES = {"mqtt": False, "tcp": False, "mqtts": True, "ssl": True, "tls": True}
_PORTS = {False: 1883, True: 8883}
_NO_PORT = "names a port that is not a number from 1 to 65535"


class EndpointError(Exception):
    """A host cannot be used. The message never quotes it, since it may hold a password."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A broker's address with everything filled in.

    Attributes:
        host: a name or an IP address, without brackets.
        encrypted: whether the connection uses TLS.
        user, password: those of the URL; None where it names none.
    """

    host: str
    port: int
    encrypted: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return ``host:port``, without credentials."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(host: str, port: int | None, *, encrypted: bool) -> Endpoint:
    """Parse ``host``; a port of its own must not differ from ``port``, which None leaves to the scheme.

    Understood are ``broker``, ``10.0.0.5:1884``, ``::1``, ``[::1]:1884``, ``mqtt://`` (``tcp://``) and
    ``mqtts://`` (``ssl://``, ``tls://``) URLs, with user and password. ``encrypted`` asks for TLS whatever
    the scheme is. Raises EndpointError.
    """
    if not host.strip():
        raise EndpointError("is empty; null turns MQTT off")
    if not host.isprintable() or re.search(r"\s", host):
        raise EndpointError("holds white space or a control character")
    scheme, url = _split(host)
    if not url.hostname:
        raise EndpointError("names no host")
    named_port = _port(url, port)
    if url.path not in ("", "/") or url.query or url.fragment:
        raise EndpointError("names a path, which a broker does not have")
    encrypted = encrypted or _SCHEMES[scheme]
    return Endpoint(
        url.hostname,
        named_port or _PORTS[encrypted],
        encrypted,
        None if url.username is None else unquote(url.username),
        None if url.password is None else unquote(url.password),
    )


def _split(host: str) -> tuple[str, SplitResult]:
    """Return the scheme and the parts of a host as a URL."""
    named = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", host)
    scheme = named[1].lower() if named else "mqtt"
    if scheme in ("ws", "wss"):
        # paho-mqtt 2.2 loses a packet whenever the socket takes but a part of its frame.
        raise EndpointError(f"cannot begin with {scheme}://: MQTT over websockets is not supported")
    if scheme not in _SCHEMES:
        raise EndpointError(f"cannot begin with {scheme}://; a broker is a name, mqtt:// or mqtts://")
    rest = host[named.end() :] if named else host
    if rest.count(":") > 1 and not set(rest) & set("[]@/"):
        rest = f"[{rest}]"  # an IPv6 address alone
    try:
        return scheme, urlsplit(f"//{rest}")
    except ValueError as error:  # an unclosed bracket, or what no host may hold
        raise EndpointError("is not a host, a host:port or a URL") from error


def _port(url: SplitResult, port: int | None) -> int | None:
    try:
        named = url.port
    except ValueError as error:
        # A slash, ? or # in a password ends the part of a URL in which host and port are.
        is_cut = bool(url.path or url.query or url.fragment)
        hint = ", or special characters in a password, which are written as %2F and so on" if is_cut else ""
        raise EndpointError(f"{_NO_PORT}{hint}") from error
    if named == 0 or url.netloc.endswith(":"):
        raise EndpointError(_NO_PORT)
    if named is not None and port is not None and named != port:
        raise EndpointError(f"names port {named}, but port is {port}")
    return named if named is not None else port
