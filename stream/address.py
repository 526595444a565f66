"""Addresses of sources: what they name, and how they are shown."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

# Schemes of which Python reads nothing itself; a one-letter scheme would be a Windows drive.
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+://")
# Some cameras take the password in the path: ``/user=admin_password=secret_channel=1``.
_SECRET_PARAMETER = re.compile(r"((?:pass|pwd|psw|token|key|secret|auth|sig)[^=&;/]*=)[^&;/]*", re.IGNORECASE)
# Somebody forgot the scheme, or a slash of it.
_BARE_CREDENTIALS = re.compile(r"[^@/]+:[^@]*@")


def redact(address: str) -> str:
    """Return the address without user, password and secret query values.

    Passwords of cameras often hold unescaped ``@`` or ``/``: all up to the last ``@`` goes.
    """
    start = _SCHEME.match(address)
    if start is None:
        bare = _BARE_CREDENTIALS.match(address)
        return "***@" + address.rpartition("@")[2] if bare else address
    rest = address[start.end() :]
    if "@" in rest:
        rest = "***@" + rest.rpartition("@")[2]
    return start.group() + _SECRET_PARAMETER.sub(r"\1***", rest)


def is_live(address: str) -> bool:
    """Whether what is at the address happens now: it may go away and come back."""
    if _SCHEME.match(address):
        return scheme(address) not in {"file", "synthetic"}
    return address.startswith("/dev/") and not Path(address).is_file()


def scheme(address: str) -> str:
    """The address's scheme; of a path "". Passwords may hold what no URL may, so nothing more is parsed."""
    match = _SCHEME.match(address)
    return match.group()[:-3].lower() if match else ""


def local_path(address: str) -> Path | None:
    """The file, device or pipe of this machine that an address names; None for all else."""
    if scheme(address) == "file":
        return Path(unquote(address[len("file://") :].removeprefix("localhost")))
    return None if _SCHEME.match(address) or address.startswith("synthetic:") else Path(address)
