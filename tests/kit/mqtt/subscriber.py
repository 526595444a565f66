"""Another client at the broker: receives everything, publishes on request, and always reconnects."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

PATIENCE_S = 60.0
# Two clients of one name would end each other's connections.
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Received:
    """A message, and when it came (monotonic clock)."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    at_s: float

    def json(self) -> Any:
        return json.loads(self.payload)


class Listener:
    """A client with a session of its own, in a thread.

    It subscribes at QoS 0: it never has to write, so that what has reached its socket before a broker is
    killed is read to the end. The broker is to queue QoS 0 messages while it is away. With
    ``as_published`` it receives each message with the QoS and the retain flag with which it was published.
    A ``witness`` is called with each message as it comes, in that thread.
    """

    def __init__(
        self,
        port: int,
        *filters: str,
        as_published: bool = False,
        witness: Callable[[Received], None] | None = None,
    ) -> None:
        self.received: list[Received] = []
        self._witness = witness
        self.connected = threading.Event()
        self._filters = filters or ("#",)
        self._stop = threading.Event()
        self._as_published = as_published
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"listener-{next(_numbers)}",
            clean_session=None if as_published else False,
            protocol=MQTTProtocolVersion.MQTTv5 if as_published else MQTTProtocolVersion.MQTTv311,
        )
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self.connected.set()
        self._port = port
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            return
        if self._as_published:
            options = SubscribeOptions(qos=2, retainAsPublished=True)
            client.subscribe([(filter_, options) for filter_ in self._filters])
        else:
            client.subscribe([(filter_, 0) for filter_ in self._filters])

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        received = Received(
            message.topic, bytes(message.payload), message.qos, message.retain, time.monotonic()
        )
        if self._witness is not None:
            self._witness(received)
        self.received.append(received)

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError):
                self._client.connect("127.0.0.1", self._port)
                while not self._stop.is_set() and self._client.loop(0.1) == MQTTErrorCode.MQTT_ERR_SUCCESS:
                    pass
            self.connected.clear()
            self._stop.wait(0.02)
        self._client.disconnect()

    def say(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Publish; there must be a connection."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def on(self, topic: str) -> list[Received]:
        """What came on a topic, in order."""
        return [message for message in self.received if message.topic == topic]

    def last(self, topic: str) -> bytes | None:
        """The newest payload on a topic."""
        return next((message.payload for message in reversed(self.received) if message.topic == topic), None)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def listener(
    port: int, *filters: str, as_published: bool = False, witness: Callable[[Received], None] | None = None
) -> Iterator[Listener]:
    """A listener that has subscribed."""
    it = Listener(port, *filters, as_published=as_published, witness=witness)
    try:
        if not it.connected.wait(PATIENCE_S):
            raise TimeoutError("the listener cannot subscribe")
        yield it
    finally:
        it.close()


def wait_until(condition: Callable[[], object]) -> None:
    """Return once the condition holds; raises TimeoutError after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came true")
        time.sleep(0.005)
