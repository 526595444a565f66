"""The connection to an MQTT broker: aiomqtt, with every publish answered for and every loss a BrokerError."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import aiomqtt
import aiomqtt.types
import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from sinks.sink import SinkError

# Messages that wait for their acknowledgement at once, where the broker does not want fewer.
IN_FLIGHT = 16
# Commands waiting to be obeyed; more at once is nobody pressing a button.
MAX_COMMANDS = 100
# What paho says of its socket, we say ourselves, once and not at each attempt.
_SILENT = logging.getLogger(f"{__name__}.paho")
_SILENT.setLevel(logging.CRITICAL)
LOST = "the connection was lost"
_VERSIONS = {"5": aiomqtt.ProtocolVersion.V5, "3.1.1": aiomqtt.ProtocolVersion.V311}


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


class Client(aiomqtt.Client):
    """One connection, used once. Everything that goes wrong with it is a BrokerError.

    Over aiomqtt's client it tells what became of each single publish (``send``), which aiomqtt does
    not where a broker refuses one, and it can let go at once (``drop``) of a broker that has stopped
    answering, where aiomqtt would wait for it again to say goodbye.
    """

    def __init__(self, settings: MqttSettings, patience: Patience, will: Message | None) -> None:
        """Raises SinkError when the certificates cannot be used; they are read anew for each connection."""
        super().__init__(
            settings.host,
            settings.port,
            identifier=settings.client_id or settings.topic_prefix.replace("/", "-"),
            protocol=_VERSIONS[settings.protocol],
            username=settings.user,
            password=settings.password,
            logger=_SILENT,
            keepalive=settings.keepalive_s,
            timeout=patience.answer_s,
            tls_context=tls_context(settings),
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain) if will else None,
            max_inflight_messages=IN_FLIGHT,
            max_queued_incoming_messages=MAX_COMMANDS,
            # Nagle's algorithm would hold a peak back until its picture is acknowledged.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self._answers: dict[int, asyncio.Future[None]] = {}
        self._dropped = False
        self._loop_thread = threading.get_ident()
        self._max_bytes: int | None = None
        self.in_flight = IN_FLIGHT

    async def __aenter__(self) -> Self:
        """Connect; raises BrokerError."""
        try:
            await super().__aenter__()
        except aiomqtt.MqttError as error:
            self.drop()
            raise BrokerError(_plain(error)) from error
        except BaseException:
            self.drop()
            raise
        self._disconnected.add_done_callback(self._fail_answers)
        return self

    def _fail_answers(self, lost: asyncio.Future[None]) -> None:
        """Nothing more is answered."""
        error = None if lost.cancelled() else lost.exception()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(BrokerError(_plain(error) if error else "disconnected"))
        self._answers.clear()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye, or, when it ends in an error, hang up."""
        if error is not None:
            self.drop()
        with suppress(aiomqtt.MqttError):
            await super().__aexit__(kind, error, trace)
        self.drop()

    def drop(self) -> None:
        """Hang up at once, whatever is under way."""
        self._dropped = True
        connection = self._client.socket()
        if isinstance(connection, socket.socket):
            with suppress(OSError):  # it has gone already
                connection.shutdown(socket.SHUT_RDWR)
        if threading.get_ident() == self._loop_thread:
            for _ in range(
                MAX_COMMANDS
            ):  # what had come before; then paho sees the end, and closes the socket
                if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return

    def _client_connect(self) -> None:
        """Connect, in a thread; whoever wanted it may have given up meanwhile."""
        super()._client_connect()
        if self._dropped:
            self.drop()

    def send(self, message: Message) -> asyncio.Future[None]:
        """Send a message after those before it; the future ends when it is written (QoS 0) or acknowledged.

        No more than ``in_flight`` may be open at once. A future may raise RefusedError, or BrokerError when
        the connection is lost; a broker that has stopped answering leaves it open.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._max_bytes is not None and _packet_bytes(message) > self._max_bytes:
            answer.set_exception(RefusedError(f"the broker takes {self._max_bytes} bytes at most"))
            return answer
        sent = self._client.publish(message.topic, message.payload, message.qos, message.retain)
        if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._answers[sent.mid] = answer
        else:
            answer.set_exception(BrokerError(LOST))
        return answer

    def _on_connect(
        self,
        client: Any,
        userdata: Any,
        flags: Any,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        """Called by paho, in the loop, when the broker has answered; it may have its limits."""
        # Set by MQTT 5 brokers that have a limit.
        self.in_flight = min(IN_FLIGHT, getattr(properties, "ReceiveMaximum", IN_FLIGHT))
        self._max_bytes = getattr(properties, "MaximumPacketSize", None)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: Any,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        """Called by paho, in the loop, when the connection is gone; aiomqtt would wait for it even then."""
        told = str(reason_code) if flags.is_disconnect_packet_from_server else LOST
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(told))
        elif reason_code.is_failure and not self._disconnected.done():
            self._disconnected.set_exception(aiomqtt.MqttError(told))
        else:
            super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_socket_register_write(
        self,
        client: paho.Client,
        userdata: Any,  # noqa: ARG002  # paho gives it
        sock: aiomqtt.types.PahoSocket,
    ) -> None:
        """Called by paho, in the loop or in the thread that connects, when there is something to write.

        aiomqtt asks the loop to watch the socket a moment later, when it may have been closed.
        """
        if threading.get_ident() == self._loop_thread:
            self._watch(client, sock)
        else:
            self._loop.call_soon_threadsafe(self._watch, client, sock)

    def _watch(self, client: paho.Client, sock: aiomqtt.types.PahoSocket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._write, client)

    def _write(self, client: paho.Client) -> None:
        try:
            client.loop_write()
        except OSError as error:
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    def _on_publish(
        self,
        client: Any,
        userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Properties,
    ) -> None:
        """Called by paho, in the loop, when a publish is written or acknowledged."""
        answer = self._answers.pop(mid, None)
        if answer is None:
            super()._on_publish(client, userdata, mid, reason_code, properties)
        elif answer.done():  # nobody waits for it any more
            return
        elif reason_code.is_failure:
            answer.set_exception(RefusedError(str(reason_code)))
        else:
            answer.set_result(None)

    async def next_message(self) -> aiomqtt.Message:
        """Wait for a message to us; raises BrokerError when the connection is lost."""
        try:
            return await anext(self.messages)
        except aiomqtt.MqttError as error:
            raise BrokerError(_plain(error.__cause__ or error)) from error

    async def listen(self, topics: list[str]) -> list[str]:
        """Subscribe; returns the topics that the broker refuses. Raises BrokerError."""
        try:
            codes = await self.subscribe([(topic, 1) for topic in topics])
        except aiomqtt.MqttError as error:
            raise BrokerError(_plain(error)) from error
        refused = (isinstance(code, ReasonCode) and code.is_failure for code in codes)
        return [topic for topic, no in zip(topics, refused, strict=True) if no]


def _packet_bytes(message: Message) -> int:
    """What a message is on the wire at most: its topic and payload, and at most 10 bytes around them."""
    return len(message.topic.encode()) + len(message.payload) + 10


def _plain(error: BaseException) -> str:
    """The reason without aiomqtt's number before it."""
    text = str(error)
    return text.partition("] ")[2] if text.startswith("[code:") else text
