"""Every sink gets every event, in order, also after a time when it could not keep it, or was not there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel
from livereel.ledger.ledger import PENDING, Ledger
from livereel.live.publisher import BATCH, Publisher
from sinks.sink import Event, SinkError
from tests.kit.events import glimpse, moment_now, reel_in, stirring
from tests.kit.mqtt import looped


class Shelf:
    """A sink that keeps what it is told in memory, unless its disk is said to be full."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.full = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.asked = asyncio.Event()

    async def take(self, event: Event) -> None:
        if isinstance(event, Moment | Reel):
            self.asked.set()
            await self.slow.wait()
        if self.full:
            raise SinkError("no space left")
        self.kept.append(event)

    async def close(self) -> None: ...


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def described(ledger: Ledger, index: int) -> Moment:
    """A moment that is in the ledger, and has not been told."""
    made = moment_now(index)
    ledger.add_window(made.window, PENDING)
    ledger.end_window(made.window.id, "described", made)
    return made


def rolled(ledger: Ledger, data: Path, seq: int) -> Reel:
    """A reel that is in the ledger, as are the windows it shows, and has not been told."""
    made = reel_in(data, "all", seq)
    for chapter in made.chapters:
        ledger.add_window(chapter.moment.window, PENDING)
        ledger.end_window(chapter.moment.window.id, "described", chapter.moment)
    ledger.add_reel(made)
    return made


@looped
async def test_every_sink_is_told_in_order(ledger: Ledger) -> None:
    publisher, one, other = Publisher(ledger), Shelf(), Shelf()
    publisher.attach([one, other])
    events: list[Event] = [stirring(moving=True), stirring(moving=False)]
    for event in events:
        await publisher.publish(event)
    moments = [described(ledger, n) for n in range(3)]
    await publisher.tell()
    assert one.kept == other.kept == [*events, *moments]


@looped
async def test_what_is_published_is_told_at_once(ledger: Ledger) -> None:
    publisher, shelf = Publisher(ledger), Shelf()
    publisher.attach([shelf])
    running = asyncio.create_task(publisher.run(3600.0))
    for number in range(2):
        shelf.asked.clear()
        await publisher.publish(described(ledger, number))
        async with asyncio.timeout(60):
            await shelf.asked.wait()
    running.cancel()
    await asyncio.wait([running])
    assert len(shelf.kept) == 2


@looped
async def test_what_could_not_be_kept_is_offered_again_in_order_however_much_it_is(ledger: Ledger) -> None:
    publisher, shelf = Publisher(ledger), Shelf()
    publisher.attach([shelf])
    shelf.full = True
    moments = [described(ledger, n) for n in range(BATCH + 3)]
    await publisher.tell()
    assert shelf.kept == []
    shelf.full = False
    moments.append(described(ledger, BATCH + 3))
    await publisher.tell()
    assert shelf.kept == moments
    assert publisher.lost == 0


@looped
async def test_what_one_run_has_not_told_the_next_one_tells_and_nothing_else(
    ledger: Ledger, tmp_path: Path
) -> None:
    """However long ago it was: all moments and all reels, not only the newest of each."""
    killed, shelf = Publisher(ledger), Shelf()
    killed.attach([shelf])
    told = described(ledger, 0)
    await killed.tell()
    shelf.full = True
    moment, first, second = described(ledger, 1), rolled(ledger, tmp_path, 2), rolled(ledger, tmp_path, 3)
    await killed.tell()
    assert shelf.kept == [told]

    another, late = Publisher(ledger), Shelf()
    another.attach([late])
    await another.tell()
    assert late.kept[0] == moment
    assert [event for event in late.kept if isinstance(event, Reel)] == [first, second]
    assert told not in late.kept

    third, idle = Publisher(ledger), Shelf()
    third.attach([idle])
    await third.tell()
    assert idle.kept == []


@looped
async def test_what_one_sink_has_not_taken_is_untold_though_another_has(ledger: Ledger) -> None:
    publisher, one, other = Publisher(ledger), Shelf(), Shelf()
    publisher.attach([one, other])
    other.full = True
    moments = [described(ledger, n) for n in range(2)]
    await publisher.tell()
    await publisher.tell()
    assert (one.kept, other.kept) == (moments, [])
    assert [untold.event for untold in ledger.untold(0, 10)] == moments


@looped
async def test_with_no_sinks_nothing_waits(ledger: Ledger) -> None:
    publisher = Publisher(ledger)
    await publisher.publish(stirring(moving=True))
    described(ledger, 0)
    await publisher.tell()
    assert ledger.untold(0, 10) == []


@looped
async def test_what_a_camera_tells_does_not_wait_behind_a_disk_that_is_slow(ledger: Ledger) -> None:
    publisher, shelf = Publisher(ledger), Shelf()
    publisher.attach([shelf])
    first, peak = described(ledger, 0), glimpse()
    shelf.slow.clear()
    under_way = asyncio.create_task(publisher.tell())
    await shelf.asked.wait()
    await publisher.publish(peak)
    second = described(ledger, 1)
    assert shelf.kept == [peak]
    shelf.slow.set()
    await under_way
    assert shelf.kept == [peak, first, second]


@looped
async def test_what_was_under_way_when_it_was_cancelled_is_offered_again(ledger: Ledger) -> None:
    publisher, shelf = Publisher(ledger), Shelf()
    publisher.attach([shelf])
    moments = [described(ledger, n) for n in range(2)]
    shelf.slow.clear()
    under_way = asyncio.create_task(publisher.tell())
    await shelf.asked.wait()
    under_way.cancel()
    await asyncio.wait([under_way])
    shelf.slow.set()
    await publisher.tell()
    assert shelf.kept == moments


@looped
async def test_a_full_disk_costs_no_peak_its_time_and_is_told_once(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    publisher, shelf = Publisher(ledger), Shelf()
    publisher.attach([shelf])
    shelf.full = True
    for number in range(3):
        last = described(ledger, number)
        await publisher.tell()
    assert len(caplog.records) == 1
    await publisher.publish(glimpse())
    assert publisher.lost == 1, "it is worth nothing later"
    await publisher.remind(last)
    shelf.full = False
    await publisher.remind(last)
    assert shelf.kept == [], "nothing goes past what waits"
    await publisher.tell()
    assert len(shelf.kept) == 3
    await publisher.remind(last)
    assert shelf.kept[3:] == [last]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]
