"""Every sink gets every event, in order, also after a time in which it could not keep it."""

from __future__ import annotations

import asyncio

import pytest

from analyzer.moment import Moment
from livereel.publisher import MAX_WAITING, Publisher
from sinks.sink import Event, SinkError
from tests.kit.events import glimpse, moment_now, stirring
from tests.kit.mqtt import looped


class Shelf:
    """A sink that keeps what it is told in memory, unless its disk is said to be full."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.full = False
        self.slow = asyncio.Event()
        self.slow.set()

    async def take(self, event: Event) -> None:
        if isinstance(event, Moment):
            await self.slow.wait()
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


@looped
async def test_what_a_camera_tells_does_not_wait_behind_a_disk_that_is_slow() -> None:
    publisher, shelf = Publisher(), Shelf()
    publisher.attach([shelf])
    first, second, peak = moment_now(0), moment_now(1), glimpse()
    shelf.slow.clear()
    under_way = asyncio.create_task(publisher.publish(first))
    await asyncio.sleep(0)
    await publisher.publish(peak)
    await publisher.publish(second)
    assert shelf.kept == [peak]
    shelf.slow.set()
    await under_way
    assert shelf.kept == [peak, first, second]


@looped
async def test_what_was_under_way_when_it_was_cancelled_is_offered_again() -> None:
    publisher, shelf = Publisher(), Shelf()
    publisher.attach([shelf])
    moments = [moment_now(0), moment_now(1)]
    shelf.slow.clear()
    under_way = asyncio.create_task(publisher.publish(moments[0]))
    await asyncio.sleep(0)
    await publisher.publish(moments[1])
    under_way.cancel()
    await asyncio.wait([under_way])
    shelf.slow.set()
    await publisher.retry()
    assert shelf.kept == moments


@looped
async def test_a_full_disk_costs_no_peak_its_time_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    publisher, shelf = Publisher(), Shelf()
    publisher.attach([shelf])
    shelf.full = True
    for number in range(3):
        await publisher.publish(moment_now(number))
        await publisher.retry()
    assert len(caplog.records) == 1
    await publisher.publish(glimpse())
    assert publisher.lost == 1, "it is worth nothing later"
    shelf.full = False
    await publisher.retry()
    assert len(shelf.kept) == 3
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]


@looped
async def test_of_what_waits_too_long_the_oldest_goes_and_is_counted() -> None:
    publisher, shelf = Publisher(), Shelf()
    publisher.attach([shelf])
    shelf.full = True
    moment = moment_now(0)
    for _ in range(MAX_WAITING + 2):
        await publisher.publish(moment)
    assert publisher.lost == 2
    shelf.full = False
    await publisher.retry()
    assert len(shelf.kept) == MAX_WAITING
