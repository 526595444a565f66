"""An MQTT sink that runs during a test, and a record of the commands that it received."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from base.backoff import Backoff
from livereel.ledger.ledger import Ledger
from livereel.ledger.outbox import SinkOutbox
from sinks.events import LateText
from sinks.mqtt.messages import Messages
from sinks.mqtt.settings import OUTBOX_MAX_BYTES, MqttSettings, Timing
from sinks.mqtt.sink import MqttSink
from sinks.sink import Event
from tests.kit.mqtt.subscriber import PATIENCE_S

P = ParamSpec("P")

# A broker on this machine answers within milliseconds, and a test waits for nothing longer than it must.
QUICK = Timing(retry=Backoff.doubling(0.05, 0.2, spread=0.25), answer_s=1.0, finish_s=1.0, announce_s=0.1)
VERSION = "1.2.3"


@dataclass
class RecordedCommands:
    """Executes no command, and records each."""

    noted: list[tuple[str, str]] = field(default_factory=list)

    async def set_analysis(self, camera: str, *, on: bool) -> None:
        self.noted.append((camera, "on" if on else "off"))

    async def make_reel(self, reel_id: str) -> None:
        self.noted.append((reel_id, "reel"))


class StoringSink(MqttSink):
    """A sink whose moments and reels are first added to its outbox, as the ledger does it."""

    ledger: Ledger

    async def take(self, event: Event) -> None:
        await add_to_outboxes(self.ledger, event)
        await super().take(event)


async def add_to_outboxes(ledger: Ledger, event: Event) -> None:
    """Add an event of a kind that outboxes keep, before a sink takes it."""
    if isinstance(event, Moment | Reel | LateText):
        await asyncio.to_thread(store, ledger, event)


def store(ledger: Ledger, event: Moment | Reel | LateText) -> None:
    """Add an event to the ledger's outboxes, in a commit of its own."""
    with ledger.database.writing() as connection:
        ledger.outboxes.add(connection, event)


def open_outbox(ledger: Ledger, settings: MqttSettings, *, max_bytes: int = OUTBOX_MAX_BYTES) -> SinkOutbox:
    """The outbox of MQTT in a ledger, as the program opens it."""
    messages = Messages(settings.topic_prefix, base=ledger.data)
    return ledger.outboxes.open("mqtt", messages.stored, max_bytes=max_bytes)


@asynccontextmanager
async def running(
    settings: MqttSettings,
    base: Path,
    *,
    cameras: Sequence[str] = ("front",),
    reels: Sequence[str] = ("front",),
    wishes: RecordedCommands | None = None,
    timing: Timing = QUICK,
) -> AsyncIterator[StoringSink]:
    """A sink with its outbox in ``base``, trying to connect; closed, as livereel would, on leaving."""
    with closing(Ledger(base)) as ledger:
        sink = StoringSink(
            settings,
            cameras,
            reels,
            open_outbox(ledger, settings),
            wishes or RecordedCommands(),
            feedback=ledger.feedback,
            base=base,
            version=VERSION,
            timing=timing,
        )
        sink.ledger = ledger
        task = asyncio.create_task(sink.run())
        try:
            yield sink
        finally:
            await sink.close()
            await task


async def until(condition: Callable[[], object]) -> None:
    """Return once the condition holds; raises TimeoutError after PATIENCE_S."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # it may come true in another thread
            await asyncio.sleep(0.005)


def looped(test: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Run an async test in a loop of its own."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
