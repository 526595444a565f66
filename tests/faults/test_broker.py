"""The broker is away for hours, frozen or hangs: no caption is lost, and no camera is delayed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sinks.mqtt.settings import MqttSettings
from tests.kit.mqtt.broker import MOSQUITTO, Broker, broker
from tests.kit.mqtt.scripted_broker import scripted_broker
from tests.kit.mqtt.sink_thread import looped, running, until
from tests.kit.mqtt.subscriber import Listener, Received, listener, wait_until
from tests.kit.records.events import JPEG, keyframe_preview, moment_now, motion_changed, reel_in, watching

CAMERAS = ("front", "yard", "gate", "roof")
RESTARTS = 20
ROOT = Path(__file__).parents[2]
SEED = 7

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path / "broker") as it:
        yield it


@pytest.fixture
def others(peer: Broker) -> Iterator[Listener]:
    with listener(peer.port, "livereel/captions", "livereel/reels", "livereel/+/peak") as it:
        yield it


def first_arrivals(messages: list[Received]) -> list[int]:
    """The numbers of the messages, in the order in which each came for the first time."""
    return list(dict.fromkeys(message.json()["seq"] for message in messages))


@needs_mosquitto
@looped
async def test_hours_without_a_broker_cost_nothing_but_peaks(
    peer: Broker, others: Listener, tmp_path: Path
) -> None:
    """Hours by what happens in them: ten hours of a camera with a caption a minute, and ten reels."""
    settings = MqttSettings("127.0.0.1", peer.port)
    async with running(settings, tmp_path) as sink:
        await until(lambda: sink.counters()["connections"])
        await asyncio.to_thread(peer.signal, signal.SIGTERM)
        for index in range(600):
            await sink.take(keyframe_preview(number=index))
            await sink.take(moment_now(index, ago_s=36_000 - 60 * index))
            if index % 60 == 0:
                await sink.take(reel_in(tmp_path, seq=index + 1))
        assert sink.counters()["outbox_waiting"] == 610
    await asyncio.to_thread(peer.start)
    async with running(settings, tmp_path) as sink:  # livereel was restarted meanwhile, too
        await until(lambda: sink.counters()["outbox_waiting"] == 0)
    wait_until(lambda: len(others.on("livereel/captions")) >= 600)
    assert first_arrivals(others.on("livereel/captions")) == list(range(1, 601))
    assert first_arrivals(others.on("livereel/reels")) == list(range(1, 11))
    assert not others.on("livereel/front/peak")


@needs_mosquitto
@looped
async def test_a_frozen_broker_delays_no_camera(
    peer: Broker, others: Listener, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = MqttSettings("127.0.0.1", peer.port)
    async with running(settings, tmp_path) as sink:
        await until(lambda: sink.counters()["connections"])
        peer.signal(signal.SIGSTOP)
        try:
            for index in range(50):  # each returns while the broker is frozen, or the test would not go on
                await sink.take(watching())
                await sink.take(motion_changed(moving=index % 2 == 0))
                await sink.take(keyframe_preview(number=index, jpeg=JPEG * 5000))
                await sink.take(moment_now(index))
            assert sink.counters()["outbox_waiting"] == 50, "nothing was acknowledged"
            await until(lambda: "no answer within 1 s" in caplog.text)  # given up, and tried again
        finally:
            peer.signal(signal.SIGCONT)
        await until(lambda: sink.counters()["outbox_waiting"] == 0)
        wait_until(lambda: len(others.on("livereel/captions")) >= 50)
        assert first_arrivals(others.on("livereel/captions")) == list(range(1, 51))


@looped
async def test_a_broker_that_stops_reading_delays_no_camera_and_is_reconnected(
    tmp_path: Path,
) -> None:
    async with scripted_broker() as deaf:
        settings = MqttSettings("127.0.0.1", deaf.port)
        async with running(settings, tmp_path) as sink:
            await until(lambda: sink.counters()["connections"])
            deaf.reads.clear()
            for index in range(
                50
            ):  # each returns while the broker does not read, or the test would not go on
                await sink.take(
                    keyframe_preview(number=index, jpeg=JPEG * 50_000)
                )  # a megabyte, more than sockets hold
                await sink.take(moment_now(index))
            assert not deaf.on("livereel/captions")
            assert sink.counters()["outbox_waiting"] == 50
            await until(lambda: deaf.connections >= 2)  # given up, tried again
            deaf.reads.set()
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
            seqs = dict.fromkeys(json.loads(taken.payload)["seq"] for taken in deaf.on("livereel/captions"))
            assert list(seqs) == list(range(1, 51))


def _has_received(others: Listener, number: int) -> bool:
    return len(others.on("livereel/front/peak")) > number


@needs_mosquitto
@looped
async def test_a_peak_is_published_at_once(peer: Broker, others: Listener, tmp_path: Path) -> None:
    """From take to a subscriber; printed, as a time is no promise of this machine."""
    loop = asyncio.get_running_loop()
    settings = MqttSettings("127.0.0.1", peer.port)
    async with running(settings, tmp_path) as sink:
        await until(lambda: sink.counters()["connections"])
        delays_s = []
        for number in range(50):
            begin_s = loop.time()
            await sink.take(keyframe_preview(number=number, jpeg=JPEG * 5000))
            await until(partial(_has_received, others, number))
            delays_s.append(others.on("livereel/front/peak")[number].at_s - begin_s)
    ids = [message.json()["id"] for message in others.on("livereel/front/peak")]
    assert ids == [f"front-0-{number:05}" for number in range(50)]
    delays_s.sort()
    sys.stdout.write(
        f"peak to subscriber: median {delays_s[25] * 1000:.1f} ms, worst {delays_s[-1] * 1000:.1f} ms\n"
    )
