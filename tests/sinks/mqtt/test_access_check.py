"""``check`` at a real broker with access rules: denials are reported, and no client is disturbed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sinks.mqtt.access_check import check_broker
from sinks.mqtt.connection.errors import BrokerError
from sinks.mqtt.settings import MqttSettings
from tests.kit.mqtt.broker import MOSQUITTO, Broker, access_rules, broker
from tests.kit.mqtt.scripted_broker import scripted_broker
from tests.kit.mqtt.sink_thread import looped, running, until
from tests.kit.mqtt.subscriber import listener, wait_until
from tests.kit.records.events import moment_now, reel_in, watching

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

CAMERAS = ["front", "yard"]
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


@contextmanager
def ruled(tmp_path: Path, *rules: str) -> Iterator[Broker]:
    """A broker that allows every client what these lines of an ACL file permit."""
    with broker(tmp_path / "broker", "allow_anonymous true", access_rules(tmp_path, *rules)) as it:
        yield it


def settings_for(peer: Broker, protocol: str = "5") -> MqttSettings:
    return replace(MqttSettings("127.0.0.1", peer.port), protocol=protocol)  # type: ignore[arg-type]  # as configured


def found(settings: MqttSettings) -> str:
    """What a check says, be it good or bad."""
    try:
        return asyncio.run(check_broker(settings, CAMERAS))
    except BrokerError as error:
        return f"FAIL {error}"


ALL_CAMERA_TOPICS = "livereel/+/status, livereel/+/status/capture"

ALLOWED = {
    "everything": ["topic readwrite #"],
    "our own topics and discovery": ["topic readwrite livereel/#", "topic readwrite homeassistant/#"],
    "discovery of this livereel": [
        "topic readwrite livereel/#",
        "topic write homeassistant/device/livereel/#",
        "topic read homeassistant/status",
    ],
    "nothing but discovery's own topics": [
        "topic readwrite livereel/#",
        "topic write homeassistant/+/+/config",
        "topic write homeassistant/+/+/+/config",
        "topic read homeassistant/status",
    ],
}
DENIED = {
    "no discovery": (
        ["topic readwrite livereel/#"],
        ["may not publish to homeassistant/device/livereel/config, homeassistant/device/livereel/+/config"],
    ),
    "to read discovery only": (
        ["topic readwrite livereel/#", "topic read homeassistant/#"],
        ["may not publish to homeassistant/device/livereel/config, homeassistant/device/livereel/+/config"],
    ),
    "discovery of livereel but not of its cameras": (
        ["topic readwrite livereel/#", "topic write homeassistant/device/+/config"],
        ["may not publish to homeassistant/device/livereel/+/config"],
    ),
    "to read only": (["topic read #"], ["may not publish to livereel/available, livereel/captions"]),
    "nothing": ([], ["may not publish to livereel/available, livereel/captions"]),
    "no captions": (
        ["topic readwrite #", "topic deny livereel/captions"],
        ["may not publish to livereel/captions"],
    ),
    "no reels": (["topic readwrite #", "topic deny livereel/reels"], ["may not publish to livereel/reels"]),
    "no availability": (
        ["topic readwrite #", "topic deny livereel/available"],
        ["may not publish to livereel/available"],
    ),
    "events but no states of cameras": (
        [
            "topic readwrite livereel/+",
            "topic readwrite livereel/+/peak",
            "topic readwrite livereel/+/highlight",
            "topic readwrite homeassistant/#",
        ],
        [f"may not publish to {ALL_CAMERA_TOPICS}"],
    ),
}


@BOTH
@pytest.mark.parametrize("rules", ALLOWED.values(), ids=ALLOWED.keys())
def test_rules_that_allow_what_livereel_does_are_ok(tmp_path: Path, protocol: str, rules: list[str]) -> None:
    with ruled(tmp_path, *rules) as peer:
        assert found(settings_for(peer, protocol)) == (
            f"127.0.0.1:{peer.port}, 15 kinds of topics can be published, commands arrive"
        )


@BOTH
@pytest.mark.parametrize(("rules", "said"), DENIED.values(), ids=DENIED.keys())
def test_what_rules_deny_is_named(tmp_path: Path, protocol: str, rules: list[str], said: list[str]) -> None:
    with ruled(tmp_path, *rules) as peer:
        told = found(settings_for(peer, protocol))
    assert told.startswith(f"FAIL 127.0.0.1:{peer.port}: ")
    assert all(part in told for part in said), told


@BOTH
def test_commands_that_would_not_arrive_are_reported(tmp_path: Path, protocol: str) -> None:
    """Mosquitto takes the subscription and delivers nothing."""
    with ruled(tmp_path, "topic write #") as peer:
        told = found(settings_for(peer, protocol))
    assert "may not read livereel/+/enabled/set, livereel/+/reel/make, livereel/+/feedback/set" in told


@BOTH
def test_least_privilege_is_ok_and_reports_what_cannot_be_tested(tmp_path: Path, protocol: str) -> None:
    states = ("status/#", "motion", "keyframe", "caption/state", "enabled/state", "reel/state")
    rules = [
        *(f"topic write livereel/+/{levels}" for levels in (*states, "peak", "highlight")),
        *(f"topic write livereel/{name}" for name in ("available", "captions", "reels", "stats")),
        "topic read livereel/+/enabled/set",
        "topic read livereel/+/reel/make",
        "topic read livereel/+/feedback/set",
        "topic write homeassistant/#",
        "topic read homeassistant/status",
    ]
    with ruled(tmp_path, *rules) as peer:
        told = found(settings_for(peer, protocol))
    assert told.endswith("15 kinds of topics can be published, commands are subscribed to, but untested")


def test_discovery_that_is_off_needs_no_rule(tmp_path: Path) -> None:
    with ruled(tmp_path, "topic readwrite livereel/#") as peer:
        told = found(replace(settings_for(peer), discovery_prefix=None))
    assert told.endswith("13 kinds of topics can be published, commands arrive")


def test_another_prefix_needs_its_own_rules(tmp_path: Path) -> None:
    with ruled(tmp_path, "topic readwrite livereel/#", "topic readwrite homeassistant/#") as peer:
        told = found(replace(settings_for(peer), topic_prefix="house/two"))
    assert "may not publish to house/two/available" in told


def test_a_broker_that_retains_nothing_is_reported(tmp_path: Path) -> None:
    with broker(tmp_path / "broker", "allow_anonymous true", "retain_available false") as peer:
        assert "keeps no retained messages" in found(settings_for(peer))


def test_a_broker_without_acknowledgements_is_reported(tmp_path: Path) -> None:
    with broker(tmp_path / "broker", "allow_anonymous true", "max_qos 0") as peer:
        assert "takes no message at QoS 1" in found(settings_for(peer))


@looped
async def test_a_broker_of_3_1_1_alone_shows_its_rules_by_what_comes_back() -> None:
    async with scripted_broker() as peer:
        peer.versions = {4}
        peer.echoes = True
        peer.refuses = lambda topic: topic == "livereel/captions"
        settings = MqttSettings("127.0.0.1", peer.port, protocol="3.1.1")
        with pytest.raises(BrokerError, match="may not publish to livereel/captions: nothing came back"):
            await check_broker(settings, CAMERAS)
        peer.refuses = lambda _: False
        assert "commands arrive" in await check_broker(settings, CAMERAS)


@BOTH
@looped
async def test_a_check_disturbs_neither_home_assistant_nor_a_running_livereel(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    """Other clients receive empty messages meanwhile, or the state that they know."""
    with broker(tmp_path / "broker") as peer, listener(peer.port, as_published=True) as others:
        settings = settings_for(peer, protocol)
        async with running(settings, tmp_path, cameras=CAMERAS, reels=CAMERAS) as sink:
            for camera in CAMERAS:
                await sink.take(watching(camera))
            await sink.take(moment_now(1))
            await sink.take(reel_in(tmp_path))
            await until(lambda: others.last("livereel/available") == b"online")
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
            await until(lambda: others.last("livereel/front/reel/state"))
            known = {message.topic: message.payload for message in others.received if message.retain}
            before = len(others.received)
            await check_broker(settings, CAMERAS)
            assert sink.counters()["connections"] == 1
            assert sink.counters()["commands_ignored"] == 0
        wait_until(lambda: others.last("livereel/available") == b"offline")
        meanwhile = others.received[before : [h.payload for h in others.received].index(b"offline", before)]
        assert meanwhile
        assert not [message for message in meanwhile if message.retain]
        for message in meanwhile:
            assert message.payload == known.get(message.topic, b""), message
            assert message.payload or not message.topic.endswith("/config")
        with listener(peer.port, as_published=True) as late:
            wait_until(lambda: late.last("livereel/available"))
            assert {message.topic for message in late.received} == set(known)
    assert not caplog.records


def test_a_check_before_the_first_run_changes_nothing_in_home_assistant(tmp_path: Path) -> None:
    with (
        broker(tmp_path / "broker") as peer,
        listener(peer.port, "homeassistant/+/+/config", "homeassistant/+/+/+/config") as home_assistant,
        listener(peer.port, "livereel/available") as others,
    ):
        assert "commands arrive" in found(settings_for(peer))
        wait_until(lambda: others.received)
        assert [message.payload for message in others.received] == [b""]
        assert not home_assistant.received
