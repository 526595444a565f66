"""The MQTT session: keeps a connection, sends the queue and the outbox, and receives commands."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sinks.mqtt.connection.client import Client, is_reachable
from sinks.mqtt.connection.connection_log import ConnectionLog
from sinks.mqtt.connection.errors import (
    BrokerError,
    MessageLossError,
    RefusedError,
    TakenOverError,
    TooLargeError,
)
from sinks.mqtt.connection.message import Message
from sinks.mqtt.connection.oversize import OversizeDetector
from sinks.mqtt.connection.send_queue import SendQueue
from sinks.mqtt.connection.tls import usable_endpoint
from sinks.mqtt.settings import MqttSettings, Timing
from sinks.outbox import StoredMessage
from sinks.outbox_reader import OutboxReader
from sinks.sink import SinkError

log = logging.getLogger(__name__)

# ``close`` gives up on a broker that has stopped answering; the last will then announces ``offline``.
CLOSE_S = 2.0
# When the connection is lost twice at the same batch, this many messages are sent one at a time: some
# brokers (mosquitto 2.0.11) hang up after refusing a message, and a batch does not show which one it was.
SINGLE_SENDS = 1000


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """What every connection sends and subscribes to.

    Attributes:
        online: published once all retained states have been.
        offline: published before disconnecting, and as the last will.
        subscriptions: topic filters to subscribe to.
        retained_topics: all topics that may hold a retained message of this livereel; those that only
            earlier runs used are cleared.
        on_message: called with each received message; must return quickly.
        event_of: returns what is published once more, at the same time, when a stored message is first sent
            in this run; None for nothing.
    """

    online: Message
    offline: Message
    subscriptions: tuple[str, ...]
    retained_topics: frozenset[str]
    on_message: Callable[[Message], Awaitable[None]]
    event_of: Callable[[StoredMessage], Awaitable[Message | None]]


class Session:
    """Keeps a connection to the broker, reconnecting without end, and sends what is queued.

    The send queue and the outbox may be filled at any time, connected or not.
    """

    def __init__(
        self,
        settings: MqttSettings,
        timing: Timing,
        spec: SessionSpec,
        queue: SendQueue,
        outbox: OutboxReader,
    ) -> None:
        self._settings = settings
        self._timing = timing
        self._spec = spec
        self._queue = queue
        self._outbox = outbox
        self._events_until = 0  # number of the newest stored message whose event has been queued
        self._closing = asyncio.Event()
        self._connection: asyncio.Task[None] | None = None
        self._send_lock = asyncio.Lock()
        self._endpoint = usable_endpoint(settings)
        self._log = ConnectionLog(str(self._endpoint), settings.client_name)
        self._connected_s: float | None = None
        self._refused: set[tuple[str, type[RefusedError]]] = set()
        self._lost_first: Message | None = None
        self._single_sends = 0
        self._oversize = OversizeDetector()
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Keep a connection until ``close``; retry without end."""
        self._connection = asyncio.create_task(self._keep_connected())
        try:
            await asyncio.wait([self._connection])
        finally:
            self._connection.cancel()
            await asyncio.wait([self._connection])
        if not self._connection.cancelled():
            self._connection.result()

    async def close(self) -> None:
        """Send what can be sent within CLOSE_S, publish ``offline`` and disconnect."""
        self._closing.set()
        self._queue.not_empty.set()
        self._outbox.not_empty.set()
        if self._connection is not None:
            await asyncio.wait([self._connection], timeout=CLOSE_S)
            self._connection.cancel()
            await asyncio.wait([self._connection])
        self._log.close()

    async def _keep_connected(self) -> None:
        failures = 0
        while not self._closing.is_set():
            self._connected_s = None
            is_cut_off = False
            try:
                await self.run_once()
            except (BrokerError, SinkError) as error:
                is_cut_off = await self._is_cut_off(error)
                self._log.lost(str(error), is_cut_off=is_cut_off)
            except Exception as error:  # noqa: BLE001  # logged with its traceback; the session must go on
                self._log.failed(error)
            if self._connected_s is not None and not is_cut_off:
                failures = 0
            failures += 1
            try:
                async with asyncio.timeout(self._timing.retry.pause_s(failures)):
                    await self._closing.wait()
            except TimeoutError:
                continue

    async def _is_cut_off(self, error: Exception) -> bool:
        """Return whether a reachable broker ended the connection, or ended it right after its start.

        Two clients with one id do this to each other, and each reconnect sends all states. MQTT 5 reports
        the takeover. Under 3.1.1, and with brokers that do not report it (mosquitto 2.0.11), a short
        connection and a broker that accepts another at once are the evidence. A broker that was stopped is
        not reachable: it is retried after the shortest pause.
        """
        if isinstance(error, TakenOverError):
            return True
        if self._connected_s is None or isinstance(error, MessageLossError):
            return False
        lasted_s = asyncio.get_running_loop().time() - self._connected_s
        return lasted_s < self._timing.short_s and await is_reachable(self._endpoint)

    async def run_once(self) -> None:
        """Connect and serve until ``close``.

        Raises BrokerError when the connection fails or is lost, SinkError when it cannot be tried.
        """
        try:
            async with Client(
                self._settings, self._timing, self._spec.offline, on_drop=self._count_dropped
            ) as client:
                await self._start(client)
                await self._serve(client)
        finally:
            self._queue.drop_events()

    def _count_dropped(self) -> None:
        self.counts["commands_dropped"] += 1

    async def _start(self, client: Client) -> None:
        """Subscribe and publish retained states before announcing ``online``."""
        for topic in await client.subscribe(list(self._spec.subscriptions)):
            self._log_refusal(topic, RefusedError("subscription denied"))
        await self._clear_stale_topics(client)
        self._queue.requeue_states()
        await self._flush_queue(client)
        self._queue.accept_events()
        await self._send(client, [self._spec.online])
        self._connected_s = asyncio.get_running_loop().time()
        self.counts["connections"] += 1
        self._log.connected()

    async def _clear_stale_topics(self, client: Client) -> None:
        kept = set(self._spec.retained_topics)
        try:
            stale = found = await self._outbox.stale_topics(kept)
            while stale:
                limit = self._limit(client)
                topics, stale = stale[:limit], stale[limit:]
                await self._send(client, [Message(topic, b"", qos=1, retain=True) for topic in topics])
            if found:
                await self._outbox.forget_stale_topics(kept)
        except SinkError as error:  # the next connection tries again
            log.warning("mqtt: retained topics of earlier runs are not cleared: %s", error)

    async def _serve(self, client: Client) -> None:
        """Send and receive until ``close``, then flush for ``finish_s`` and publish ``offline``."""
        try:
            async with asyncio.TaskGroup() as tasks:
                receiving = tasks.create_task(self._receive(client))
                sending = [
                    tasks.create_task(self._send_queued(client)),
                    tasks.create_task(self._send_outbox_forever(client)),
                ]
                await self._closing.wait()
                await asyncio.wait(sending, timeout=self._timing.finish_s)
                await self._send(client, [self._spec.offline])
                for task in (receiving, *sending):
                    task.cancel()
        except ExceptionGroup as group:
            lost, other = group.split(BrokerError)
            if lost is None or other is not None:
                raise
            raise lost.exceptions[0] from group

    async def _receive(self, client: Client) -> None:
        while True:
            await self._spec.on_message(await client.next_message())

    async def _send_queued(self, client: Client) -> None:
        while True:
            self._queue.not_empty.clear()
            await self._flush_queue(client)
            if self._closing.is_set():
                return
            await self._queue.not_empty.wait()

    async def _flush_queue(self, client: Client) -> None:
        while batch := self._queue.next_batch(self._limit(client)):
            await self._send(client, batch)

    async def _send_outbox_forever(self, client: Client) -> None:
        """Send outbox messages in order; each stays stored until the broker has acknowledged it.

        A refused message holds up those behind it and is retried alone, so that those already accepted are
        not sent again each time. A message larger than the broker accepts is dropped and counted.
        """
        limit = self._limit(client)
        while True:
            self._outbox.not_empty.clear()
            try:
                while await self._send_outbox_batch(client, limit):
                    limit = self._limit(client)
            except (RefusedError, SinkError) as error:
                # Neither is the connection's fault: keep it; the messages stay stored.
                self._log.log(logging.ERROR, f"captions and reels are held up: {error}")
                limit = 1
                self._outbox.not_empty.set()
                await asyncio.sleep(self._timing.retry.longest_s)
            if self._closing.is_set():
                return
            await self._outbox.not_empty.wait()

    async def _send_outbox_batch(self, client: Client, limit: int) -> bool:
        entries = await self._outbox.next_messages(limit)
        if not entries:
            return False
        await self._queue_events(entries)
        refusals = await self._publish_stored(client, entries)
        refused = (i for i, refusal in enumerate(refusals) if refusal and not _is_too_large(refusal))
        over = entries[: next(refused, len(entries))]
        if over:
            too_large = sum(map(_is_too_large, refusals[: len(over)]))
            self.counts["too_large"] += too_large
            self.counts["acknowledged"] += len(over) - too_large
            await self._mark_done(over[-1])
        if len(over) < len(entries):
            raise RefusedError(f"the broker refuses {entries[len(over)].topic}")
        return True

    async def _queue_events(self, entries: Sequence[StoredMessage]) -> None:
        """Queue the events of stored messages, each once: a message that is sent again brings no second one.

        A run that died before it sent them has left the messages stored: the next start queues them.
        """
        for entry in entries:
            if entry.number > self._events_until:
                self._events_until = entry.number
                if event := await self._spec.event_of(entry):
                    self._queue.add_event("highlight", event)

    async def _publish_stored(
        self, client: Client, entries: Sequence[StoredMessage]
    ) -> list[RefusedError | None]:
        """Publish stored messages; one at which the broker keeps hanging up counts as too large."""
        first, alone = entries[0], len(entries) == 1
        if alone and self._oversize.is_too_large(first.number, len(first.payload)):
            refusal = TooLargeError(f"it keeps hanging up at {len(first.payload)} bytes")
            self._log_refusal(first.topic, refusal)
            return [refusal]
        try:
            refusals = await self._send(client, [Message(e.topic, e.payload, qos=1) for e in entries])
        except TakenOverError:
            raise
        except BrokerError as error:
            if not alone:
                raise
            self._oversize.connection_lost(first.number)
            raise MessageLossError(str(error)) from error
        self._oversize.answered()
        return refusals

    async def _mark_done(self, entry: StoredMessage) -> None:
        """Remove messages up to this one from the outbox."""
        try:
            await self._outbox.mark_done(entry)
        except SinkError as error:  # OutboxReader skips them until the next start
            self._log.log(logging.ERROR, f"sent messages cannot be removed from the outbox: {error}")

    def _limit(self, client: Client) -> int:
        """Return how many messages may be unacknowledged at once."""
        return 1 if self._single_sends else client.in_flight

    async def _send(self, client: Client, batch: Sequence[Message]) -> list[RefusedError | None]:
        """Publish in order and wait for all answers; return each refusal or None. Raises BrokerError."""
        async with self._send_lock:
            answers = [client.publish(message) for message in batch]
            try:
                async with asyncio.timeout(self._timing.answer_s):
                    outcomes = await asyncio.gather(*answers, return_exceptions=True)
            except TimeoutError:
                raise BrokerError(f"no answer within {self._timing.answer_s:g} s") from None
        refusals = [outcome if isinstance(outcome, RefusedError) else None for outcome in outcomes]
        for message, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, RefusedError):
                self._log_refusal(message.topic, outcome)
            elif outcome is None:
                self._oversize.acknowledged(len(message.payload) if message.qos else 0)
            else:
                self._single_sends = SINGLE_SENDS if batch[0] == self._lost_first else self._single_sends
                self._lost_first = batch[0]
                raise outcome
        self._single_sends = (
            SINGLE_SENDS if any(refusals) and self._single_sends else max(0, self._single_sends - len(batch))
        )
        return refusals

    def _log_refusal(self, topic: str, why: RefusedError) -> None:
        self.counts["refused"] += 1
        if (topic, type(why)) not in self._refused:
            self._refused.add((topic, type(why)))
            log.warning("mqtt: the broker refuses %s: %s", topic, why)


def _is_too_large(refusal: RefusedError | None) -> bool:
    return isinstance(refusal, TooLargeError)
