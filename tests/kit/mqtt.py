"""An MQTT sink that runs beside a test, and somebody who notes its wishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from sinks.mqtt.outbox import FILE, Outbox
from sinks.mqtt.settings import MqttSettings
from sinks.mqtt.sink import MqttSink
from sinks.mqtt.timing import Timing
from tests.kit.listener import PATIENCE_S

P = ParamSpec("P")

# A broker on this machine answers within milliseconds, and a test waits for nothing longer than it must.
QUICK = Timing(first_retry_s=0.05, max_retry_s=0.2, answer_s=1.0, finish_s=1.0, announce_s=0.1)
VERSION = "1.2.3"


@dataclass
class Wishes:
    """Obeys nothing, remembers everything."""

    noted: list[tuple[str, str]] = field(default_factory=list)

    async def set_analysis(self, camera: str, *, on: bool) -> None:
        self.noted.append((camera, "on" if on else "off"))

    async def make_reel(self, reel_id: str) -> None:
        self.noted.append((reel_id, "reel"))


@asynccontextmanager
async def running(
    settings: MqttSettings,
    base: Path,
    *,
    cameras: Sequence[str] = ("front",),
    reels: Sequence[str] = ("front",),
    wishes: Wishes | None = None,
    timing: Timing = QUICK,
) -> AsyncIterator[MqttSink]:
    """A sink with its outbox in ``base``, trying to connect; closed, as livereel would, on leaving."""
    outbox = Outbox(base / FILE)
    sink = MqttSink(
        settings,
        cameras,
        reels,
        outbox,
        wishes or Wishes(),
        base=base,
        version=VERSION,
        timing=timing,
    )
    task = asyncio.create_task(sink.run())
    try:
        yield sink
    finally:
        await sink.close()
        await task
        outbox.close()


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
