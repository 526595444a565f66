"""Highlights: what automations act on, now, and after a run that died before it sent them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.signal.sound.record import Speech
from livereel.ledger.ledger import Ledger
from sinks.events import LateText, Restored
from sinks.mqtt.settings import MqttSettings
from tests.kit.mqtt.broker import MOSQUITTO, broker
from tests.kit.mqtt.sink_thread import looped, open_outbox, running, store, until
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.records.events import moment_now, reel_in
from tests.kit.records.moments import heard

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[MqttSettings]:
    with broker(tmp_path / "broker") as peer:
        yield MqttSettings("127.0.0.1", peer.port)


@pytest.fixture
def others(settings: MqttSettings) -> Iterator[Listener]:
    assert settings.port is not None
    with listener(settings.port) as it:
        yield it


async def payloads(others: Listener, topic: str, count: int = 1) -> list[bytes]:
    """The payloads on a topic, once there are so many."""
    await until(lambda: len(others.on(topic)) >= count)
    return [message.payload for message in others.on(topic)]


@looped
async def test_only_what_matters_now_is_a_highlight(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        await until(lambda: others.last("livereel/available") == b"online")
        moments = [
            moment_now(1, importance=4.9),
            moment_now(2, importance=5.0),
            moment_now(3, ago_s=200),
            replace(moment_now(4), late=True),
            replace(moment_now(5, importance=0.0), alerts=("a dog is on the sofa",)),
        ]
        for moment in moments:
            await sink.take(moment)
        await sink.take(Restored(moments[1]))
        await payloads(others, "livereel/captions", 5)
        told = [json.loads(payload) for payload in await payloads(others, "livereel/front/highlight", 2)]
        assert [(t["event_type"], t["id"]) for t in told] == [
            ("highlight", "front-0-00002"),
            ("alert", "front-0-00005"),
        ]


@looped
async def test_late_text_updates_the_caption_and_is_no_second_highlight(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    async with running(settings, tmp_path) as sink:
        first = heard(moment_now(1, importance=9.0), Speech(11.0, 12.0))
        await sink.take(first)
        await payloads(others, "livereel/front/highlight", 1)
        await sink.take(LateText(heard(first, Speech(11.0, 12.0, "open the gate"))))
        await sink.take(moment_now(2, importance=9.0))
        captions = [json.loads(payload) for payload in await payloads(others, "livereel/captions", 3)]
        assert [(it["type"], it["id"], it["seq"]) for it in captions] == [
            ("new", "front-0-00001", 1),
            ("update", "front-0-00001", 2),
            ("new", "front-0-00002", 3),
        ]
        assert [it["speech"] and it["speech"][0]["text"] for it in captions] == ["", "open the gate", []]
        states = [
            json.loads(payload) for payload in await payloads(others, "livereel/front/caption/state", 3)
        ]
        assert states[1]["speech"][0]["text"] == "open the gate"
        told = [json.loads(payload) for payload in await payloads(others, "livereel/front/highlight", 2)]
        assert [it["id"] for it in told] == ["front-0-00001", "front-0-00002"]


@looped
async def test_what_a_run_that_died_had_not_sent_is_a_highlight_of_the_next(
    others: Listener, settings: MqttSettings, tmp_path: Path
) -> None:
    """They were committed, and nothing was sent of them; the last is too old to act on."""
    with closing(Ledger(tmp_path)) as ledger:
        open_outbox(ledger, settings)
        for moment in (moment_now(1), moment_now(2, importance=4.9), moment_now(3, ago_s=200)):
            store(ledger, moment)
        store(ledger, reel_in(tmp_path, "front", 1))
    async with running(settings, tmp_path) as sink:
        await payloads(others, "livereel/captions", 3)
        await payloads(others, "livereel/front/highlight", 2)
        assert sink.counters()["dropped_highlight"] == 1
    async with running(settings, tmp_path) as sink:
        await sink.take(moment_now(4))
        await payloads(others, "livereel/captions", 4)
        sent = await payloads(others, "livereel/front/highlight", 3)
    assert [json.loads(payload)["id"] for payload in sent] == ["front-0-00001", "front/1", "front-0-00004"]
