"""The broker is killed, frozen or hangs, livereel is killed: no caption is lost, and nobody waits."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sinks.broker import MqttSettings
from sinks.mqtt import MqttSink
from tests.kit.broker import MOSQUITTO, Broker, broker
from tests.kit.events import JPEG, glimpse, moment_now, reel_in, stirring, watching
from tests.kit.listener import Heard, Listener, listener, wait_until
from tests.kit.mqtt import looped, running, until
from tests.kit.scripted_broker import scripted_broker

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


def first_arrivals(heard: list[Heard]) -> list[int]:
    """The numbers of the messages, in the order in which each came for the first time."""
    return list(dict.fromkeys(message.json()["seq"] for message in heard))


async def broker_restarts(peer: Broker, others: Listener, how_often: int) -> None:
    """Kill the broker (or stop it, every third time) at a random moment, and start it again a little later.

    Always while the listener is there: what a killed broker had acknowledged and not yet handed on is
    lost by the broker, and no publisher can do anything about it.
    """
    chance = random.Random(SEED)  # noqa: S311  # a test that can be repeated
    for number in range(how_often):
        await until(others.connected.is_set)
        await asyncio.sleep(chance.uniform(0.0, 1.0))
        await until(others.connected.is_set)
        await asyncio.to_thread(peer.signal, signal.SIGTERM if number % 3 == 2 else signal.SIGKILL)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        await asyncio.to_thread(peer.start)


@needs_mosquitto
@looped
async def test_every_caption_and_every_reel_arrives_in_order_although_the_broker_is_killed_again_and_again(
    peer: Broker, others: Listener, tmp_path: Path
) -> None:
    settings = MqttSettings("127.0.0.1", peer.port)
    handed_over: dict[str, list[str]] = {camera: [] for camera in CAMERAS}
    reels: list[tuple[str, int]] = []

    async def watch(sink: MqttSink, camera: str, stop: asyncio.Event) -> None:
        index = 0
        while not stop.is_set():
            index += 1
            await sink.take(glimpse(camera, index))
            moment = moment_now(index, camera)
            await sink.take(moment)
            handed_over[camera].append(moment.window.id)
            if index % 10 == 0:
                reel = reel_in(tmp_path, camera, index)
                await sink.take(reel)
                reels.append((reel.id, reel.seq))
            await asyncio.sleep(0.02)

    stop = asyncio.Event()
    async with running(settings, tmp_path, cameras=CAMERAS, reels=CAMERAS) as sink:
        async with asyncio.TaskGroup() as cameras:
            for camera in CAMERAS:
                cameras.create_task(watch(sink, camera, stop))
            await broker_restarts(peer, others, RESTARTS)
            stop.set()
        await until(lambda: sink.counters()["outbox_waiting"] == 0)
        counters = sink.counters()

    captions, told_reels = others.on("livereel/captions"), others.on("livereel/reels")
    total = sum(map(len, handed_over.values()))
    wait_until(lambda: len(first_arrivals(captions)) == total)
    assert counters["connections"] > RESTARTS // 4
    assert counters["outbox_dropped"] == 0
    assert first_arrivals(captions) == list(range(1, total + 1))
    assert first_arrivals(told_reels) == list(range(1, len(reels) + 1))
    for camera, ids in handed_over.items():
        arrived = dict.fromkeys(m.json()["id"] for m in captions if m.json()["camera"] == camera)
        assert list(arrived) == ids
    arrived_reels = dict.fromkeys((m.json()["after"]["id"], m.json()["after"]["seq"]) for m in told_reels)
    assert list(arrived_reels) == reels
    repeats = len(captions) - total + len(told_reels) - len(reels)
    sys.stdout.write(
        f"{RESTARTS} restarts, {counters['connections']} connections: {total} captions and {len(reels)} reels"
        f" arrived, {repeats} of them twice; {counters['dropped_peak']} peaks dropped\n"
    )


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _is_larger(file: Path, size: int) -> bool:
    return _size(file) > size


@needs_mosquitto
def test_every_caption_arrives_although_livereel_is_killed_again_and_again(
    peer: Broker, others: Listener, tmp_path: Path
) -> None:
    """What a killed livereel had in its ledger it hands over again; the outbox knows what it had."""
    ledger = tmp_path / "ledger"
    command = [sys.executable, "-m", "tests.kit.killed", str(peer.port), str(tmp_path)]
    chance = random.Random(SEED)  # noqa: S311  # a test that can be repeated
    for _ in range(4):
        enough = _size(ledger) + 200
        process = subprocess.Popen([*command, "1000000"], cwd=ROOT)
        wait_until(partial(_is_larger, ledger, enough))
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.0, 0.2))
        process.kill()
        process.wait()
    subprocess.run([*command, "5"], check=True, cwd=ROOT)
    ids = ledger.read_text().split()
    captions = others.on("livereel/captions")
    wait_until(lambda: len({message.json()["id"] for message in others.on("livereel/captions")}) == len(ids))
    captions = others.on("livereel/captions")
    assert list(dict.fromkeys(message.json()["id"] for message in captions)) == ids
    assert first_arrivals(captions) == list(range(1, len(ids) + 1))
    sys.stdout.write(f"killed 4 times: {len(ids)} captions, {len(captions) - len(ids)} sent twice\n")


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
            await sink.take(glimpse(number=index))
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
async def test_a_frozen_broker_holds_nobody_up(
    peer: Broker, others: Listener, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = MqttSettings("127.0.0.1", peer.port)
    async with running(settings, tmp_path) as sink:
        await until(lambda: sink.counters()["connections"])
        peer.signal(signal.SIGSTOP)
        try:
            for index in range(50):  # each returns while the broker is frozen, or the test would not go on
                await sink.take(watching())
                await sink.take(stirring(moving=index % 2 == 0))
                await sink.take(glimpse(number=index, jpeg=JPEG * 5000))
                await sink.take(moment_now(index))
            assert sink.counters()["outbox_waiting"] == 50, "nothing was acknowledged"
            await until(lambda: "no answer within 1 s" in caplog.text)  # given up, and tried again
        finally:
            peer.signal(signal.SIGCONT)
        await until(lambda: sink.counters()["outbox_waiting"] == 0)
        wait_until(lambda: len(others.on("livereel/captions")) >= 50)
        assert first_arrivals(others.on("livereel/captions")) == list(range(1, 51))


@looped
async def test_a_broker_that_stops_reading_holds_nobody_up_and_is_left_for_one_that_reads(
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
                    glimpse(number=index, jpeg=JPEG * 50_000)
                )  # a megabyte, more than sockets hold
                await sink.take(moment_now(index))
            assert not deaf.on("livereel/captions")
            assert sink.counters()["outbox_waiting"] == 50
            await until(lambda: deaf.connections >= 2)  # given up, tried again
            deaf.reads.set()
            await until(lambda: sink.counters()["outbox_waiting"] == 0)
            seqs = dict.fromkeys(json.loads(taken.payload)["seq"] for taken in deaf.on("livereel/captions"))
            assert list(seqs) == list(range(1, 51))


def _has_heard(others: Listener, number: int) -> bool:
    return len(others.on("livereel/front/peak")) > number


@needs_mosquitto
@looped
async def test_a_peak_is_told_at_once(peer: Broker, others: Listener, tmp_path: Path) -> None:
    """From take to a subscriber; printed, as a time is no promise of this machine."""
    loop = asyncio.get_running_loop()
    settings = MqttSettings("127.0.0.1", peer.port)
    async with running(settings, tmp_path) as sink:
        await until(lambda: sink.counters()["connections"])
        delays_s = []
        for number in range(50):
            begin_s = loop.time()
            await sink.take(glimpse(number=number, jpeg=JPEG * 5000))
            await until(partial(_has_heard, others, number))
            delays_s.append(others.on("livereel/front/peak")[number].at_s - begin_s)
    ids = [message.json()["id"] for message in others.on("livereel/front/peak")]
    assert ids == [f"front-0-{number:05}" for number in range(50)]
    delays_s.sort()
    sys.stdout.write(
        f"peak to subscriber: median {delays_s[25] * 1000:.1f} ms, worst {delays_s[-1] * 1000:.1f} ms\n"
    )


@needs_mosquitto
@looped
async def test_a_killed_livereel_is_offline_by_its_will(peer: Broker, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.kit.killed", str(peer.port), str(tmp_path), "1000000"]
    with listener(peer.port, "livereel/available", as_published=True) as others:
        process = await asyncio.to_thread(subprocess.Popen, command, cwd=ROOT)
        await until(lambda: others.last("livereel/available") == b"online")
        process.kill()
        process.wait()
        await until(lambda: others.last("livereel/available") == b"offline")
        assert others.heard[-1].retain
