"""Every sink gets every event, in order, also after a time in which it could not keep it."""

from __future__ import annotations

from livereel.publisher import Publisher
from sinks.sink import Event, SinkError
from tests.kit.events import moment_now, stirring
from tests.kit.mqtt import looped


class Shelf:
    """A sink that keeps what it is told in memory, unless its disk is said to be full."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.full = False

    async def take(self, event: Event) -> None:
        if self.full:
            raise SinkError("no space left")
        self.kept.append(event)

    async def close(self) -> None: ...


@looped
async def test_every_sink_is_told_in_order() -> None:
    publisher, one, other = Publisher(), Shelf(), Shelf()
    publisher.attach([one, other])
    events: list[Event] = [stirring(moving=True), moment_now(0), stirring(moving=False)]
    for event in events:
        await publisher.publish(event)
    assert one.kept == other.kept == events


@looped
async def test_what_could_not_be_kept_is_offered_again_in_order() -> None:
    publisher, shelf = Publisher(), Shelf()
    publisher.attach([shelf])
    events: list[Event] = [moment_now(n) for n in range(4)]
    shelf.full = True
    for event in events[:3]:
        await publisher.publish(event)
    assert shelf.kept == []
    shelf.full = False
    await publisher.publish(events[3])
    assert shelf.kept == events
    assert publisher.lost == 0


@looped
async def test_with_no_sinks_nothing_waits() -> None:
    publisher = Publisher()
    await publisher.publish(stirring(moving=True))
    shelf = Shelf()
    publisher.attach([shelf])
    await publisher.retry()
    assert shelf.kept == []
