"""Commands that are not executed: each is ignored and counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.signal.window import Outcome
from livereel.ledger.records import PENDING
from sinks.mqtt.connection.client import MAX_COMMANDS
from sinks.mqtt.settings import MqttSettings
from sinks.mqtt.sink import MAX_LOGGED
from tests.kit.mqtt.broker import MOSQUITTO, Broker, broker
from tests.kit.mqtt.sink_thread import RecordedCommands, looped, running, until
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.records.events import moment_now

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


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


NO_FEEDBACK: list[str | bytes] = [
    "",
    "keep",
    "[]",
    b"\xff\xfe",
    "[" * 900,
    '{"id": "front-0-00001"}',
    '{"verdict": "keep"}',
    '{"id": "front-0-00001", "verdict": "keep", "more": 1}',
    '{"id": "front-0-00001", "verdict": "fine"}',
    '{"id": "front-0-00001", "verdict": ["keep"]}',
    '{"id": ["front-0-00001"], "verdict": "keep"}',
    '{"id": "front-0-00009", "verdict": "keep"}',
    '{"id": "back-0-00001", "verdict": "keep"}',
    json.dumps({"id": "front-0-00001" * 100, "verdict": "keep"}),
]


@looped
async def test_feedback_that_makes_no_sense_is_ignored_and_counted(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path, cameras=("front", "back")) as sink:
        for told in (moment_now(1), moment_now(1, "back")):
            sink.ledger.windows.add(told.window, PENDING)
            sink.ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
        await online(others)
        for payload in NO_FEEDBACK:
            others.say("livereel/front/feedback/set", payload)
        others.say("livereel/nowhere/feedback/set", '{"id": "front-0-00001", "verdict": "keep"}')
        await until(lambda: sink.counters()["commands_ignored"] == len(NO_FEEDBACK) + 1)
        assert sink.ledger.feedback.judged() == []


@looped
async def test_a_flood_of_unknown_commands_is_counted_and_does_not_fill_the_log(
    others: Listener, settings: MqttSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings, tmp_path) as sink:
        await online(others)
        for n in range(60):
            others.say("livereel/front/enabled/set", f"rubbish {n}")
        await until(lambda: sink.counters()["commands_ignored"] == 60)
    told = [line for line in caplog.messages if "ignored" in line]
    assert len(told) == MAX_LOGGED + 1
    assert told[-1] == "mqtt: further commands that are ignored are only counted (commands_ignored)"


@looped
async def test_of_more_commands_than_wait_each_is_ignored_or_dropped_and_counted(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    count = 10 * MAX_COMMANDS
    async with running(settings, tmp_path) as sink:
        await online(others)
        for n in range(count):
            others.say("livereel/front/enabled/set", f"rubbish {n}")

        def counted() -> int:
            counters = sink.counters()
            return counters["commands_ignored"] + counters["commands_dropped"]

        await until(lambda: counted() == count)


@looped
async def test_unknown_commands_are_ignored_and_counted(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    wishes = RecordedCommands()
    async with running(settings, tmp_path, wishes=wishes) as sink:
        await online(others)
        others.say("livereel/front/enabled/set", "PERHAPS")
        others.say("livereel/front/enabled/set", b"\xff\xfe")
        others.say("livereel/back/enabled/set", "OFF")
        others.say("livereel/all/reel/make", "PRESS")
        others.say("livereel/front/reel/make", "")
        await until(lambda: sink.counters()["commands_ignored"] == 5)
    assert wishes.noted == []


@looped
async def test_a_retained_command_is_ignored(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    others.say("livereel/front/enabled/set", "OFF", retain=True)
    await payloads(others, "livereel/front/enabled/set")
    wishes = RecordedCommands()
    async with running(settings, tmp_path, wishes=wishes) as sink:
        await until(lambda: sink.counters()["commands_ignored"] == 1)
    assert wishes.noted == []
