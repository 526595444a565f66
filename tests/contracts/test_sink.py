"""The contract of Sink, for each implementation: at least once, order, states, a peer that is away, close."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from analyzer.reel.records import Gap, GapReason
from sinks.events import (
    CameraState,
    CameraStatus,
    DescriberState,
    DescriberStatus,
    LateText,
    Restored,
    Stats,
    TranscriberState,
    TranscriberStatus,
)
from sinks.mqtt.settings import MqttSettings
from sinks.sink import Event, Sink, SinkError
from tests.kit.mqtt.broker import MOSQUITTO, Broker, broker
from tests.kit.mqtt.delivery import CAPTIONS, REELS
from tests.kit.mqtt.sink_thread import looped, running, until
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.records.events import keyframe_preview, moment_now, motion_changed, now_utc, reel_in, watching

MANY = 300


@dataclass(frozen=True, slots=True)
class Peer:
    """What a sink delivers to.

    Attributes:
        sink: runs a sink on the data folder of the test; closed on leaving.
        delivered: keys of the moments and reels that have arrived, in order, with repeats.
        is_moving: the newest state of the camera ``front`` that has arrived.
        stop, start: end the peer at once, as a power cut does, and start it again.
        freeze, thaw: stop it where it is, with its connections open.
    """

    sink: Callable[[], AbstractAsyncContextManager[Sink]]
    delivered: Callable[[], list[str]]
    is_moving: Callable[[], bool | None]
    stop: Callable[[], None]
    start: Callable[[], None]
    freeze: Callable[[], None]
    thaw: Callable[[], None]


@contextmanager
def mqtt(folder: Path) -> Iterator[Peer]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    with broker(folder / "broker") as server, listener(server.port) as subscriber:

        @asynccontextmanager
        async def sink() -> AsyncIterator[Sink]:
            async with running(MqttSettings("127.0.0.1", server.port), folder) as it:
                yield it

        yield Peer(
            sink=sink,
            delivered=lambda: mqtt_keys(subscriber),
            is_moving=lambda: {b"ON": True, b"OFF": False}.get(
                subscriber.last("livereel/front/motion") or b""
            ),
            stop=lambda: kill_once_read(server, subscriber),
            start=server.start,
            freeze=lambda: server.signal(signal.SIGSTOP),
            thaw=lambda: server.signal(signal.SIGCONT),
        )


def kill_once_read(server: Broker, subscriber: Listener) -> None:
    """Kill the broker while the subscriber is there: it has read what the broker had acknowledged."""
    assert subscriber.connected.wait(20.0)
    server.signal(signal.SIGKILL)


def mqtt_keys(subscriber: Listener) -> list[str]:
    messages = [message for message in subscriber.received if message.topic in {CAPTIONS, REELS}]
    bodies = [json.loads(message.payload) for message in messages]
    return [
        body["id"] if "id" in body else f"{body['after']['id']}/{body['after']['seq']}" for body in bodies
    ]


IMPLEMENTATIONS: list[Callable[[Path], AbstractContextManager[Peer]]] = [mqtt]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda serve: serve.__name__)
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    with request.param(tmp_path) as it:
        yield it


def in_order(delivered: list[str]) -> list[str]:
    """Each key where it came for the first time."""
    return list(dict.fromkeys(delivered))


def keys(*numbers: int) -> list[str]:
    return [moment_now(number).window.id for number in numbers]


@looped
async def test_every_kind_of_event_is_taken(peer: Peer, tmp_path: Path) -> None:
    moment, reel = moment_now(1), reel_in(tmp_path)
    events: list[Event] = [
        watching(),
        CameraState("front", CameraStatus.WAITING, "no answer", now_utc()),
        DescriberState(DescriberStatus.OFFLINE, "model down", now_utc()),
        TranscriberState(TranscriberStatus.OFFLINE, "wrong key", now_utc()),
        motion_changed(moving=True),
        keyframe_preview(),
        moment.window,
        moment,
        LateText(moment),
        reel,
        Restored(moment),
        Restored(reel),
        Gap("front", now_utc(9), now_utc(3), GapReason.SOURCE_DOWN),
        Stats(now_utc(), {"windows": 1.0}, {"front": {"fps": 25.0}}),
    ]
    assert {type(event) for event in events} == set(get_args(Event))
    async with peer.sink() as sink:
        for event in events:
            await sink.take(event)
        await until(lambda: in_order(peer.delivered()) == [*keys(1), "front/1"])


@looped
async def test_moments_and_reels_arrive_in_their_order(peer: Peer, tmp_path: Path) -> None:
    async with peer.sink() as sink:
        for number in range(5):
            await sink.take(moment_now(number))
            await sink.take(reel_in(tmp_path, seq=number + 1))
        expected = [key for number in range(5) for key in (*keys(number), f"front/{number + 1}")]
        await until(lambda: in_order(peer.delivered()) == expected)


@looped
async def test_what_a_peer_misses_arrives_once_it_is_back_at_least_once_and_in_order(peer: Peer) -> None:
    async with peer.sink() as sink:
        await sink.take(moment_now(0))
        await until(peer.delivered)
        for number in range(1, 40):
            await sink.take(moment_now(number))
            if number % 13 == 0:
                peer.stop()
            if number % 13 == 5 and number > 13:
                peer.start()
        peer.start()
        await until(lambda: len(in_order(peer.delivered())) == 40)
    assert in_order(peer.delivered()) == keys(*range(40))


@looped
async def test_what_was_not_delivered_is_left_to_the_next_start(peer: Peer) -> None:
    peer.stop()
    async with peer.sink() as sink:
        for number in range(3):
            await sink.take(moment_now(number))
    assert peer.delivered() == []
    peer.start()
    async with peer.sink():
        await until(lambda: in_order(peer.delivered()) == keys(0, 1, 2))


@looped
async def test_a_frozen_peer_keeps_nothing_waiting_and_gets_the_newest_state(peer: Peer) -> None:
    async with peer.sink() as sink:
        await sink.take(motion_changed(moving=False))
        await until(lambda: peer.is_moving() is False)
        peer.freeze()
        for number in range(MANY):
            await sink.take(moment_now(number))
            await sink.take(keyframe_preview(number=number))
            await sink.take(motion_changed(moving=number % 2 == 0))
        await sink.take(motion_changed(moving=True))
        assert peer.delivered() == [], "all was taken while nothing could be delivered"
        peer.thaw()
        await until(lambda: len(in_order(peer.delivered())) == MANY)
        assert in_order(peer.delivered()) == keys(*range(MANY))
        await until(lambda: peer.is_moving() is True)


@looped
async def test_close_delivers_what_it_can_and_may_be_called_twice(peer: Peer) -> None:
    async with peer.sink() as sink:
        await until(lambda: peer.is_moving() is False)
        for number in range(20):
            await sink.take(moment_now(number))
        await sink.close()
        await sink.close()
    await until(lambda: in_order(peer.delivered()) == keys(*range(20)))


@looped
async def test_close_does_not_wait_for_a_peer_that_is_away_and_leaves_no_task(peer: Peer) -> None:
    tasks = asyncio.all_tasks()
    peer.stop()
    async with peer.sink() as sink:
        await sink.take(moment_now(1))
        await sink.close()
    await until(lambda: asyncio.all_tasks() == tasks)


@looped
async def test_an_event_after_close_raises_nothing_but_sink_errors(peer: Peer) -> None:
    async with peer.sink() as sink:
        await sink.close()
        for event in (moment_now(1), keyframe_preview(), Stats(now_utc(), {}, {})):
            await take_or_refuse(sink, event)


async def take_or_refuse(sink: Sink, event: Event) -> None:
    refusal = ""
    try:
        await sink.take(event)
    except SinkError as error:
        refusal = str(error) or "a message without text\n"
    assert "\n" not in refusal
