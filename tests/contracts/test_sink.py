"""The contract of Sink, for each implementation: at least once, order, states, a peer that is away, close."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.manifest import VIDEO
from analyzer.reel.records import Gap, GapReason
from base.backoff import Backoff
from livereel.ledger.ledger import Ledger
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
from sinks.notify.delivery import NotifyDelivery
from sinks.notify.notification import Notifications
from sinks.notify.service import AppriseService
from sinks.notify.settings import NotifySettings
from sinks.objectstore.delivery import NAME, StoreDelivery
from sinks.objectstore.folder import StoreFolder
from sinks.objectstore.messages import StoreMessages
from sinks.outbox import Encode
from sinks.outbox_sink import Delivery, OutboxSink
from sinks.sink import Event, Sink, SinkError
from tests.kit.mqtt.broker import MOSQUITTO, Broker, broker
from tests.kit.mqtt.delivery import CAPTIONS, REELS
from tests.kit.mqtt.sink_thread import add_to_outboxes, looped, running, until
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.records.events import keyframe_preview, moment_now, motion_changed, now_utc, reel_in, watching
from tests.kit.store.buckets import new_bucket, pointed_to
from tests.kit.store.proxy import store_proxy
from tests.kit.web.webhook import webhook

MANY = 300
# A sink that is closed delivers them within its two seconds, on a busy machine too.
FEW = 5


@dataclass(frozen=True, slots=True)
class Peer:
    """What a sink delivers to.

    Attributes:
        sink: runs a sink on the data folder of the test; closed on leaving.
        delivered: keys of the moments and reels that have arrived, in order, with repeats.
        stop, start: end the peer at once, as a power cut does, and start it again.
        freeze, thaw: stop it where it is, with its connections open.
        is_moving: the newest state of the camera ``front`` that has arrived; None of a peer without states.
        is_connected: whether an event would be delivered at once.
    """

    sink: Callable[[], AbstractAsyncContextManager[Sink]]
    delivered: Callable[[], list[str]]
    stop: Callable[[], None]
    start: Callable[[], None]
    freeze: Callable[[], None]
    thaw: Callable[[], None]
    is_moving: Callable[[], bool | None] = lambda: None
    is_connected: Callable[[], bool] = lambda: True


@contextmanager
def mqtt(folder: Path, _: pytest.FixtureRequest) -> Iterator[Peer]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    with broker(folder / "broker") as server, listener(server.port) as subscriber:

        @asynccontextmanager
        async def sink() -> AsyncIterator[Sink]:
            async with running(MqttSettings("127.0.0.1", server.port), folder) as it:
                yield it

        def is_moving() -> bool | None:
            return {b"ON": True, b"OFF": False}.get(subscriber.last("livereel/front/motion") or b"")

        yield Peer(
            sink=sink,
            delivered=lambda: mqtt_keys(subscriber),
            is_moving=is_moving,
            is_connected=lambda: is_moving() is False,
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


class StoringSink(OutboxSink):
    """A sink whose moments and reels are first added to its outbox, as the ledger does it."""

    ledger: Ledger

    async def take(self, event: Event) -> None:
        await add_to_outboxes(self.ledger, event)
        await super().take(event)


@asynccontextmanager
async def delivering(folder: Path, name: str, encode: Encode, delivery: Delivery) -> AsyncIterator[Sink]:
    """A sink over an outbox in the ledger of a folder, which pauses briefly after failures."""
    with closing(Ledger(folder)) as ledger:
        outbox = ledger.outboxes.open(name, encode, max_bytes=10**8)
        sink = StoringSink(name, outbox, delivery, backoff=Backoff((0.05,)))
        sink.ledger = ledger
        task = asyncio.create_task(sink.run())
        try:
            yield sink
        finally:
            await sink.close()
            await task


@contextmanager
def notify(folder: Path, _: pytest.FixtureRequest) -> Iterator[Peer]:
    """A service that gets one notification for each message."""
    with webhook() as service:
        settings = NotifySettings(
            service.url, when=("moment", "reel"), min_importance=0.0, min_interval_s=0.0
        )
        notifications = Notifications(settings, base=folder, page_url="http://pages")

        def sink() -> AbstractAsyncContextManager[Sink]:
            delivery = NotifyDelivery(
                settings, notifications, AppriseService(settings.url), name="notify", limit=1
            )
            return delivering(folder, "notify", notifications.encode, delivery)

        yield Peer(
            sink=sink,
            delivered=lambda: [notified_key(body) for body in service.bodies],
            stop=lambda: setattr(service, "away", True),
            start=lambda: setattr(service, "away", False),
            freeze=service.open.clear,
            thaw=service.open.set,
        )


def notified_key(body: dict[str, str]) -> str:
    """``front-0-00001`` of a moment's title, ``front/1`` of a link to a reel."""
    reel = re.search(r"/reels/(\w+)\?seq=(\d+)$", body["message"])
    return f"{reel[1]}/{reel[2]}" if reel else body["title"].partition(": ")[2]


@contextmanager
def objectstore(folder: Path, request: pytest.FixtureRequest) -> Iterator[Peer]:
    with ExitStack() as stack:
        bucket = new_bucket(request.getfixturevalue("s3"))
        proxy = stack.enter_context(store_proxy(bucket.url))
        stack.enter_context(pointed_to(proxy.url))
        is_open = threading.Event()
        is_open.set()
        stack.callback(is_open.set)
        proxy.on_data = lambda _: is_open.wait()

        def sink() -> AbstractAsyncContextManager[Sink]:
            delivery = StoreDelivery(StoreFolder(bucket.address("home")), base=folder)
            return delivering(folder, NAME, StoreMessages(folder).encode, delivery)

        yield Peer(
            sink=sink,
            delivered=lambda: [key for name in proxy.written if (key := copied_key(name))],
            stop=lambda: setattr(proxy, "always", "hangs_up"),
            start=lambda: setattr(proxy, "always", "none"),
            freeze=is_open.clear,
            thaw=is_open.set,
        )


def copied_key(name: str) -> str | None:
    """Of a manifest's name: ``front-0-00001`` of a window, ``front/1`` of a reel."""
    if window := re.search(r"/windows/.*/([\w-]+)\.json$", name):
        return window[1]
    reel = re.search(rf"/reels/(\w+)/0*(\d+)/{VIDEO}$", name)
    return f"{reel[1]}/{reel[2]}" if reel else None


IMPLEMENTATIONS: list[Callable[[Path, pytest.FixtureRequest], AbstractContextManager[Peer]]] = [
    mqtt,
    notify,
    objectstore,
]
WITH_STATES = [mqtt]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda serve: serve.__name__)
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    with request.param(tmp_path, request) as it:
        yield it


def in_order(delivered: list[str]) -> list[str]:
    """Each key where it came for the first time."""
    return list(dict.fromkeys(delivered))


def keys(*numbers: int) -> list[str]:
    return [moment_of(number).window.id for number in numbers]


def moment_of(number: int) -> Moment:
    """A moment whose title is its window's id."""
    made = moment_now(number)
    return replace(made, title=made.window.id)


@looped
async def test_every_kind_of_event_is_taken(peer: Peer, tmp_path: Path) -> None:
    moment, reel = moment_of(1), reel_in(tmp_path)
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
            await sink.take(moment_of(number))
            await sink.take(reel_in(tmp_path, seq=number + 1))
        expected = [key for number in range(5) for key in (*keys(number), f"front/{number + 1}")]
        await until(lambda: in_order(peer.delivered()) == expected)


@looped
async def test_what_a_peer_misses_arrives_once_it_is_back_at_least_once_and_in_order(peer: Peer) -> None:
    async with peer.sink() as sink:
        await sink.take(moment_of(0))
        await until(peer.delivered)
        for number in range(1, 40):
            await sink.take(moment_of(number))
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
            await sink.take(moment_of(number))
    assert peer.delivered() == []
    peer.start()
    async with peer.sink():
        await until(lambda: in_order(peer.delivered()) == keys(0, 1, 2))


@looped
async def test_a_frozen_peer_keeps_nothing_waiting(peer: Peer) -> None:
    async with peer.sink() as sink:
        await until(peer.is_connected)
        peer.freeze()
        for number in range(MANY):
            await sink.take(moment_of(number))
            await sink.take(keyframe_preview(number=number))
        assert peer.delivered() == [], "all was taken while nothing could be delivered"
        peer.thaw()
        await until(lambda: len(in_order(peer.delivered())) == MANY)
        assert in_order(peer.delivered()) == keys(*range(MANY))


@pytest.mark.parametrize("peer", WITH_STATES, indirect=True)
@looped
async def test_a_peer_that_was_frozen_gets_the_newest_state(peer: Peer) -> None:
    async with peer.sink() as sink:
        await until(peer.is_connected)
        peer.freeze()
        for number in range(MANY):
            await sink.take(motion_changed(moving=number % 2 == 0))
        await sink.take(motion_changed(moving=True))
        peer.thaw()
        await until(lambda: peer.is_moving() is True)


@looped
async def test_close_does_not_wait_for_a_frozen_peer_and_leaves_no_task(peer: Peer) -> None:
    tasks = asyncio.all_tasks()
    async with peer.sink() as sink:
        await until(peer.is_connected)
        peer.freeze()
        await sink.take(moment_of(1))
        await sink.close()
    assert peer.delivered() == []
    await until(lambda: asyncio.all_tasks() == tasks)
    peer.thaw()


@looped
async def test_close_delivers_what_it_can_and_may_be_called_twice(peer: Peer) -> None:
    async with peer.sink() as sink:
        await until(peer.is_connected)
        for number in range(FEW):
            await sink.take(moment_of(number))
        await sink.close()
        await sink.close()
    await until(lambda: in_order(peer.delivered()) == keys(*range(FEW)))


@looped
async def test_close_does_not_wait_for_a_peer_that_is_away_and_leaves_no_task(peer: Peer) -> None:
    tasks = asyncio.all_tasks()
    peer.stop()
    async with peer.sink() as sink:
        await sink.take(moment_of(1))
        await sink.close()
    await until(lambda: asyncio.all_tasks() == tasks)


@looped
async def test_an_event_after_close_raises_nothing_but_sink_errors(peer: Peer) -> None:
    async with peer.sink() as sink:
        await sink.close()
        for event in (moment_of(1), keyframe_preview(), Stats(now_utc(), {}, {})):
            await take_or_refuse(sink, event)


async def take_or_refuse(sink: Sink, event: Event) -> None:
    refusal = ""
    try:
        await sink.take(event)
    except SinkError as error:
        refusal = str(error) or "a message without text\n"
    assert "\n" not in refusal
