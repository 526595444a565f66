"""One task that owns the connection: brings what waits to the broker, and back what others say."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sinks.mqtt.async_outbox import Letters
from sinks.mqtt.client import Client, is_reachable
from sinks.mqtt.connection_log import News
from sinks.mqtt.errors import (
    Backoff,
    BrokerError,
    Message,
    MessageLossError,
    Patience,
    RefusedError,
    TakenOverError,
    TooLargeError,
    usable_endpoint,
)
from sinks.mqtt.outbox import Entry
from sinks.mqtt.oversize import Suspect
from sinks.mqtt.send_queue import Backlog
from sinks.mqtt.settings import MqttSettings
from sinks.sink import SinkError

log = logging.getLogger(__name__)

# close gives up on a broker that has stopped answering; our will speaks for us then.
CLOSE_S = 2.0
# When the connection is lost again at the same messages, so many are sent one by one: some brokers
# (mosquitto 2.0.11) hang up when others follow one that they refuse, and then say of none that it was.
CAREFUL = 1000


@dataclass(frozen=True, slots=True)
class Manners:
    """What is said and heard on every connection.

    Attributes:
        hello: said once all states have been told.
        goodbye: said before hanging up, and our will, should we not come to it.
        listen: topic filters of what we want to hear.
        kept: the topics at which a broker may keep something of ours; earlier runs' others are cleared.
        hear: is given what is heard; must not take long.
    """

    hello: Message
    goodbye: Message
    listen: tuple[str, ...]
    kept: frozenset[str]
    hear: Callable[[Message], Awaitable[None]]


class Courier:
    """Keeps a connection, for ever again; the backlog and the letters may be filled at any time."""

    def __init__(
        self, settings: MqttSettings, patience: Patience, manners: Manners, backlog: Backlog, letters: Letters
    ) -> None:
        self._settings = settings
        self._patience = patience
        self._manners = manners
        self._backlog = backlog
        self._letters = letters
        self._closing = asyncio.Event()
        self._connection: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._endpoint = usable_endpoint(settings)
        self._news = News(str(self._endpoint), settings.client_name)
        self._connected_s: float | None = None
        self._refused: set[tuple[str, type[RefusedError]]] = set()
        self._lost_at: Message | None = None
        self._careful = 0
        self._suspect = Suspect()
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Keep a connection until ``close``; attempts never end."""
        self._connection = asyncio.create_task(self._keep_connected())
        try:
            await asyncio.wait([self._connection])
        finally:
            self._connection.cancel()
            await asyncio.wait([self._connection])
        if not self._connection.cancelled():
            self._connection.result()

    async def close(self) -> None:
        """Send what can be sent within a second or two, say goodbye, and hang up."""
        self._closing.set()
        self._backlog.unsent.set()
        self._letters.waiting.set()
        if self._connection is not None:
            await asyncio.wait([self._connection], timeout=CLOSE_S)
            self._connection.cancel()
            await asyncio.wait([self._connection])
        self._news.close()

    async def _keep_connected(self) -> None:
        backoff = Backoff(self._patience)
        while not self._closing.is_set():
            self._connected_s = None
            is_cut_off = False
            try:
                await self.run_once()
            except (BrokerError, SinkError) as error:
                is_cut_off = await self._is_cut_off(error)
                self._news.lost(str(error), is_cut_off=is_cut_off)
            except Exception as error:  # noqa: BLE001  # told with its trace; what waits must go on
                self._news.failed(error)
            if self._connected_s is not None and not is_cut_off:
                backoff.reset()
            try:
                async with asyncio.timeout(backoff.pause_s()):
                    await self._closing.wait()
            except TimeoutError:
                continue

    async def _is_cut_off(self, error: Exception) -> bool:
        """Whether a broker that is there has ended a connection that had just begun.

        Two clients with one id end each other's connections in this way, each time with all states. MQTT 5
        says so; by 3.1.1, or from a broker that does not keep to it, the connection is short, and the
        broker takes another at once. A broker that was stopped does not, and is to be found again soon.
        """
        if isinstance(error, TakenOverError):
            return True
        if self._connected_s is None or isinstance(error, MessageLossError):
            return False
        lasted_s = asyncio.get_running_loop().time() - self._connected_s
        return lasted_s < self._patience.short_s and await is_reachable(self._endpoint)

    async def run_once(self) -> None:
        """Connect and serve until ``close``.

        Raises BrokerError when the connection fails or is lost, SinkError when it cannot be tried.
        """
        try:
            async with Client(self._settings, self._patience, self._manners.goodbye) as client:
                await self._greet(client)
                await self._serve(client)
        finally:
            self._backlog.shut()

    async def _greet(self, client: Client) -> None:
        """We listen, and all states are told, before we say hello."""
        for topic in await client.listen(list(self._manners.listen)):
            self._tell_refusal(topic, RefusedError("we may not listen"))
        await self._clear_strays(client)
        self._backlog.again()
        await self._send_backlog(client)
        self._backlog.open()
        await self._send(client, [self._manners.hello])
        self._connected_s = asyncio.get_running_loop().time()
        self.counts["connections"] += 1
        self._news.connected()

    async def _clear_strays(self, client: Client) -> None:
        kept = set(self._manners.kept)
        try:
            strays = found = await self._letters.strays(kept)
            while strays:
                limit = self._limit(client)
                topics, strays = strays[:limit], strays[limit:]
                await self._send(client, [Message(topic, b"", qos=1, retain=True) for topic in topics])
            if found:
                await self._letters.forget_strays(kept)
        except SinkError as error:  # the disk fails us: they stay where they are, until another time
            log.warning("mqtt: what earlier runs have left at the broker stays there: %s", error)

    async def _serve(self, client: Client) -> None:
        """Send and hear until ``close``, then bring what can be brought and say goodbye."""
        try:
            async with asyncio.TaskGroup() as tasks:
                hearing = tasks.create_task(self._hear(client))
                sending = [tasks.create_task(self._publish(client)), tasks.create_task(self._drain(client))]
                await self._closing.wait()
                await asyncio.wait(sending, timeout=self._patience.finish_s)
                await self._send(client, [self._manners.goodbye])
                for task in (hearing, *sending):
                    task.cancel()
        except ExceptionGroup as group:
            lost, other = group.split(BrokerError)
            if lost is None or other is not None:
                raise
            raise lost.exceptions[0] from group

    async def _hear(self, client: Client) -> None:
        while True:
            await self._manners.hear(await client.next_message())

    async def _publish(self, client: Client) -> None:
        while True:
            self._backlog.unsent.clear()
            await self._send_backlog(client)
            if self._closing.is_set():
                return
            await self._backlog.unsent.wait()

    async def _send_backlog(self, client: Client) -> None:
        while batch := self._backlog.batch(self._limit(client)):
            await self._send(client, batch)

    async def _drain(self, client: Client) -> None:
        """Send the letters, in order; none is done with before the broker has acknowledged it.

        A letter that the broker refuses holds up those behind it, and is tried again alone: what was
        taken of them already is not sent anew each time. One that is larger than the broker takes could
        never go: it is dropped, and counted.
        """
        limit = self._limit(client)
        while True:
            self._letters.waiting.clear()
            try:
                while await self._send_letters(client, limit):
                    limit = self._limit(client)
            except (RefusedError, SinkError) as error:
                # Neither is the connection's fault: it stays, and the letters wait where they are.
                self._news.say(logging.ERROR, f"captions and reels wait: {error}")
                limit = 1
                self._letters.waiting.set()
                await asyncio.sleep(self._patience.max_retry_s)
            if self._closing.is_set():
                return
            await self._letters.waiting.wait()

    async def _send_letters(self, client: Client, limit: int) -> bool:
        entries = await self._letters.next(limit)
        if not entries:
            return False
        refusals = await self._try_letters(client, entries)
        refused = (i for i, refusal in enumerate(refusals) if refusal and not _is_too_large(refusal))
        over = entries[: next(refused, len(entries))]
        if over:
            too_large = sum(map(_is_too_large, refusals[: len(over)]))
            self.counts["too_large"] += too_large
            self.counts["acknowledged"] += len(over) - too_large
            await self._let_go(over[-1])
        if len(over) < len(entries):
            raise RefusedError(f"the broker refuses {entries[len(over)].topic}")
        return True

    async def _try_letters(self, client: Client, entries: Sequence[Entry]) -> list[RefusedError | None]:
        """Send letters; one at which the broker hangs up again and again is taken for too large."""
        first, alone = entries[0], len(entries) == 1
        if alone and self._suspect.is_too_large(first.number, len(first.payload)):
            refusal = TooLargeError(f"it hangs up again and again at {len(first.payload)} bytes")
            self._tell_refusal(first.topic, refusal)
            return [refusal]
        try:
            refusals = await self._send(client, [Message(e.topic, e.payload, qos=1) for e in entries])
        except TakenOverError:
            raise
        except BrokerError as error:
            if not alone:
                raise
            self._suspect.lost(first.number)
            raise MessageLossError(str(error)) from error
        self._suspect.clear()
        return refusals

    async def _let_go(self, entry: Entry) -> None:
        """Be done with the letters up to this one."""
        try:
            await self._letters.done(entry)
        except SinkError as error:  # they have arrived all the same
            self._news.say(logging.ERROR, f"the outbox keeps what has arrived: {error}")

    def _limit(self, client: Client) -> int:
        """How many messages may be under way at once."""
        return 1 if self._careful else client.in_flight

    async def _send(self, client: Client, batch: Sequence[Message]) -> list[RefusedError | None]:
        """Send in order and wait for all answers; tells which were refused, and why. Raises BrokerError."""
        async with self._turn:
            answers = [client.send(message) for message in batch]
            try:
                async with asyncio.timeout(self._patience.answer_s):
                    outcomes = await asyncio.gather(*answers, return_exceptions=True)
            except TimeoutError:
                raise BrokerError(f"no answer within {self._patience.answer_s:g} s") from None
        refusals = [outcome if isinstance(outcome, RefusedError) else None for outcome in outcomes]
        for message, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, RefusedError):
                self._tell_refusal(message.topic, outcome)
            elif outcome is None:
                self._suspect.taken(len(message.payload) if message.qos else 0)
            else:
                self._careful = CAREFUL if batch[0] == self._lost_at else self._careful
                self._lost_at = batch[0]
                raise outcome
        self._careful = CAREFUL if any(refusals) and self._careful else max(0, self._careful - len(batch))
        return refusals

    def _tell_refusal(self, topic: str, why: RefusedError) -> None:
        self.counts["refused"] += 1
        if (topic, type(why)) not in self._refused:
            self._refused.add((topic, type(why)))
            log.warning("mqtt: the broker refuses %s: %s", topic, why)


def _is_too_large(refusal: RefusedError | None) -> bool:
    return isinstance(refusal, TooLargeError)
