"""The MQTT options and timeouts, with bounds and checks; light to import: the configuration embeds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from base.backoff import Backoff
from sinks.mqtt.connection.endpoint import Endpoint, EndpointError, parse_endpoint

# Captions of four busy cameras for ten days, or of three hundred for an hour.
OUTBOX_MAX_BYTES = 100_000_000
# Far less than the 65,535 bytes that MQTT allows, and more than is written by hand.
MAX_CHARS = 500
# Between attempts to connect: two clients do not stay in step.
RECONNECTS = Backoff.doubling(1.0, 60.0, spread=0.25)


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """The broker's address and how to use it.

    Attributes:
        host: the broker's name, address, ``host:port`` or URL (``mqtt://``, ``mqtts://``), which may
            hold a user and a password; without a host there is no MQTT.
        port: None takes the host's own, or the usual one of its scheme: 1883, with TLS 8883.
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
        keepalive_s: an idle connection is tested this often.
        discovery_prefix: where Home Assistant looks for devices; None announces none.
        motion_off_delay_s: motion is ``OFF`` this long after the last of it.
        highlight_min_importance: a moment at least this important is also published as a highlight.
        outbox_max_bytes: stored captions and reels; beyond it the oldest are dropped.
    """

    host: str | None = field(default=None, repr=False)
    port: Annotated[int, Ge(1), Le(65535)] | None = None
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
    keepalive_s: Annotated[int, Ge(5), Le(65535)] = 30
    discovery_prefix: str | None = "homeassistant"
    motion_off_delay_s: Annotated[float, Ge(0)] = 30.0
    highlight_min_importance: Annotated[float, Ge(0), Le(10)] = 5.0
    outbox_max_bytes: Annotated[int, Gt(0)] = OUTBOX_MAX_BYTES

    @property
    def client_name(self) -> str:
        """The client id, configured or made from the topic prefix."""
        return self.client_id or self.topic_prefix.replace("/", "-")

    @property
    def endpoint(self) -> Endpoint:
        """The broker's address, parsed; raises EndpointError."""
        uses_tls = self.tls or self.tls_ca_certs is not None or self.tls_client_cert is not None
        return parse_endpoint(self.host or "", self.port, encrypted=uses_tls)

    @property
    def credentials(self) -> tuple[str | None, str | None]:
        """The user and the password, wherever they stand; raises EndpointError."""
        endpoint = self.endpoint
        return self.user or endpoint.user, self.password or endpoint.password


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds.

    Attributes:
        retry: pauses between attempts to connect, and the longest between attempts at refused messages.
        answer_s: a broker that takes longer to answer is given up, and its connection closed.
        finish_s: what closing spends on messages that are still unsent.
        announce_s: all states are sent again within this time after Home Assistant has started.
        short_s: a connection that the broker ends sooner than this lengthens the pause before the next.
    """

    retry: Backoff = RECONNECTS
    answer_s: float = 10.0
    finish_s: float = 1.0
    announce_s: float = 3.0
    short_s: float = 10.0


def problems(settings: MqttSettings) -> Iterator[tuple[str, str]]:
    """Yield each option that no broker could work with, by its key, and what is wrong; never a secret."""
    for key, topic in (
        ("topic_prefix", settings.topic_prefix),
        ("discovery_prefix", settings.discovery_prefix),
    ):
        if topic is not None and (problem := topic_problem(topic)):
            yield key, problem
    for key, text in (("client_id", settings.client_id), ("user", settings.user)):
        if text is not None and (not text.isprintable() or text != text.strip() or len(text) > MAX_CHARS):
            yield key, f"has white space around it, a control character, or more than {MAX_CHARS} characters"
    if settings.password is not None and settings.password != settings.password.rstrip("\r\n"):
        yield "password", "ends with a line break"
    if settings.tls_client_key is not None and settings.tls_client_cert is None:
        yield "tls_client_key", "is of no use without tls_client_cert"
    if settings.host is not None:
        yield from _host_problems(settings)


def _host_problems(settings: MqttSettings) -> Iterator[tuple[str, str]]:
    try:
        endpoint = settings.endpoint
    except EndpointError as error:
        yield "host", str(error)
        return
    for key, own, named in (
        ("user", settings.user, endpoint.user),
        ("password", settings.password, endpoint.password),
    ):
        if own is not None and named is not None and own != named:
            yield key, "differs from the one in host"
    user, password = settings.credentials
    if password is not None and not user:
        yield "password", "is of no use without user"


def topic_problem(topic: str) -> str | None:
    """Return why a topic cannot be published to, or used as a prefix; None if it can."""
    why = None
    if not topic:
        why = "it is empty"
    elif not topic.isprintable() or topic != topic.strip():
        why = "it has white space around it, or a control character"
    elif set(topic) & set("+#"):
        why = "+ and # are wildcards"
    elif "" in topic.split("/"):
        why = "it begins or ends with /, or has // in it"
    elif topic.startswith("$"):
        why = "what begins with $ is the broker's own"
    elif len(topic) > MAX_CHARS:
        why = f"it has more than {MAX_CHARS} characters"
    return f"{topic!r:.100} cannot be part of a topic: {why}" if why else None
