"""The options of MQTT, with their bounds; light to import, as the configuration holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

# Ten days of four busy cameras' captions, or an hour of three hundred's.
OUTBOX_MAX_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Where the broker is and how it is spoken to.

    Attributes:
        host, port: the broker's address; without a host there is no MQTT.
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
        outbox_max_bytes: captions and reels that wait for the broker; beyond it the oldest go.
    """

    host: str | None = None
    port: Annotated[int, Ge(1), Le(65535)] = 1883
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
        """The client id, told or not."""
        return self.client_id or self.topic_prefix.replace("/", "-")

    @property
    def encrypted(self) -> bool:
        """Whether the connection is to be encrypted."""
        return self.tls or self.tls_ca_certs is not None or self.tls_client_cert is not None
