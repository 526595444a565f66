"""Addresses of sources: their kind, and how they are shown without credentials."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, unquote

# At least two characters: one would be a Windows drive.
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+://")
# Some cameras take the password in the path: ``/user=admin_password=secret_channel=1``. A value may hold
# anything, so it ends only where another name begins.
_VALUE = re.compile(r"=.*?(?=[&;_][a-zA-Z][a-zA-Z0-9]*=|$)", re.DOTALL)
_QUERY_PART = re.compile(r"([^=&;]*=)?[^&;]+")
# Files of this machine and synthetic cameras: their addresses hold no secret.
SYNTHETIC = "synthetic"
_LOCAL = {"file", SYNTHETIC}
# Schemes of file servers: what they serve may be a file of finite length. All others are live.
_FILE_SERVERS = {"http", "https", "ftp", "sftp"}
OBJECT_STORES = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
"""Schemes of object stores, each with the extra that it needs. What they hold are files of finite length."""
# An address without its scheme, or with a slash missing from it.
_BARE_CREDENTIALS = re.compile(r"[^@/]+:[^@]*@")
_BARE_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/|$)")
_AUTHORITY_END = re.compile(r"[/?#]|$")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]@:/?#\s]*)(?::(?P<port>\d*))?")
_HIGHEST_PORT = 65535
_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]|[^\[\]@:/?#\s]+")
# An IP address, or a name with a domain or a port.
_LIKELY_HOST = re.compile(r"localhost|[^/?#]*[.:\]][^/?#]*")
_NOT_ENCODED = re.compile(r"%(?![0-9a-fA-F]{2})|[^%A-Za-z0-9._~!$&'()*+,;=-]")


def redact(address: str) -> str:
    """Return the address without user, password and values of parameters, whose names are kept.

    All values are removed, as camera makers name the password in too many ways. Passwords often hold
    unescaped ``@`` or ``/``, so everything up to the last ``@`` is removed.
    """
    start = _SCHEME.match(address)
    if start is None:
        bare = _BARE_CREDENTIALS.match(address)
        return _without_secrets(address) if bare else address
    if scheme(address) in _LOCAL:
        return address
    if is_stored(address):
        return start.group() + _without_key(address[start.end() :])
    return start.group() + _without_secrets(address[start.end() :])


def _without_secrets(rest: str) -> str:
    if "@" in rest:
        rest = "***@" + rest.rpartition("@")[2]
    path, mark, query = rest.partition("?")
    return _VALUE.sub("=***", path) + mark + _QUERY_PART.sub(r"\1***", query)


def _without_key(rest: str) -> str:
    """Return bucket and name of an object, which may hold ``@`` and ``=``, without key and query."""
    if _holds_key(rest):
        rest = "***@" + rest.rpartition("@")[2]
    path, mark, query = rest.partition("?")
    return path + mark + _QUERY_PART.sub(r"\1***", query)


def holds_key(address: str) -> bool:
    """Whether the address of an object begins with a key and its secret, as some programs take them."""
    found = _SCHEME.match(address)
    return found is not None and is_stored(address) and _holds_key(address[found.end() :])


def _holds_key(rest: str) -> bool:
    # Names of buckets hold no colon, but for those of Amazon's access points.
    return "@" in rest and ":" in rest.partition("/")[0] and not rest.startswith("arn:")


def is_stored(address: str) -> bool:
    """Whether the address names an object of an object store."""
    return scheme(address) in OBJECT_STORES


def is_shortened(address: str) -> bool:
    """Whether the address of an object has lost a slash, as a Path takes one away: ``s3:/bucket/key``."""
    store, separator, rest = address.partition(":/")
    return bool(separator) and store in OBJECT_STORES and not rest.startswith("/")


def is_bare_host(address: str) -> bool:
    """Whether an address without a scheme looks like a camera's: it has credentials or begins with an IP."""
    if _SCHEME.match(address):
        return False
    return bool(_BARE_CREDENTIALS.match(address) or _BARE_IP.match(address))


def split_credentials(address: str) -> tuple[str, str | None, str]:
    """Split a URL into scheme with ``://``, ``user:password`` (None: none), and the rest from the host on.

    A password with an unencoded ``/``, ``?`` or ``#`` is recognised where no host and port precede that
    character, or only a name that is less likely a host than what follows the last ``@``; for ``#`` anyway,
    as what follows it would never be sent to a server.
    """
    match = _SCHEME.match(address)
    begin = match.group() if match else ""
    rest = address[len(begin) :]
    end = _AUTHORITY_END.search(rest)
    authority, mark = (rest[: end.start()], end.group()) if end else (rest, "")
    inside = authority.rfind("@")
    last = rest.rfind("@")
    if last > inside and ":" in authority:
        before, after = authority[inside + 1 :], rest[last + 1 :]
        no_host = not _HOST_AND_PORT.fullmatch(before)
        after_host, path, _ = after.partition("/")
        less_likely = (
            inside >= 0
            and not _LIKELY_HOST.fullmatch(before)
            and bool(path and _LIKELY_HOST.fullmatch(after_host))
        )
        if _HOST.match(after) and (mark == "#" or no_host or less_likely):
            return begin, rest[:last], after
    return begin, authority[:inside] if inside >= 0 else None, rest[inside + 1 :]


def with_encoded_credentials(address: str) -> str:
    """Return a URL whose user and password are percent-encoded where they need it."""
    begin, credentials, rest = split_credentials(address)
    if credentials is None or not begin:
        return address
    user, colon, password = credentials.partition(":")
    return f"{begin}{_encoded(user)}{colon}{_encoded(password)}@{rest}"


def _encoded(text: str) -> str:
    return _NOT_ENCODED.sub(lambda found: quote(found.group(), safe=""), text)


def host(address: str) -> str:
    """Return the host of a URL, without the brackets of an IPv6 address; "" where it names none."""
    match = _HOST_AND_PORT.match(split_credentials(address)[2])
    return match["host"].strip("[]") if match else ""


def unusable(address: str) -> str | None:
    """Return why a URL names nothing that could be connected to; None where it does."""
    match = _HOST_AND_PORT.match(split_credentials(address)[2])
    if match is None or not match.group():
        return "names no host, as in rtsp://10.0.0.5/stream1"
    if match["port"] and not 1 <= int(match["port"]) <= _HIGHEST_PORT:
        return f"there is no port {match['port']}: they go from 1 to {_HIGHEST_PORT}"
    return None


def unresolved(address: str) -> str:
    """Return the reason for an address whose host name is unknown."""
    # A host name is not stated where it may be a part of the password.
    if "@" in split_credentials(address)[2]:
        return "its host name cannot be resolved: a special character of its password is not encoded"
    return f"the host name {host(address)} cannot be resolved"


def is_live(address: str) -> bool:
    """Whether the address names a camera, a stream or a server, whose connection may be lost."""
    if _SCHEME.match(address):
        return scheme(address) not in _LOCAL and not is_stored(address)
    return address.startswith("/dev/") and not Path(address).is_file()


def may_be_file(address: str) -> bool:
    """Whether the address may name a plain file of finite length, on this machine or on a server."""
    return not is_live(address) or scheme(address) in _FILE_SERVERS


def scheme(address: str) -> str:
    """The address's scheme, "" for a path. No more is parsed, as passwords may hold any character."""
    match = _SCHEME.match(address)
    return match.group()[:-3].lower() if match else ""


def local_path(address: str) -> Path | None:
    """The file, device or pipe of this machine that an address names; None for any other address."""
    if scheme(address) == "file":
        return Path(unquote(address[len("file://") :].removeprefix("localhost")))
    return None if _SCHEME.match(address) or address.startswith("synthetic:") else Path(address)
