"""The sink at a real broker: what is published, retained, dropped and executed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from livereel.ledger.ledger import Ledger
from sinks.events import CameraState, CameraStatus, DescriberState, DescriberStatus, Restored, Stats
from sinks.mqtt.settings import MqttSettings
from sinks.mqtt.sink import MqttSink
from sinks.sink import SinkError
from tests.kit.mqtt.broker import MOSQUITTO, Broker, broker
from tests.kit.mqtt.sink_thread import VERSION, RecordedCommands, looped, open_outbox, running, until
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.records.events import (
    JPEG,
    keyframe_preview,
    moment_now,
    motion_changed,
    now_utc,
    reel_in,
    watching,
)

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

REEL_AND_ALL = ("front", "all")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path / "broker") as it:
        yield it


@pytest.fixture
def others(peer: Broker) -> Iterator[Listener]:
    with listener(peer.port) as it:
        yield it


@pytest.fixture
def settings(peer: Broker) -> MqttSettings:
    return MqttSettings("127.0.0.1", peer.port, motion_off_delay_s=0.05)


async def online(others: Listener, prefix: str = "livereel") -> None:
    await until(lambda: others.last(f"{prefix}/available") == b"online")


async def payloads(others: Listener, topic: str, count: int = 1) -> list[bytes]:
    """The payloads on a topic, once there are so many."""
    await until(lambda: len(others.on(topic)) >= count)
    return [message.payload for message in others.on(topic)]


# States


@looped
async def test_all_states_are_published_before_online(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        await sink.take(watching())
        await online(others)
    topics = [message.topic for message in others.received]
    before = topics[: topics.index("livereel/available")]
    assert {"homeassistant/device/livereel/front/config", "livereel/front/status/capture"} <= set(before)
    assert others.on("livereel/front/status/capture")[-1].payload == b"online"


@looped
async def test_a_later_subscriber_gets_the_states_but_no_events(
    peer: Broker, others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        await online(others)
        await sink.take(keyframe_preview())
        await sink.take(moment_now(1))
        await sink.take(reel_in(tmp_path))
        await payloads(others, "livereel/reels")
        await payloads(others, "livereel/front/highlight", 2)
        with listener(peer.port, as_published=True) as late:
            await until(lambda: late.last("livereel/available") == b"online")
            await until(lambda: late.last("livereel/front/reel/state"))
            assert late.last("livereel/front/keyframe") == JPEG
            assert json.loads(late.last("livereel/front/caption/state") or b"")["id"] == "front-0-00001"
            assert all(message.retain for message in late.received)
            events = {
                "livereel/front/peak",
                "livereel/front/highlight",
                "livereel/captions",
                "livereel/reels",
            }
            assert not events & {message.topic for message in late.received}


@looped
async def test_motion_is_held_until_it_has_been_calm_for_a_while(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        await online(others)
        for moving in (True, False, True, False):
            await sink.take(motion_changed(moving=moving))
        assert await payloads(others, "livereel/front/motion", 3) == [b"OFF", b"ON", b"OFF"]


@looped
async def test_motion_ends_with_the_camera(others: Listener, settings: MqttSettings, tmp_path: Path) -> None:
    async with running(replace(settings, motion_off_delay_s=3600), tmp_path) as sink:
        await online(others)
        await sink.take(motion_changed(moving=True))
        await payloads(others, "livereel/front/motion", 2)
        await sink.take(CameraState("front", CameraStatus.WAITING, "no answer", now_utc()))
        assert await payloads(others, "livereel/front/motion", 3) == [b"OFF", b"ON", b"OFF"]
        assert others.last("livereel/front/status/capture") == b"offline"


@looped
async def test_a_describer_that_is_offline_shows_at_each_camera_that_is_analysed(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path, cameras=("front", "yard")) as sink:
        await online(others)
        await sink.take(CameraState("yard", CameraStatus.DISABLED, None, now_utc()))
        await sink.take(DescriberState(DescriberStatus.OFFLINE, "model down", now_utc()))
        await payloads(others, "livereel/front/status/describe", 2)
        assert others.last("livereel/front/status/describe") == b"offline"
        assert others.last("livereel/yard/status/describe") == b"disabled"
        detail = others.on("livereel/describer")[-1].json()
        assert (detail["state"], detail["reason"]) == ("offline", "model down")
        await sink.take(watching("yard"))
        await until(lambda: others.last("livereel/yard/status/describe") == b"offline")


@looped
async def test_a_late_caption_does_not_replace_a_newer_state(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        await online(others)
        await sink.take(moment_now(2))
        await sink.take(replace(moment_now(1, ago_s=60), late=True))
        await payloads(others, "livereel/captions", 2)
        await sink.take(moment_now(3))
        states = await payloads(others, "livereel/front/caption/state", 2)
        assert [json.loads(state)["id"] for state in states] == ["front-0-00002", "front-0-00003"]


@looped
async def test_offline_is_published_on_closing(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path):
        await online(others)
    assert await payloads(others, "livereel/available", 2) == [b"online", b"offline"]


@looped
async def test_retained_messages_of_removed_cameras_and_reels_are_cleared(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    gone = {
        "homeassistant/device/livereel/yard/config",
        "livereel/yard/caption/state",
        "homeassistant/device/livereel/reel_2f_day/config",
        "livereel/day/reel/state",
    }
    async with running(settings, tmp_path, cameras=("front", "yard"), reels=("front", "day")) as sink:
        await online(others)
        await sink.take(moment_now(1, "yard"))
        await sink.take(reel_in(tmp_path, "day"))
        for topic in gone:
            await payloads(others, topic)
    async with running(settings, tmp_path):
        for topic in gone:
            assert (await payloads(others, topic, 2))[-1] == b"", topic
        await online(others)
        assert others.last("livereel/front/status/capture") == b"offline"


# Events


@looped
async def test_a_window_is_known_by_one_id_from_peak_to_caption(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        await online(others)
        await sink.take(keyframe_preview(number=7))
        await sink.take(moment_now(7))
        for topic in ("livereel/front/peak", "livereel/captions", "livereel/front/highlight"):
            assert json.loads((await payloads(others, topic))[0])["id"] == "front-0-00007"


@looped
async def test_stats_count_what_was_dropped(others: Listener, settings: MqttSettings, tmp_path: Path) -> None:
    async with running(settings, tmp_path) as sink:
        await sink.take(keyframe_preview())
        await sink.take(keyframe_preview())
        await online(others)
        await until(lambda: sink.counters()["connections"])
        await sink.take(Stats(now_utc(), {"windows": 3.0}, {"front": {"fps": 25.0}}))
        told = json.loads((await payloads(others, "livereel/stats"))[0])
    assert told["cameras"] == {"front": {"fps": 25.0}}
    assert told["mqtt"]["dropped_peak"] == 2
    assert not others.on("livereel/front/peak")


# Captions and reels


@looped
async def test_a_reel_without_its_file_is_not_shown_as_the_last(
    others: Listener, settings: MqttSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings, tmp_path) as sink:
        await online(others)
        reel = reel_in(tmp_path, seq=1)
        await sink.take(replace(reel, bytes=reel.bytes + 1))
        await sink.take(Restored(replace(reel, folder=tmp_path / "nowhere")))
        await sink.take(reel_in(tmp_path, seq=2))
        for topic in ("livereel/front/reel/state", "livereel/front/highlight"):
            assert [json.loads(payload)["seq"] for payload in await payloads(others, topic)] == [2]
        assert sink.counters()["reels_missing"] == 2
    assert caplog.text.count("its video is not in place") == 2


@looped
async def test_the_same_moment_offered_again_is_sent_once(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    moments = [moment_now(index) for index in range(3)]
    async with running(settings, tmp_path) as sink:
        await online(others)
        for moment in moments:
            await sink.take(moment)
        await payloads(others, "livereel/captions", 3)
    async with running(settings, tmp_path) as sink:
        for moment in [*moments, moment_now(3)]:
            await sink.take(moment)
        await payloads(others, "livereel/captions", 4)
    ids = [message.json()["id"] for message in others.on("livereel/captions")]
    assert ids == [f"front-0-{index:05}" for index in range(4)]
    assert [message.json()["seq"] for message in others.on("livereel/captions")] == [1, 2, 3, 4]


@looped
async def test_an_outbox_that_cannot_be_read_is_an_error_and_no_reason_not_to_close(
    settings: MqttSettings, tmp_path: Path
) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        outbox = open_outbox(ledger, settings)
        sink = MqttSink(
            settings,
            ("front",),
            (),
            outbox,
            RecordedCommands(),
            feedback=ledger.feedback,
            base=tmp_path,
            version=VERSION,
        )
    with pytest.raises(SinkError, match=r"ledger\.db: the ledger is closed"):
        await sink.take(Stats(now_utc(), {}, {}))
    await sink.take(moment_now(1))
    await sink.close()


@looped
async def test_what_an_earlier_run_published_sets_states_and_is_not_sent_again(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    reel = reel_in(tmp_path, "front", 1)
    async with running(settings, tmp_path) as sink:
        await online(others)
        await sink.take(Restored(moment_now(1)))
        await sink.take(Restored(reel))
        await payloads(others, "livereel/front/caption/state", 1)
        await payloads(others, "livereel/front/reel/state", 1)
        await sink.take(moment_now(2))
        await payloads(others, "livereel/captions", 1)
        await payloads(others, "livereel/front/highlight", 1)
    assert [message.json()["id"] for message in others.on("livereel/captions")] == [moment_now(2).window.id]
    assert [m.json()["id"] for m in others.on("livereel/front/highlight")] == [moment_now(2).window.id]
    assert others.on("livereel/reels") == []


# Commands


@looped
async def test_commands_are_executed(others: Listener, settings: MqttSettings, tmp_path: Path) -> None:
    wishes = RecordedCommands()
    async with running(settings, tmp_path, reels=REEL_AND_ALL, wishes=wishes):
        await online(others)
        others.say("livereel/front/enabled/set", "OFF")
        others.say("livereel/front/enabled/set", "ON")
        others.say("livereel/all/reel/make", "PRESS")
        await until(lambda: len(wishes.noted) == 3)
    assert wishes.noted == [("front", "off"), ("front", "on"), ("all", "reel")]


# Home Assistant


@looped
async def test_all_is_sent_again_when_home_assistant_starts(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        await sink.take(watching())
        await online(others)
        others.say("homeassistant/status", "offline")
        others.say("homeassistant/status", "online")
        configs = await payloads(others, "homeassistant/device/livereel/front/config", 2)
        assert configs[0] == configs[1]
        await payloads(others, "livereel/front/status/capture", 2)
        topics = [message.topic for message in others.received]
        last = len(topics) - topics[::-1].index("homeassistant/device/livereel/front/config")
        assert "livereel/front/status/capture" in topics[last:], "states come after discovery"


@looped
async def test_without_a_discovery_prefix_nothing_is_announced(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(replace(settings, discovery_prefix=None), tmp_path):
        await online(others)
    assert not [message for message in others.received if message.topic.startswith("homeassistant")]


# Connections


@looped
async def test_two_livereels_share_a_broker(others: Listener, settings: MqttSettings, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    wishes = RecordedCommands(), RecordedCommands()
    second = replace(settings, topic_prefix="house/two")
    async with (
        running(settings, tmp_path, wishes=wishes[0]) as one,
        running(second, tmp_path / "two", wishes=wishes[1]) as two,
    ):
        await online(others)
        await online(others, "house/two")
        await one.take(moment_now(1))
        await two.take(moment_now(2))
        assert json.loads((await payloads(others, "livereel/captions"))[0])["id"] == "front-0-00001"
        assert json.loads((await payloads(others, "house/two/captions"))[0])["id"] == "front-0-00002"
        others.say("house/two/front/reel/make", "PRESS")
        await until(lambda: wishes[1].noted)
        assert (one.counters()["connections"], two.counters()["connections"]) == (1, 1)
    assert wishes[0].noted == []


@looped
async def test_a_broker_that_is_not_there_yet_is_tried_until_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    peer = Broker(tmp_path / "late")
    caplog.set_level(logging.INFO)
    async with running(MqttSettings("127.0.0.1", peer.port), tmp_path) as sink:
        await sink.take(moment_now(1))
        await sink.take(keyframe_preview())
        await asyncio.sleep(0.3)  # several attempts
        peer.start()
        try:
            await until(lambda: sink.counters()["acknowledged"] == 1)
            assert sink.counters()["dropped_peak"] == 1
        finally:
            await sink.close()
            peer.close()
    assert caplog.text.count("no connection") == 1, "told once, not at each attempt"
    assert caplog.text.count("connected") == 1


@looped
async def test_cancelling_the_task_leaves_no_other(settings: MqttSettings, tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        outbox = open_outbox(ledger, settings)
        sink = MqttSink(
            settings,
            ("front",),
            (),
            outbox,
            RecordedCommands(),
            feedback=ledger.feedback,
            base=tmp_path,
            version=VERSION,
        )
        task = asyncio.create_task(sink.run())
        await until(lambda: sink.counters()["connections"])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await sink.close()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


@pytest.mark.parametrize(
    ("prefix", "camera"),
    [("livereel", name) for name in ("", "a/b", "a+b", "#", "a\nb")]
    + [(prefix, "front") for prefix in ("", "/livereel", "live+reel", "livereel/#")],
)
def test_names_that_cannot_be_part_of_a_topic_are_refused(tmp_path: Path, prefix: str, camera: str) -> None:
    settings = MqttSettings("localhost", topic_prefix=prefix)
    with closing(Ledger(tmp_path)) as ledger:
        outbox = open_outbox(ledger, settings)
        with pytest.raises(SinkError, match="cannot be part of a topic"):
            MqttSink(
                settings,
                (camera,),
                (),
                outbox,
                RecordedCommands(),
                feedback=ledger.feedback,
                base=tmp_path,
                version=VERSION,
            )
