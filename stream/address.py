"""Addresses of sources: their kind, and how they are shown without credentials."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

# At least two characters: one would be a Windows drive.
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+://")
# Some cameras take the password in the path: ``/user=admin_password=secret_channel=1``. A value may hold
# anything, so it ends only where another name begins.
_VALUE = re.compile(r"=.*?(?=[&;_][a-zA-Z][a-zA-Z0-9]*=|$)", re.DOTALL)
_QUERY_PART = re.compile(r"([^=&;]*=)?[^&;]+")
# Files of this machine and synthetic cameras: their addresses hold no secret.
_LOCAL = {"file", "synthetic"}
# Schemes of file servers: what they serve may be a file of finite length. All others are live.
_FILE_SERVERS = {"http", "https", "ftp", "sftp"}
# An address without its scheme, or with a slash missing from it.
_BARE_CREDENTIALS = re.compile(r"[^@/]+:[^@]*@")


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
    return start.group() + _without_secrets(address[start.end() :])


def _without_secrets(rest: str) -> str:
    if "@" in rest:
        rest = "***@" + rest.rpartition("@")[2]
    path, mark, query = rest.partition("?")
    return _VALUE.sub("=***", path) + mark + _QUERY_PART.sub(r"\1***", query)


def is_live(address: str) -> bool:
    """Whether the address names a camera, a stream or a server, whose connection may be lost."""
    if _SCHEME.match(address):
        return scheme(address) not in _LOCAL
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
