"""The web options, with their bounds and checks; light to import, since the configuration embeds them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le, MinLen

MIN_TOKEN_CHARS = 16
_ORIGIN = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the pages are served, and to whom.

    Attributes:
        enabled: whether they are served at all.
        host: address to listen at; any other than a loopback address needs a token.
        port: 0 takes a free one.
        token: who knows it may read and change; at least 16 characters. Without one, only this machine is
            served, and nothing can be changed but that reels can be made.
        public_url: where people reach the pages, such as ``https://home.example/livereel``: links in
            notifications begin with it.
        root_path: the path under which a reverse proxy serves the pages, such as ``/livereel``.
        frame_ancestors: other sites whose pages may show these in a frame, such as
            ``http://homeassistant.local:8123``.
        ingress_from: addresses whose requests name the path themselves, in ``X-Ingress-Path``, in place of
            ``root_path``: those of Home Assistant's ingress. They need the token as all others do.
    """

    enabled: bool = True
    host: Annotated[str, MinLen(1)] = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65535)] = 8090
    token: str | None = field(default=None, repr=False)
    public_url: str | None = None
    root_path: str = ""
    frame_ancestors: tuple[str, ...] = ()
    ingress_from: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        return is_address(self.host) and ipaddress.ip_address(self.host).is_loopback


def is_address(text: str) -> bool:
    """Return whether this is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def problems(settings: WebSettings) -> Iterator[tuple[str, str]]:
    """Yield each option that cannot be used, by its key, and what is wrong; never the token."""
    token = settings.token
    if settings.enabled and token is None and not settings.is_local:
        yield "token", f"is needed where other machines can connect, as they can to {settings.host}"
    if token is not None and (len(token) < MIN_TOKEN_CHARS or not token.isascii() or not token.isprintable()):
        yield "token", f"needs at least {MIN_TOKEN_CHARS} printable ASCII characters"
    public = settings.public_url
    if public is not None and (not public.startswith(("http://", "https://")) or not public.isprintable()):
        yield "public_url", "expected an address, such as https://home.example/livereel"
    path = settings.root_path
    if path and (not path.startswith("/") or path.endswith("/") or not path.isprintable() or "//" in path):
        yield "root_path", "begins with / and does not end with it, such as /livereel"
    if not all(_ORIGIN.fullmatch(origin) for origin in settings.frame_ancestors):
        yield "frame_ancestors", "expected addresses without a path, such as http://homeassistant.local:8123"
    if not all(map(is_address, settings.ingress_from)):
        yield "ingress_from", "expected IP addresses, such as 172.30.32.2"
