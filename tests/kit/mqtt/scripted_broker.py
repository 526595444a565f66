"""A broker that does as a test says: refuses, sets limits, stops reading or answering.

It speaks MQTT 5 and 3.1.1, in the test's loop. It keeps nothing, and delivers nothing, unless it
echoes: what it was sent is in ``taken``.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 12, 13, 14
NOT_AUTHORIZED, SESSION_TAKEN_OVER = 0x87, 0x8E
V311, V5 = 4, 5


def maximum_packet_size(size: int) -> bytes:
    """The property of a CONNACK with which a broker says so."""
    return b"\x27" + size.to_bytes(4)


@dataclass
class Taken:
    """A publish as it came."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass
class ScriptedBroker:
    """What the next packets meet.

    Attributes:
        refuses: whether a topic is refused; at QoS 0 without an answer.
        hangs_up_after_refusal: the connection ends at the first publish behind a refused one.
        hangs_up_at: whether the connection ends at a publish to this topic, of so many bytes.
        properties: of the CONNACK.
        reads: cleared, nothing more is read: the peer's writes pile up.
        answers: False, no CONNECT is answered.
        versions: the protocol levels that it supports; others are refused.
        echoes: what it takes goes back to whoever sent it, at QoS 0.
        taken: what was published and not refused.
        connections: how many have begun.
    """

    refuses: Callable[[str], bool] = lambda _: False
    hangs_up_after_refusal: bool = False
    hangs_up_at: Callable[[str, int], bool] = lambda _topic, _size: False
    properties: bytes = b""
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    answers: bool = True
    versions: set[int] = field(default_factory=lambda: {V311, V5})
    echoes: bool = False
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    _peers: set[asyncio.StreamWriter] = field(default_factory=set)

    def on(self, topic: str) -> list[Taken]:
        return [taken for taken in self.taken if taken.topic == topic]

    def say(self, topic: str, payload: bytes) -> None:
        """Publish to all connected clients at QoS 0, whatever they have subscribed to."""
        name = topic.encode()
        for writer in self._peers:
            writer.write(_frame(PUBLISH, len(name).to_bytes(2) + name + b"\0" + payload))

    def take_over(self) -> None:
        """End all connections as if others had come with their client ids."""
        for writer in self._peers:
            writer.write(_frame(DISCONNECT, bytes([SESSION_TAKEN_OVER, 0])))
            writer.close()

    def hang_up(self) -> None:
        """Close all connections without a DISCONNECT."""
        for writer in self._peers:
            writer.transport.abort()

    async def close(self) -> None:
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._peers.add(writer)
        if task := asyncio.current_task():
            self._serving.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            angry = False
            version = V5
            while True:
                await self.reads.wait()
                kind, flags, body = await _packet(reader)
                if kind == DISCONNECT or (kind == PUBLISH and (angry or self._hangs_up(body))):
                    break
                angry = self.hangs_up_after_refusal and kind == PUBLISH and self.refuses(_topic(body))
                if kind == CONNECT:
                    version = body[6]
                if answer := self._answer(kind, flags, body, version):
                    writer.write(answer)
                    await writer.drain()
        self._peers.discard(writer)
        writer.close()

    def _hangs_up(self, body: bytes) -> bool:
        return self.hangs_up_at(_topic(body), len(body))

    def _answer(self, kind: int, flags: int, body: bytes, version: int) -> bytes:
        """The answer to a packet: its bytes differ by properties, which only MQTT 5 has."""
        is_v5 = version == V5
        if kind == CONNECT and self.answers:
            if version not in self.versions:
                return _frame(CONNACK, b"\0\1")  # as a broker that does not know MQTT 5 answers
            return _frame(CONNACK, b"\0\0" + _properties(self.properties if is_v5 else b"", is_v5=is_v5))
        if kind == SUBSCRIBE:
            granted = b"\1" * _count_filters(body, is_v5=is_v5)
            return _frame(SUBACK, body[:2] + _properties(b"", is_v5=is_v5) + granted)
        if kind == PINGREQ:
            return _frame(PINGRESP, b"")
        return self._take(flags, body, is_v5=is_v5) if kind == PUBLISH else b""

    def _take(self, flags: int, body: bytes, *, is_v5: bool) -> bytes:
        qos, retain = flags >> 1 & 3, bool(flags & 1)
        topic = _topic(body)
        end = 2 + len(topic.encode())
        number = body[end : end + 2]
        rest = body[end + 2 :] if qos else body[end:]
        payload = rest[1 + rest[0] :] if is_v5 else rest
        refused = self.refuses(topic)
        answer = b""
        if not refused:
            self.taken.append(Taken(topic, payload, qos, retain))
            if self.echoes:
                answer = _frame(PUBLISH, body[:end] + _properties(b"", is_v5=is_v5) + payload)
        code = bytes([NOT_AUTHORIZED if refused else 0]) if is_v5 else b""
        return answer + (_frame(PUBACK, number + code) if qos else b"")


def _properties(properties: bytes, *, is_v5: bool) -> bytes:
    return bytes([len(properties)]) + properties if is_v5 else b""


async def _packet(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    first = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return first >> 4, first & 15, await reader.readexactly(length)


def _topic(publish: bytes) -> str:
    return publish[2 : 2 + int.from_bytes(publish[:2])].decode()


def _frame(kind: int, body: bytes) -> bytes:
    return bytes([kind << 4, len(body)]) + body


def _count_filters(body: bytes, *, is_v5: bool) -> int:
    at, count = 3 + body[2] if is_v5 else 2, 0
    while at < len(body):
        at += 3 + int.from_bytes(body[at : at + 2])
        count += 1
    return count


@asynccontextmanager
async def scripted_broker() -> AsyncIterator[ScriptedBroker]:
    """A listening broker that takes everything by default."""
    it = ScriptedBroker()
    it.reads.set()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # a peer that is not read notices soon
    server = await asyncio.start_server(it.serve, sock=listening, limit=4096)
    it.port = listening.getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        await it.close()
