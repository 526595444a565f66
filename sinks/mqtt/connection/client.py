"""One connection to a broker: paho-mqtt driven by the event loop, every loss a BrokerError.

paho-mqtt's asyncio hooks are used: the loop watches the socket that its callbacks name and calls
``loop_read``, ``loop_write`` and ``loop_misc``. Only connecting blocks (name resolution, TCP, TLS), and
runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from base.daemon_thread import run_in_daemon_thread
from sinks.mqtt.connection.endpoint import Endpoint
from sinks.mqtt.connection.errors import BrokerError, RefusedError, TakenOverError, TooLargeError
from sinks.mqtt.connection.message import Message
from sinks.mqtt.connection.tls import tls_context, usable_endpoint, without_numbers
from sinks.mqtt.settings import MqttSettings, Timing

log = logging.getLogger(__name__)

# Unacknowledged messages at once, unless the broker accepts fewer.
IN_FLIGHT = 16
# MQTT's own limit of a packet, unless the broker accepts less.
MAX_PACKET_BYTES = 268_435_455
# Received commands that are queued; no user sends more at once. The rest is dropped, logged and counted.
MAX_COMMANDS = 100
# Packets that had arrived before ``abort`` and are still read.
MAX_READS = 100
# How often paho checks whether a ping is due or overdue.
PING_CHECK_S = 1.0
LOST = "the connection was lost"
# MQTT 5.0, 3.14.2.1: the reason of a DISCONNECT when another client connects with the same id.
SESSION_TAKEN_OVER = 0x8E
# paho's reason where it cannot read a packet.
PROTOCOL_ERROR = 0x82
# A broker that accepts connections does so within this time.
REACHABLE_S = 2.0
_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


class Client:
    """One connection, used once, as a context manager. Every failure is a BrokerError.

    Once connected, ``in_flight`` is how many messages may be unanswered at once, ``retains`` whether the
    broker keeps retained messages, and ``max_qos`` the highest QoS that it takes.
    """

    def __init__(
        self,
        settings: MqttSettings,
        timing: Timing,
        will: Message | None,
        *,
        on_drop: Callable[[], None] = lambda: None,
    ) -> None:
        """Raises SinkError when the settings cannot work; certificates are read anew for each connection.

        ``on_drop`` is called for each command beyond MAX_COMMANDS that wait.
        """
        self._on_drop = on_drop
        self._endpoint = usable_endpoint(settings)
        self._client_id = settings.client_name
        self._keepalive_s = settings.keepalive_s
        self._answer_s = timing.answer_s
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        # What ended the attempt to connect, None for success; and what ended the connection.
        self._connected: asyncio.Future[BrokerError | None] = self._loop.create_future()
        self._lost: asyncio.Future[BrokerError] = self._loop.create_future()
        self._answers: dict[int, asyncio.Future[None]] = {}
        self._subscriptions: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._received: asyncio.Queue[Message | None] = asyncio.Queue()
        self._ping_check: asyncio.TimerHandle | None = None
        self._aborted = False
        self._has_dropped = False
        self._max_bytes = MAX_PACKET_BYTES
        self.in_flight = IN_FLIGHT
        self.retains = True
        self.max_qos = 2
        self._paho = self._configured(settings, will)

    def _configured(self, settings: MqttSettings, will: Message | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            protocol=_VERSIONS[settings.protocol],
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(IN_FLIGHT)
        user, password = settings.credentials
        if user is not None:
            client.username_pw_set(user, password)
        if context := tls_context(settings):
            client.tls_set_context(context)
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_open = lambda _client, _data, sock: self._in_loop(self._open, sock)
        client.on_socket_close = lambda _client, _data, sock: self._unwatch(sock)
        client.on_socket_register_write = lambda _client, _data, sock: self._in_loop(self._watch_write, sock)
        client.on_socket_unregister_write = lambda _client, _data, sock: self._in_loop(
            self._unwatch_write, sock
        )
        return client

    # Connecting and hanging up

    async def __aenter__(self) -> Self:
        """Connect; raises BrokerError."""
        try:
            await run_in_daemon_thread(self._connect)
            async with asyncio.timeout(self._answer_s):
                error = await self._connected
        except TimeoutError as late:
            self.abort()
            raise BrokerError(f"no answer within {self._answer_s:g} s") from late
        except OSError as failed:
            self.abort()
            raise BrokerError(self._connect_failure(failed)) from failed
        except ValueError as failed:  # a name that cannot be one (UnicodeError)
            self.abort()
            raise BrokerError(f"not the name of a host: {_reason(failed)}") from failed
        except BaseException:
            self.abort()
            raise
        if error is not None:
            self.abort()
            raise error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; after an error, close the connection at once."""
        if error is None and not self._lost.done():
            self._paho.disconnect()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._answer_s):
                    await asyncio.shield(self._lost)
        self.abort()

    def _connect(self) -> None:
        """Connect, in a thread; close the connection again if ``abort`` was called meanwhile."""
        self._paho.connect(self._endpoint.host, self._endpoint.port, self._keepalive_s)
        if self._aborted:
            self.abort()

    def abort(self) -> None:
        """Close the connection at once, without waiting for the broker."""
        self._aborted = True
        connection = self._paho.socket()
        if connection is not None and connection.fileno() >= 0:
            with suppress(OSError), _raw(connection.fileno()) as raw:  # it is closed already
                raw.shutdown(socket.SHUT_RDWR)
        if threading.get_ident() == self._loop_thread:
            self._fail(BrokerError("disconnected"))
            # paho reads what had come before, then sees the end, and closes the socket.
            for _ in range(MAX_READS):
                if self._paho.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return

    def _fail(self, error: BrokerError) -> None:
        """End the connection with an error: fail all pending publishes and subscriptions with it."""
        if self._ping_check is not None:
            self._ping_check.cancel()
        if not self._connected.done():
            self._connected.set_result(error)
        if self._lost.done():
            return
        self._lost.set_result(error)
        waiting: list[asyncio.Future[Any]] = [*self._answers.values(), *self._subscriptions.values()]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)
        self._answers.clear()
        self._subscriptions.clear()
        self._received.put_nowait(None)

    def _connect_failure(self, error: OSError) -> str:
        """Return why connecting failed, with a hint at the settings."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the broker's certificate is refused: {error.verify_message}"
        handshake = isinstance(error, ssl.SSLError | ConnectionResetError)
        hint = "; does it speak TLS at this port?" if handshake and self._endpoint.encrypted else ""
        return _reason(error) + hint

    def _no_answer(self, code: ReasonCode) -> str:
        """Return why a connection ended before the broker's answer, with what it may require."""
        wanted = "a certificate of ours" if self._endpoint.encrypted else "TLS"
        if code.value == PROTOCOL_ERROR:
            return f"the answer is not MQTT: is this a broker's port, or does it want {wanted}?"
        return f"the broker hangs up before it answers; does it want {wanted}?"

    # The socket

    def _in_loop(self, call: Callable[[Any], None], sock: Any) -> None:
        """Call now in the loop; from the connecting thread, schedule the call in the loop."""
        if threading.get_ident() == self._loop_thread:
            call(sock)
        else:
            self._loop.call_soon_threadsafe(call, sock)

    def _open(self, sock: Any) -> None:
        if sock.fileno() < 0:  # closed before the loop ran this call
            return
        with suppress(OSError), _raw(sock.fileno()) as raw:
            # Nagle's algorithm would delay a peak until its keyframe is acknowledged.
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(sock.fileno(), self._read)
        self._check_ping()

    def _watch_write(self, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._write)

    def _unwatch_write(self, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _unwatch(self, sock: Any) -> None:
        if threading.get_ident() == self._loop_thread and sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())

    def _read(self) -> None:
        """Read what has arrived, including bytes already decrypted, for which the loop does not wake up."""
        try:
            self._paho.loop_read()
            while getattr(self._paho.socket(), "pending", int)():
                self._paho.loop_read()
        except Exception as error:  # noqa: BLE001  # whatever paho raises, this connection has ended
            self._fail(BrokerError(_reason(error)))

    def _write(self) -> None:
        try:
            self._paho.loop_write()
        except Exception as error:  # noqa: BLE001  # as above
            self._fail(BrokerError(_reason(error)))

    def _check_ping(self) -> None:
        if not self._lost.done():
            self._ping_check = self._loop.call_later(PING_CHECK_S, self._check_ping)
            self._paho.loop_misc()

    # paho's callbacks, called in the loop

    def _on_connect(
        self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        """Note the broker's answer and its limits, which only MQTT 5 brokers report."""
        self.in_flight = min(IN_FLIGHT, getattr(properties, "ReceiveMaximum", IN_FLIGHT))
        self.retains = bool(getattr(properties, "RetainAvailable", True))
        self.max_qos = getattr(properties, "MaximumQoS", 2)
        self._max_bytes = getattr(properties, "MaximumPacketSize", MAX_PACKET_BYTES)
        if not self._connected.done():
            self._connected.set_result(BrokerError(str(code)) if code.is_failure else None)

    def _on_disconnect(
        self,
        _client: Any,
        _data: Any,
        flags: paho.DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not flags.is_disconnect_packet_from_server:
            self._fail(BrokerError(LOST if self._connected.done() else self._no_answer(code)))
        elif code.value == SESSION_TAKEN_OVER:
            self._fail(TakenOverError(f"another client has connected with the client id {self._client_id}"))
        else:
            self._fail(BrokerError(str(code)))

    def _on_publish(
        self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Properties
    ) -> None:
        """Complete the future of a message that is written (QoS 0) or acknowledged."""
        answer = self._answers.pop(mid, None)
        if answer is None or answer.done():  # cancelled meanwhile
            return
        if code.is_failure:
            answer.set_exception(RefusedError(str(code)))
        else:
            answer.set_result(None)

    def _on_subscribe(
        self, _client: Any, _data: Any, mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        answer = self._subscriptions.pop(mid, None)
        if answer is not None and not answer.done():
            answer.set_result(codes)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if self._received.qsize() >= MAX_COMMANDS:
            if not self._has_dropped:
                log.warning("mqtt: more than %d commands at once; some are dropped", MAX_COMMANDS)
            self._has_dropped = True
            self._on_drop()
            return
        with suppress(UnicodeDecodeError):  # a topic that no client may use
            received = Message(message.topic, bytes(message.payload), message.qos, bool(message.retain))
            self._received.put_nowait(received)

    # Publishing and receiving

    def publish(self, message: Message) -> asyncio.Future[None]:
        """Publish a message; the future completes when it is written (QoS 0) or acknowledged (QoS 1).

        At most ``in_flight`` futures may be pending. A future raises RefusedError (TooLargeError if it was
        not sent), or BrokerError when the connection is lost; a broker that stops answering leaves it
        pending.
        """
        answer: asyncio.Future[None] = self._loop.create_future()
        if _packet_bytes(message) > self._max_bytes:
            answer.set_exception(TooLargeError(f"the broker takes {self._max_bytes} bytes at most"))
            return answer
        if self._lost.done():
            answer.set_exception(self._lost.result())
            return answer
        sent = self._paho.publish(message.topic, message.payload, message.qos, message.retain)
        if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._answers[sent.mid] = answer
        else:
            answer.set_exception(BrokerError(LOST))
        return answer

    async def next_message(self) -> Message:
        """Wait for the next received message; raises BrokerError when the connection is lost."""
        message = await self._received.get()
        if message is None:
            self._received.put_nowait(None)  # the next call raises, too
            raise self._lost.result()
        return message

    async def subscribe(self, topics: list[str]) -> list[str]:
        """Subscribe at QoS 1; return the topics that the broker refuses. Raises BrokerError."""
        if self._lost.done():
            raise self._lost.result()
        _, mid = self._paho.subscribe([(topic, 1) for topic in topics])
        if mid is None:
            raise BrokerError(LOST)
        answer = self._subscriptions[mid] = self._loop.create_future()
        try:
            async with asyncio.timeout(self._answer_s):
                codes = await answer
        except TimeoutError as late:
            raise BrokerError(f"no answer within {self._answer_s:g} s") from late
        return [topic for topic, code in zip(topics, codes, strict=True) if code.is_failure]


async def is_reachable(endpoint: Endpoint) -> bool:
    """Return whether a TCP connection to the broker can be opened now."""

    def connect() -> None:
        socket.create_connection((endpoint.host, endpoint.port), REACHABLE_S).close()

    try:
        await run_in_daemon_thread(connect)
    except (OSError, UnicodeError):
        return False
    return True


def _raw(fileno: int) -> socket.socket:
    """Return the socket under TLS, to be closed again; the connection stays."""
    return socket.socket(fileno=os.dup(fileno))


def _packet_bytes(message: Message) -> int:
    """Return an upper bound of a packet's size: topic and payload, and at most 10 bytes around them."""
    return len(message.topic.encode()) + len(message.payload) + 10


def _reason(error: BaseException) -> str:
    """Return an error's text without the system's or OpenSSL's numbers."""
    return without_numbers(str(error))
