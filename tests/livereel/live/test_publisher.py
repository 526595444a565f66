"""Every sink gets every event, in order, whatever becomes of the others."""

from __future__ import annotations

import pytest

from livereel.live.publisher import Publisher
from sinks.events import Restored
from sinks.sink import Event
from tests.kit.mqtt.sink_thread import looped
from tests.kit.program.received import Received
from tests.kit.records.events import keyframe_preview, moment_now, motion_changed

EVENTS: list[Event] = [
    motion_changed(moving=True),
    moment_now(1),
    motion_changed(moving=False),
    Restored(moment_now(2)),
]


@looped
async def test_every_sink_gets_every_event_in_order() -> None:
    publisher, one, other = Publisher(), Received(), Received()
    publisher.attach([one, other])
    for event in EVENTS:
        await publisher.publish(event)
    assert one.events == other.events == EVENTS
    assert publisher.lost == 0


@looped
async def test_a_sink_that_fails_keeps_no_other_from_an_event_and_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher, failing, other = Publisher(), Received(), Received()
    publisher.attach([failing, other])
    failing.full = True
    await publisher.publish(keyframe_preview())
    failing.full = False
    await publisher.publish(EVENTS[0])
    assert failing.events == [EVENTS[0]]
    assert len(other.events) == 2
    assert publisher.lost == 1
    assert caplog.messages == ["not published: no space left"]


@looped
async def test_without_sinks_events_go_nowhere() -> None:
    publisher = Publisher()
    await publisher.publish(keyframe_preview())
    assert publisher.lost == 0
