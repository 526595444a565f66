"""One connection to a broker: aiomqtt, with every publish answered for and every loss a BrokerError."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiomqtt
import aiomqtt.types
import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from sinks.apart import apart
from sinks.broker import (
    BrokerError,
    Message,
    Patience,
    RefusedError,
    TakenOverError,
    TooLargeError,
    tls_context,
    usable_endpoint,
)
from sinks.endpoint import Endpoint
from sinks.settings import MqttSettings

# Messages that wait for their acknowledgement at once, where the broker does not want fewer.
IN_FLIGHT = 16
# What MQTT itself allows, where the broker does not want less.
MAX_PACKET_BYTES = 268_435_455
# Commands waiting to be obeyed; more at once is nobody pressing a button.
MAX_COMMANDS = 100
LOST = "the connection was lost"
# MQTT 5.0, 3.14.2.1: the reason of a DISCONNECT when another client connects with the same id.
SESSION_TAKEN_OVER = 0x8E
# A broker that accepts connections does so within this time.
REACHABLE_S = 2.0
# What paho says of its socket, we say ourselves, once and not at each attempt.
_SILENT = logging.getLogger(f"{__name__}.paho")
_SILENT.setLevel(logging.CRITICAL)
_VERSIONS = {"5": aiomqtt.ProtocolVersion.V5, "3.1.1": aiomqtt.ProtocolVersion.V311}


class Client(aiomqtt.Client):
    """One connection, used once. Everything that goes wrong with it is a BrokerError.

    Once connected, ``in_flight`` is how many messages may be unanswered at once, ``retains`` whether the
    broker keeps retained messages, and ``max_qos`` the highest QoS that it takes.

    Over aiomqtt's client it tells what became of each single publish (``send``), which aiomqtt does
    not where a broker refuses one, and it can let go at once (``drop``) of a broker that has stopped
    answering, where aiomqtt would wait for it again to say goodbye.
    """

    def __init__(self, settings: MqttSettings, patience: Patience, will: Message | None) -> None:
        """Raises SinkError when the settings cannot work; certificates are read anew for each connection."""
        endpoint = usable_endpoint(settings)
        user, password = settings.credentials
        super().__init__(
            endpoint.host,
            endpoint.port,
            identifier=settings.client_name,
            protocol=_VERSIONS[settings.protocol],
            username=user,
            password=password,
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
        self.endpoint = endpoint
        self._taken_over = False
        self._answers: dict[int, asyncio.Future[None]] = {}
        self._dropped = False
        self._entered = False
        self._loop_thread = threading.get_ident()
        self._max_bytes = MAX_PACKET_BYTES
        self.in_flight = IN_FLIGHT
        self.retains = True
        self.max_qos = 2

    async def __aenter__(self) -> Self:
        """Connect; raises BrokerError."""
        try:
            await apart(self._connect)
            await super().__aenter__()
        except OSError as error:
            self.drop()
            raise BrokerError(self._why_not(error)) from error
        except aiomqtt.MqttError as error:
            self.drop()
            raise BrokerError(_plain(error)) from error
        except ValueError as error:  # a name that cannot be one (UnicodeError), or that is empty
            self.drop()
            raise BrokerError(f"{self.endpoint.host!r} cannot be connected to: {_plain(error)}") from error
        except BaseException:
            self.drop()
            raise
        self._entered = True
        self._disconnected.add_done_callback(self._fail_answers)
        return self

    def _fail_answers(self, lost: asyncio.Future[None]) -> None:
        """Nothing more is answered."""
        error = None if lost.cancelled() else lost.exception()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(self._lost(error) if error else BrokerError("disconnected"))
        self._answers.clear()

    def _lost(self, error: BaseException) -> BrokerError:
        """The loss of this connection as an error."""
        if self._taken_over:
            return TakenOverError(f"another client has connected with the client id {self.identifier}")
        return BrokerError(_plain(error))

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
            # Paho reads what had come before, then sees the end, and closes the socket.
            for _ in range(MAX_COMMANDS):
                if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return

    def _client_connect(self) -> None:
        """Called by aiomqtt in a thread that the program would wait for at its end: it was done before."""

    def _connect(self) -> None:
        """Connect, in a thread; whoever wanted it may have given up meanwhile."""
        super()._client_connect()
        if self._dropped:
            self.drop()

    def _why_not(self, error: OSError) -> str:
        """Why there is no connection, and what may be wrong with the settings."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the broker's certificate is refused: {error.verify_message}"
        handshake = isinstance(error, ssl.SSLError | ConnectionResetError)
        hint = "; does it speak TLS at this port?" if handshake and self.endpoint.encrypted else ""
        return _plain(error) + hint

    def _is_refused(self) -> bool:
        """The broker has answered, and it was no."""
        connected = self._connected
        return connected.done() and (connected.cancelled() or connected.exception() is not None)

    def _hung_up(self) -> str:
        """What it may mean that a broker hangs up instead of answering."""
        wanted = "a certificate of ours" if self.endpoint.encrypted else "TLS"
        return f"the broker hangs up before it answers; does it want {wanted}?"

    def send(self, message: Message) -> asyncio.Future[None]:
        """Send a message after those before it; the future ends when it is written (QoS 0) or acknowledged.

        No more than ``in_flight`` may be open at once. A future may raise RefusedError (TooLargeError: it
        was not even sent), or BrokerError when the connection is lost; a broker that has stopped answering
        leaves it open.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if _packet_bytes(message) > self._max_bytes:
            answer.set_exception(TooLargeError(f"the broker takes {self._max_bytes} bytes at most"))
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
        self.retains = bool(getattr(properties, "RetainAvailable", True))
        self.max_qos = getattr(properties, "MaximumQoS", 2)
        self._max_bytes = getattr(properties, "MaximumPacketSize", MAX_PACKET_BYTES)
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
        if not self._entered and (self._dropped or self._is_refused()):
            return  # nobody waits for it any more
        self._taken_over = flags.is_disconnect_packet_from_server and reason_code.value == SESSION_TAKEN_OVER
        told = str(reason_code) if flags.is_disconnect_packet_from_server else LOST
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(self._hung_up()))
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
            raise self._lost(error.__cause__ or error) from error

    async def listen(self, topics: list[str]) -> list[str]:
        """Subscribe; returns the topics that the broker refuses. Raises BrokerError."""
        try:
            codes = await self.subscribe([(topic, 1) for topic in topics])
        except aiomqtt.MqttError as error:
            raise BrokerError(_plain(error)) from error
        refused = (isinstance(code, ReasonCode) and code.is_failure for code in codes)
        return [topic for topic, no in zip(topics, refused, strict=True) if no]


async def is_reachable(endpoint: Endpoint) -> bool:
    """Return whether a TCP connection to the broker can be opened now."""

    def connect() -> None:
        socket.create_connection((endpoint.host, endpoint.port), REACHABLE_S).close()

    try:
        await apart(connect)
    except (OSError, UnicodeError):
        return False
    return True


def _packet_bytes(message: Message) -> int:
    """What a message is on the wire at most: its topic and payload, and at most 10 bytes around them."""
    return len(message.topic.encode()) + len(message.payload) + 10


def _plain(error: BaseException) -> str:
    """The reason without the number that aiomqtt or the system puts before it."""
    text = re.sub(r"^(\[(code:|Errno |SSL)[^]]*\]|_ssl\.c:\d+:) ", "", str(error))
    return re.sub(r" \(_ssl\.c:\d+\)$", "", text)
