"""What is known of an MQTT broker: where it is, how patient to be with it, what goes wrong with it."""

from __future__ import annotations

import random
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sinks.sink import SinkError


class BrokerError(Exception):
    """There is no connection, or it was lost; the message is one clear line."""


class RefusedError(BrokerError):
    """The broker took a message and refused it (MQTT 5 only: an older broker keeps silent)."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Where the broker is and how it is spoken to.

    Attributes:
        host, port: the broker's address.
        protocol: the version of MQTT.
        user, password: left out where the broker asks for none.
        client_id: must differ between two livereels on a broker; None takes it from the topic prefix.
            It stays the same over restarts, so that a broker ends a dead connection when its successor
            comes, and its will is out before the successor says ``online``.
        topic_prefix: what all topics begin with; must differ between two livereels on a broker.
        tls: encrypt, and check the broker's certificate; any of the files below implies it.
        tls_ca_certs: authorities to trust in place of the system's.
        tls_client_cert, tls_client_key: our own certificate, where the broker wants one.
        tls_insecure: do not compare the certificate's name with ``host``.
        keepalive_s: a connection on which nothing moves is tested this often.
        discovery_prefix: where Home Assistant looks for devices; None announces none.
        motion_off_delay_s: motion is told as over this long after the last of it.
        highlight_min_importance: a moment at least this important is also a highlight event.
    """

    host: str
    port: int = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: str | None = None
    topic_prefix: str = "livereel"
    tls: bool = False
    tls_ca_certs: Path | None = None
    tls_client_cert: Path | None = None
    tls_client_key: Path | None = None
    tls_insecure: bool = False
    keepalive_s: int = 30
    discovery_prefix: str | None = "homeassistant"
    motion_off_delay_s: float = 30.0
    highlight_min_importance: float = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take.

    Attributes:
        first_retry_s, max_retry_s: pauses between attempts to connect grow from one to the other.
        answer_s: an answer that takes longer is no longer waited for: the connection is given up.
        finish_s: what close spends on what is still unsent.
        announce_s: Home Assistant has come back: all is sent again within so long.
    """

    first_retry_s: float = 1.0
    max_retry_s: float = 60.0
    answer_s: float = 10.0
    finish_s: float = 1.0
    announce_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: a topic, its payload, and how."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


def pauses(patience: Patience) -> Iterator[float]:
    """Yield the seconds to wait before each attempt: doubling, and never two clients in step."""
    pause_s = patience.first_retry_s
    while True:
        yield pause_s * random.uniform(0.75, 1.0)  # noqa: S311  # nothing secret
        pause_s = min(patience.max_retry_s, pause_s * 2)


def tls_context(settings: MqttSettings) -> ssl.SSLContext | None:
    """Read the certificates, None where TLS is off; raises SinkError when they cannot be used."""
    files = (settings.tls_ca_certs, settings.tls_client_cert)
    if not settings.tls and not any(files):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_certs)
        if settings.tls_client_cert is not None:
            context.load_cert_chain(settings.tls_client_cert, settings.tls_client_key)
    except OSError as error:  # ssl.SSLError is one
        names = ", ".join(str(file) for file in (*files, settings.tls_client_key) if file)
        raise SinkError(f"mqtt: certificates ({names}): {error.strerror or error}") from error
    context.check_hostname = not settings.tls_insecure
    context.sslsocket_class = _TlsSocket
    return context


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when a handshake fails; paho leaves it to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # ssl's signature
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
