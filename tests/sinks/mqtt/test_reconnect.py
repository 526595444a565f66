"""When a lost connection is tried again: soon after a broker's restart, ever later after takeovers."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from base.backoff import Backoff
from sinks.mqtt.settings import MqttSettings
from tests.kit.mqtt.broker import MOSQUITTO, Broker, broker
from tests.kit.mqtt.scripted_broker import scripted_broker
from tests.kit.mqtt.sink_thread import QUICK, looped, running, until
from tests.kit.mqtt.subscriber import listener
from tests.kit.records.events import moment_now

# Pauses may double for as long as a test lasts.
GROWING = replace(QUICK, retry=Backoff.doubling(0.05, 3600.0))
# Long enough for 30 pauses of the first length, and for 5 that double.
WHILE_S = 1.5
MANY = 15

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path / "broker") as it:
        yield it


@needs_mosquitto
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@looped
async def test_two_clients_with_one_id_take_over_ever_more_rarely_and_it_is_logged(
    peer: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    (tmp_path / "two").mkdir()
    first = replace(MqttSettings("127.0.0.1", peer.port, client_id="cam"), protocol=protocol)  # type: ignore[arg-type]  # as configured
    second = replace(first, topic_prefix="two")
    with listener(peer.port, "livereel/captions") as others:
        async with running(first, tmp_path, timing=GROWING) as one:
            async with running(second, tmp_path / "two", timing=GROWING) as two:
                await asyncio.sleep(WHILE_S)
                await until(lambda: "is another client connecting as cam?" in caplog.text)

                def connections() -> int:
                    return sum(sink.counters()["connections"] for sink in (one, two))

                await until(lambda: connections() >= 4)
                assert connections() <= MANY
                await one.take(moment_now(1))
            await until(lambda: others.on("livereel/captions"))  # once the other has gone


@pytest.mark.parametrize("how", ["hang_up", "take_over"])
@looped
async def test_a_broker_that_ends_each_connection_is_tried_ever_more_rarely(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    async with scripted_broker() as peer:
        settings = MqttSettings("127.0.0.1", peer.port)
        async with running(settings, tmp_path, timing=GROWING) as sink:

            async def end_each() -> None:
                for number in range(1, 1000):
                    await until(lambda number=number: sink.counters()["connections"] >= number)  # type: ignore[misc]  # until takes no arguments
                    getattr(peer, how)()

            ending = asyncio.create_task(end_each())
            await asyncio.sleep(WHILE_S)
            await until(lambda: sink.counters()["connections"] >= 2)
            ending.cancel()
            assert sink.counters()["connections"] <= MANY
    told = "another client has connected with the client id livereel" in caplog.text
    assert told == (how == "take_over")


@needs_mosquitto
@looped
async def test_a_broker_that_is_restarted_again_and_again_is_found_again_at_once(
    peer: Broker, tmp_path: Path
) -> None:
    """Pauses that doubled each time would outlast the test."""
    settings = MqttSettings("127.0.0.1", peer.port)
    async with running(settings, tmp_path, timing=GROWING) as sink:
        for number in range(1, 13):
            await until(lambda number=number: sink.counters()["connections"] >= number)  # type: ignore[misc]  # until takes no arguments
            await asyncio.to_thread(peer.signal, signal.SIGKILL)
            await asyncio.sleep(0.02)
            await asyncio.to_thread(peer.start)
