"""Test by publishing and subscribing whether the broker's access rules let a livereel work.

Access rules show only in use. MQTT 5 gives the reason of a refused publish; under 3.1.1 the broker drops the
message silently, so that only a message that comes back proves the right to publish it.

Nothing published here changes a state or is acted upon. No message is retained. Topics of a camera are tried
with a camera that cannot exist, CHECK, and discovery with a topic that Home Assistant does not subscribe to.
The topics that exist only once get an empty message or, where a state is retained, that same state again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sinks.mqtt.connection.client import Client
from sinks.mqtt.connection.errors import BrokerError
from sinks.mqtt.connection.message import Message
from sinks.mqtt.homeassistant import Discovery
from sinks.mqtt.messages import CHECK, Messages
from sinks.mqtt.settings import MqttSettings, Timing

# A message that comes back does so within this time.
ECHO_S = 2.0
# A broker that takes longer to acknowledge a message counts as silent.
ANSWER_S = 10.0
# CHECK as Home Assistant's discovery topics may hold it.
CHECK_ID = "livereel_check"
_DOUBT = "nothing came back (MQTT 3.1.1 does not say whether publishing or reading is denied)"
# More topics are not named in one report.
MAX_NAMED = 6


@dataclass(frozen=True, slots=True)
class Probe:
    """Topics of one shape, as a report names them, and messages of which the broker must take one."""

    name: str
    attempts: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """What a livereel may do.

    Attributes:
        published: how many kinds of topics may be published to.
        problems: what is not permitted, one phrase each.
        are_commands_proven: a message on a command's topic has arrived; False where livereel may not
            publish one itself, so that nothing can be said.
    """

    published: int
    problems: tuple[str, ...]
    are_commands_proven: bool


async def check_broker(settings: MqttSettings, cameras: Sequence[str]) -> str:
    """Connect as a client of its own and try all topics; return in one phrase what was found.

    The client id is that of the settings with ``-check`` behind it, so that a running livereel keeps its
    connection. Raises SinkError or BrokerError saying what a livereel with these settings may not do.
    """
    check = _AccessCheck(replace(settings, client_id=f"{settings.client_name}-check"), cameras)
    try:
        access = await check.run()
    except BrokerError as error:
        raise BrokerError(f"{settings.endpoint}: {error}") from error
    if access.problems:
        raise BrokerError(f"{settings.endpoint}: {'; '.join(access.problems)}")
    commands = "commands arrive" if access.are_commands_proven else "commands are subscribed to, but untested"
    return f"{settings.endpoint}, {access.published} kinds of topics can be published, {commands}"


class _AccessCheck:
    """One check. It connects again after each refusal: mosquitto 2.0.11 hangs up at the next packet."""

    def __init__(self, settings: MqttSettings, cameras: Sequence[str]) -> None:
        self._settings = settings
        self._cameras = cameras
        self._messages = Messages(settings.topic_prefix, base=Path())
        self._discovery: Discovery | None = None
        if settings.discovery_prefix is not None:
            self._discovery = Discovery(
                settings.discovery_prefix, settings.topic_prefix, self._messages, version=""
            )
        self._connection = AsyncExitStack()
        self._client: Client | None = None
        self._retained: dict[str, bytes] = {}
        self._echoed: set[str] = set()
        self._arrived = asyncio.Event()

    @property
    def _has_reasons(self) -> bool:
        return self._settings.protocol == "5"

    async def run(self) -> Access:
        """Try everything; raises BrokerError when there is no connection."""
        try:
            await self._connect()
            await self._prefer_reasons()
            problems = [*self._limits(), *await self._subscribe()]
            are_commands_proven, unread = await self._try_commands()
            probes = list(self._probes())
            refused = [probe.name for probe in probes if not await self._is_permitted(probe)]
        finally:
            await self._connection.aclose()
        problems += unread
        if refused:
            doubt = "" if self._has_reasons else f": {_DOUBT}"
            problems.append(f"may not publish to {_listed(refused)}{doubt}")
        return Access(len(probes) - len(refused), tuple(problems), are_commands_proven)

    async def _connect(self) -> None:
        await self._connection.aclose()
        client = await self._connection.enter_async_context(Client(self._settings, Timing(), None))
        receiving = asyncio.create_task(self._receive(client))

        async def stop_receiving() -> None:
            receiving.cancel()
            await asyncio.wait([receiving])

        self._connection.push_async_callback(stop_receiving)
        self._client = client

    async def _prefer_reasons(self) -> None:
        """Continue over MQTT 5 if the broker supports it: its rules are the same, and it reports refusals."""
        configured = self._settings
        if self._has_reasons:
            return
        self._settings = replace(configured, protocol="5")
        try:
            await self._connect()
        except BrokerError:
            self._settings = configured
            await self._connect()

    def _limits(self) -> Iterator[str]:
        """Yield what the broker cannot do; raises BrokerError where nothing more can be tried."""
        if self._client is not None and self._client.max_qos < 1:
            raise BrokerError("the broker takes no message at QoS 1")
        if self._client is not None and not self._client.retains:
            yield "the broker keeps no retained messages, so that states and discovery are lost"

    async def _receive(self, client: Client) -> None:
        with suppress(BrokerError):  # the next publish finds out
            while True:
                message = await client.next_message()
                if message.retain:
                    self._retained[message.topic] = message.payload
                else:
                    self._echoed.add(message.topic)
                self._arrived.set()

    async def _subscribe(self) -> list[str]:
        """Subscribe to what a run needs and to what is published here; return what a run is denied."""
        status = [self._discovery.status_topic] if self._discovery else []
        needed = [*self._messages.command_filters(), *status]
        own = {message.topic for probe in self._probes() for message in probe.attempts} | set(
            self._republished()
        )
        refused = await self._client.subscribe([*needed, *sorted(own)]) if self._client else []
        denied = [topic for topic in needed if topic in refused]
        return [f"may not subscribe to {_listed(denied)}"] if denied else []

    async def _try_commands(self) -> tuple[bool, list[str]]:
        """Publish commands that every livereel ignores; return whether they arrive, and what is denied.

        Retained states arrive before them, as the broker answers in order.
        """
        unread, proven = [], True
        for filter_ in self._messages.command_filters():
            command = Message(filter_.replace("+", CHECK), b"", qos=1)
            is_sent = await self._is_taken(command)
            is_read = is_sent and await self._comes_back(command.topic)
            proven &= is_read
            if is_sent and not is_read and self._has_reasons:
                unread.append(filter_)
        return proven, [f"may not read {_listed(unread)}, so that commands do not arrive"] if unread else []

    async def _is_permitted(self, probe: Probe) -> bool:
        for message in probe.attempts:
            if await self._is_taken(message):
                return True
        return False

    async def _is_taken(self, message: Message) -> bool:
        """Publish a message; False where the broker refuses it, or does not show that it took it."""
        try:
            if self._client is not None:
                async with asyncio.timeout(ANSWER_S):
                    await self._client.publish(message)
            if self._has_reasons or await self._comes_back(message.topic):
                return True
        except TimeoutError:
            raise BrokerError(f"no answer within {ANSWER_S:g} s") from None
        except BrokerError:
            pass  # refused, by its reason or by hanging up
        await self._connect()
        await self._subscribe()
        return False

    async def _comes_back(self, topic: str) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(ECHO_S):
                while topic not in self._echoed:
                    self._arrived.clear()
                    await self._arrived.wait()
        return topic in self._echoed

    def _republished(self) -> list[str]:
        """Topics of which the retained state is published again as it is."""
        discovery = self._discovery.topics(self._cameras, ()) if self._discovery else []
        return [self._messages.available, *discovery]

    def _probes(self) -> Iterator[Probe]:
        messages = self._messages
        available = Message(messages.available, self._retained.get(messages.available, b""), qos=1)
        yield Probe(messages.available, (available,))
        for topic in (messages.captions_topic, messages.reels_topic):
            yield Probe(topic, (Message(topic, b"", qos=1),))
        for topic in messages.topics_of(CHECK):
            yield Probe(topic.replace(CHECK, "+"), (Message(topic, b"", qos=1),))
        if self._discovery is not None:
            service, *cameras = self._discovery.topics(self._cameras, ())
            yield self._discovery_probe(service, [service])
            shape = self._discovery.topics(["+"], ())[-1].replace("_2b_", "+")
            yield self._discovery_probe(shape, cameras)

    def _discovery_probe(self, name: str, topics: Sequence[str]) -> Probe:
        """Try a topic that Home Assistant does not subscribe to, then real ones with their retained state.

        Only where access is given to nothing but topics that end in ``/config``, and nothing is retained,
        an empty message goes to one of an unknown device; Home Assistant logs it.
        """
        unheard = name.replace("+", CHECK_ID).removesuffix("config") + CHECK_ID
        known = [Message(topic, self._retained[topic], qos=1) for topic in topics if topic in self._retained]
        *levels, last = name.split("/")
        unknown = "/".join([*levels[:-1], CHECK_ID, last])
        return Probe(name, (Message(unheard, b"", qos=1), *known[:1], Message(unknown, b"", qos=1)))


def _listed(topics: Sequence[str]) -> str:
    more = f" and {len(topics) - MAX_NAMED} more" if len(topics) > MAX_NAMED else ""
    return ", ".join(topics[:MAX_NAMED]) + more
