"""What is known of an MQTT broker: how patient to be with it, what goes wrong with it."""

from __future__ import annotations

import random
import ssl
from dataclasses import dataclass

from sinks.mqtt.endpoint import Endpoint
from sinks.mqtt.settings import MqttSettings, problems
from sinks.sink import SinkError


class BrokerError(Exception):
    """There is no connection, or it was lost; the message is one clear line."""


class TakenOverError(BrokerError):
    """The broker ended the connection for another client with the same id (MQTT 5 only)."""


class MessageLossError(BrokerError):
    """The connection ended while a single outbox message was under way, which may be the cause."""


class RefusedError(BrokerError):
    """The broker took a message and refused it (MQTT 5 only: an older broker keeps silent)."""


class TooLargeError(RefusedError):
    """A message can never be sent on this connection: it is larger than the broker takes."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take.

    Attributes:
        first_retry_s, max_retry_s: pauses between attempts to connect grow from one to the other.
        answer_s: an answer that takes longer is no longer waited for: the connection is given up.
        finish_s: what close spends on what is still unsent.
        announce_s: Home Assistant has come back: all is sent again within so long.
        short_s: a connection that the broker ends sooner than this lengthens the pause before the next.
    """

    first_retry_s: float = 1.0
    max_retry_s: float = 60.0
    answer_s: float = 10.0
    finish_s: float = 1.0
    announce_s: float = 3.0
    short_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: a topic, its payload, and how."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Backoff:
    """Pauses between connections: they double, and vary so that two clients do not stay in step."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._next_s = patience.first_retry_s

    def pause_s(self) -> float:
        """Return the pause before the next attempt, in seconds."""
        pause_s = self._next_s
        self._next_s = min(self._patience.max_retry_s, pause_s * 2)
        return pause_s * random.uniform(0.75, 1.0)  # noqa: S311  # nothing secret

    def reset(self) -> None:
        """Begin again with the shortest pause."""
        self._next_s = self._patience.first_retry_s


def usable_endpoint(settings: MqttSettings) -> Endpoint:
    """Return the broker's address; raises SinkError naming the first option that cannot work."""
    for key, problem in problems(settings):
        raise SinkError(f"mqtt: {key}: {problem}")
    return settings.endpoint


def tls_context(settings: MqttSettings) -> ssl.SSLContext | None:
    """Read the certificates, None where TLS is off; raises SinkError when they cannot be used."""
    if not settings.endpoint.encrypted:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_certs)
        if settings.tls_client_cert is not None:
            context.load_cert_chain(settings.tls_client_cert, settings.tls_client_key)
    except OSError as error:  # ssl.SSLError is one
        files = (settings.tls_ca_certs, settings.tls_client_cert, settings.tls_client_key)
        names = ", ".join(str(file) for file in files if file)
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
