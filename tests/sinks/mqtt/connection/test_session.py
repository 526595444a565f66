"""The session with a broker that refuses, limits or stops answering."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from livereel.ledger.records import FILE
from sinks.mqtt.connection.oversize import LOSSES
from sinks.mqtt.settings import MqttSettings
from tests.kit.mqtt.scripted_broker import ScriptedBroker, maximum_packet_size, scripted_broker
from tests.kit.mqtt.sink_thread import QUICK, RecordedCommands, looped, running, until
from tests.kit.records.events import keyframe_preview, moment_now, reel_in, watching


def settings(broker: ScriptedBroker) -> MqttSettings:
    return MqttSettings("127.0.0.1", broker.port)


def seqs(broker: ScriptedBroker, topic: str) -> list[int]:
    return [json.loads(taken.payload)["seq"] for taken in broker.on(topic)]


@looped
async def test_a_refused_caption_holds_up_what_is_behind_it_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_broker() as broker:
        broker.refuses = lambda topic: topic == "livereel/captions"
        async with running(settings(broker), tmp_path) as sink:
            await sink.take(reel_in(tmp_path, seq=1))
            for index in range(4):
                await sink.take(moment_now(index))
            await sink.take(reel_in(tmp_path, seq=2))
            await until(lambda: sink.counters()["refused"] >= 10)  # asked again and again
            assert seqs(broker, "livereel/reels")[0] == 1
            assert not broker.on("livereel/captions")
            assert sink.counters()["outbox_waiting"] == 5
            broker.refuses = lambda _: False
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
            assert seqs(broker, "livereel/captions") == [1, 2, 3, 4]
            assert sink.counters()["connections"] == 1
    assert set(seqs(broker, "livereel/reels")) == {1, 2}
    assert len(seqs(broker, "livereel/reels")) <= 3, "what was taken is not sent anew at each attempt"
    assert caplog.text.count("refuses livereel/captions: Not authorized") == 1


@looped
async def test_a_refused_state_does_not_hold_up_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_broker() as broker:
        broker.refuses = lambda topic: topic.startswith("homeassistant/")
        async with running(settings(broker), tmp_path) as sink:
            await sink.take(watching())
            await until(lambda: broker.on("livereel/available"))
            assert broker.on("livereel/front/status/capture")
    assert "refuses homeassistant/device/livereel/config: Not authorized" in caplog.text


@looped
async def test_a_picture_larger_than_the_broker_takes_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_broker() as broker:
        broker.properties = maximum_packet_size(10_000)
        async with running(settings(broker), tmp_path) as sink:
            await until(lambda: broker.on("livereel/available"))
            await sink.take(keyframe_preview(jpeg=b"x" * 9_990))
            await sink.take(keyframe_preview(jpeg=b"x" * 5_000))
            await until(lambda: len(broker.on("livereel/front/peak")) == 2)
            await until(lambda: broker.on("livereel/front/keyframe"))
            assert [len(taken.payload) for taken in broker.on("livereel/front/keyframe")][-1] == 5_000
            await sink.take(keyframe_preview(jpeg=b"x" * 9_990))
            await until(lambda: len(broker.on("livereel/front/peak")) == 3)
            assert max(len(taken.payload) for taken in broker.on("livereel/front/keyframe")) == 5_000
            assert sink.counters()["connections"] == 1
    assert "refuses livereel/front/keyframe: the broker takes 10000 bytes at most" in caplog.text


@looped
async def test_a_reel_larger_than_the_broker_takes_is_dropped_and_holds_up_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_broker() as broker:
        broker.properties = maximum_packet_size(5_000)
        async with running(settings(broker), tmp_path, reels=("front", "all")) as sink:
            for seq in (1, 2):
                reel = reel_in(tmp_path, "all", seq)
                await sink.take(moment_now(seq))
                await sink.take(replace(reel, gaps=reel.gaps * 100))
            await sink.take(reel_in(tmp_path, "front"))
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
            assert seqs(broker, "livereel/captions") == [1, 2]
            assert seqs(broker, "livereel/reels") == [3]
            counters = sink.counters()
            assert (counters["too_large"], counters["acknowledged"]) == (2, 3)
            assert counters["connections"] == 1
    assert caplog.text.count("refuses livereel/reels: the broker takes 5000 bytes at most") == 1


@looped
async def test_a_reel_at_which_the_broker_always_hangs_up_is_dropped_and_holds_up_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A broker cannot announce its limits by MQTT 3.1.1, and some do not by MQTT 5."""
    async with scripted_broker() as broker:
        broker.hangs_up_at = lambda _, size: size > 8_000
        async with running(settings(broker), tmp_path) as sink:
            reel = reel_in(tmp_path)
            await sink.take(moment_now(1))
            await sink.take(replace(reel, gaps=reel.gaps * 100))
            for number in (2, 3):
                await sink.take(moment_now(number))
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
            assert sorted(set(seqs(broker, "livereel/captions"))) == [1, 2, 3]
            assert sink.counters()["too_large"] == 1
    assert caplog.text.count("refuses livereel/reels: it keeps hanging up at") == 1


@looped
async def test_a_caption_at_which_a_broker_hangs_up_for_a_while_is_kept(tmp_path: Path) -> None:
    async with scripted_broker() as broker:
        broker.hangs_up_at = lambda topic, _: topic == "livereel/captions"
        async with running(settings(broker), tmp_path) as sink:
            await sink.take(moment_now(1))
            await until(lambda: broker.connections > 2 * LOSSES)
            broker.hangs_up_at = lambda _topic, _size: False
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
    assert seqs(broker, "livereel/captions") == [1]


@looped
async def test_what_is_refused_is_not_passed_over_for_what_is_too_large(tmp_path: Path) -> None:
    async with scripted_broker() as broker:
        broker.properties = maximum_packet_size(5_000)
        broker.refuses = lambda topic: topic == "livereel/captions"
        async with running(settings(broker), tmp_path, reels=("front",)) as sink:
            reel = reel_in(tmp_path)
            await sink.take(moment_now(1))
            await sink.take(replace(reel, gaps=reel.gaps * 100))
            await until(lambda: sink.counters()["refused"] >= 4)
            assert sink.counters()["outbox_waiting"] == 2
            assert sink.counters()["too_large"] == 0
            broker.refuses = lambda _: False
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
            assert seqs(broker, "livereel/captions") == [1]
            assert sink.counters()["too_large"] == 1


@looped
async def test_a_broker_that_hangs_up_on_refusals_is_logged_with_the_topic(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As mosquitto 2.0.11: it says no to one message, and hangs up when the next comes."""
    async with scripted_broker() as broker:
        broker.refuses = lambda topic: topic.startswith("homeassistant/")
        broker.hangs_up_after_refusal = True
        async with running(settings(broker), tmp_path):
            await until(lambda: "refuses homeassistant/device/livereel/config" in caplog.text)


@looped
async def test_a_broker_that_never_answers_is_given_up_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_broker() as broker:
        broker.answers = False
        async with running(settings(broker), tmp_path, timing=replace(QUICK, answer_s=0.1)) as sink:
            await sink.take(moment_now(1))
            await until(lambda: broker.connections == 3)
            broker.answers = True
            await until(lambda: seqs(broker, "livereel/captions") == [1])
    assert caplog.text.count("no connection") == 1


@looped
async def test_keepalive_finds_a_broker_that_has_fallen_silent(tmp_path: Path) -> None:
    async with (
        scripted_broker() as broker,
        running(replace(settings(broker), keepalive_s=1), tmp_path) as sink,
    ):
        await until(lambda: sink.counters()["connections"] == 1)
        broker.reads.clear()
        await until(lambda: broker.connections >= 2)
        broker.reads.set()
        await until(lambda: sink.counters()["connections"] == 2)


@looped
async def test_an_outbox_that_cannot_let_go_does_not_send_again_and_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_broker() as broker, running(settings(broker), tmp_path) as sink:
        with sqlite3.connect(tmp_path / FILE) as other:
            other.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT raise(FAIL, 'disk full'); END"
            )
        for index in range(5):
            await sink.take(moment_now(index))
        await until(lambda: len(broker.on("livereel/captions")) == 5)
        await until(lambda: "sent messages cannot be removed from the outbox" in caplog.text)
        with sqlite3.connect(tmp_path / FILE) as other:
            other.execute("DROP TRIGGER full")
        other.close()
        await sink.take(moment_now(5))
        await until(lambda: sink.counters()["outbox_waiting"] == 0)
        assert seqs(broker, "livereel/captions") == [1, 2, 3, 4, 5, 6]


@looped
async def test_close_lets_go_of_a_broker_that_has_stopped_reading(tmp_path: Path) -> None:
    async with scripted_broker() as broker:
        async with running(settings(broker), tmp_path) as sink:
            await until(lambda: sink.counters()["connections"] == 1)
            broker.reads.clear()
            await sink.take(moment_now(1))
        await until(lambda: not [t for t in asyncio.all_tasks() if "_keep_connected" in str(t.get_coro())])


class Clumsy(RecordedCommands):
    """Fails at the first command with an unexpected exception."""

    async def make_reel(self, reel_id: str) -> None:
        await super().make_reel(reel_id)
        if len(self.noted) == 1:
            raise ZeroDivisionError("by nothing")


@looped
async def test_an_unexpected_error_costs_a_connection_and_is_logged_with_its_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scripted_broker() as broker, running(settings(broker), tmp_path, wishes=Clumsy()) as sink:
        await until(lambda: sink.counters()["connections"] == 1)
        broker.say("livereel/front/reel/make", b"PRESS")
        await until(lambda: sink.counters()["connections"] == 2)
        await sink.take(moment_now(1))
        await until(lambda: broker.on("livereel/captions"))
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "ZeroDivisionError" in caplog.text
    assert record.exc_info


@looped
async def test_a_host_that_cannot_be_one_is_logged_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(MqttSettings("broker..lan"), tmp_path):
        await until(lambda: "not the name of a host" in caplog.text)
    assert len(caplog.records) == 1
    assert not caplog.records[0].exc_info
