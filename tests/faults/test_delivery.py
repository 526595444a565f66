"""The program watches four cameras while its broker or it is killed: what the ledger holds is delivered."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import CAMERAS
from tests.kit.mqtt.broker import MOSQUITTO, Broker, broker
from tests.kit.mqtt.delivery import CAPTIONS, REELS, Named, Witness, described, names, once
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.program.delays import kept_windows, published_peaks
from tests.kit.program.live_run import until
from tests.kit.program.process import REELS_OF_MANY, Program, wait_a_while

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

RESTARTS = 12
KILLS = 3
ENDS = 5
LEFT = "not sent yet, kept for the next start"
SEED = 7
# Less than a window is long: one that is described after the next window is marked late.
LATE_S = 0.9


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Broker]:
    with broker(tmp_path / "broker") as it:
        yield it


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "data", tmp_path / "announced")


@pytest.fixture
def others(peer: Broker, witness: Witness) -> Iterator[Listener]:
    with listener(peer.port, CAPTIONS, REELS, "livereel/+/peak", "livereel/available", witness=witness) as it:
        yield it


@pytest.fixture
def program(peer: Broker, cameras: list[dict[str, Any]], tmp_path: Path) -> Iterator[Program]:
    it = Program(
        tmp_path / "data",
        cameras,
        describe={"late_after_s": LATE_S},
        reel=REELS_OF_MANY,
        mqtt={"host": "127.0.0.1", "port": peer.port},
    )
    it.start()
    yield it
    it.close()


class Seen:
    """All that the ledger has ever held; it forgets reels that newer ones have replaced."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.described: dict[str, dict[str, Any]] = {}
        self.reels: dict[Named, dict[str, Any]] = {}

    def look(self) -> None:
        rows = self._program.rows()
        self.described.update(described(rows))
        self.reels.update({(row["id"], row["seq"]): row for row in rows if row["kind"] == "reel"})


def assert_in_time_order(captions: Sequence[dict[str, Any]]) -> None:
    """A camera's captions come in the order of their windows, but for those that are marked late."""
    newest_utc = ""
    for told in captions:
        assert told["late"] or told["start_utc"] > newest_utc, told
        newest_utc = max(newest_utc, told["start_utc"])


def more_published(others: Listener, topic: str) -> None:
    """Wait until something new comes: there is a connection, on which the last is sent before it ends."""
    told = len(others.on(topic))
    until(lambda: len(others.on(topic)) > told, f"more on {topic}")


def everything_published(seen: Seen, others: Listener) -> None:
    """Wait until all that the ledger holds by now has arrived."""
    seen.look()
    ids, reels = set(seen.described), set(seen.reels)
    until(lambda: ids <= {told["id"] for told in once(others.on(CAPTIONS))}, "every caption")
    until(lambda: reels <= set(names([told["after"] for told in once(others.on(REELS))])), "every reel")


def stop_with_all_published(program: Program, seen: Seen, others: Listener) -> None:
    """Stop the program. What a slow machine does not send any more then, another run sends."""
    for _ in range(ENDS):
        written = len(program.log)
        assert program.stop(signal.SIGTERM, everyone=False) == 0, program.log
        if LEFT not in program.log[written:]:
            break
        program.start()
        # What comes first is from the outbox: a run that is stopped before its first picture has failed.
        until(lambda written=written: ": watching" in program.log[written:], "a picture")  # type: ignore[misc]  # bound early
        more_published(others, CAPTIONS)
    everything_published(seen, others)


def assert_all_in_order(seen: Seen, others: Listener) -> None:
    """The subscriber's log is the ledger: every described window and every reel, nothing else, in order."""
    captions, reels = once(others.on(CAPTIONS)), once(others.on(REELS))
    for messages in (captions, reels):
        assert [told["seq"] for told in messages] == list(range(1, len(messages) + 1))
    assert {told["id"] for told in captions} == set(seen.described)
    for told in captions:
        row = seen.described[told["id"]]
        assert (told["text"], told["start_utc"]) == (row["text"], row["start_utc"])
    for camera in CAMERAS:
        assert_in_time_order([told for told in captions if told["camera"] == camera])
    arrived = {(reel["id"], reel["seq"]): reel for reel in (told["after"] for told in reels)}
    assert set(arrived) >= set(seen.reels)
    for name in seen.reels:
        assert arrived[name]["sha256"] == seen.reels[name]["sha256"]
    for reel_id in {reel_id for reel_id, _ in seen.reels}:
        newest = max(seq for kept_id, seq in seen.reels if kept_id == reel_id)
        assert [seq for told_id, seq in arrived if told_id == reel_id] == list(range(1, newest + 1))


def broker_restarts(peer: Broker, others: Listener, chance: random.Random) -> None:
    """End the broker at a random moment, mostly while livereel is connected; start it again a little later.

    It is stopped, killed, or hangs for a while before it is killed, so that what came meanwhile is lost.
    Always while the listener is there: what a killed broker had acknowledged and not yet handed on is
    lost by the broker, and no publisher can do anything about it.
    """
    if chance.random() < 0.8:
        until(lambda: peer.knows("livereel"), "a connection")
    wait_a_while(chance.uniform(0.0, 1.5))
    until(others.connected.is_set, "the listener's return")
    how = chance.choice([signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGSTOP])
    peer.signal(how)
    if how == signal.SIGSTOP:
        wait_a_while(chance.uniform(0.5, 1.5))
        peer.signal(signal.SIGKILL)
    wait_a_while(chance.uniform(0.0, 0.3))
    peer.start()


def assert_offline(peer: Broker) -> None:
    """By its last will, which is kept for who comes later."""
    with listener(peer.port, "livereel/available") as late:
        until(lambda: late.last("livereel/available") == b"offline", "the last will")


def report(what: str, seen: Seen, others: Listener) -> None:
    captions, reels = others.on(CAPTIONS), others.on(REELS)
    repeats = len(captions) - len(once(captions)) + len(reels) - len(once(reels))
    late = sum(told["late"] for told in once(captions))
    sys.stdout.write(
        f"{what}: {len(seen.described)} captions ({late} late) and {len(once(reels))} reels arrived,"
        f" {repeats} repeats\n"
    )


def test_every_caption_and_reel_of_four_cameras_arrives_while_the_broker_is_killed_repeatedly(
    program: Program, peer: Broker, others: Listener, witness: Witness
) -> None:
    chance = random.Random(SEED)  # noqa: S311  # moments, not secrets
    seen = Seen(program)
    until(lambda: {told["camera"] for told in once(others.on(CAPTIONS))} == set(CAMERAS), "captions of all")
    with kept_windows(program.data) as kept:
        for _ in range(RESTARTS):
            broker_restarts(peer, others, chance)
            seen.look()
        more_published(others, CAPTIONS)
        stop_with_all_published(program, seen, others)
    assert_all_in_order(seen, others)
    witness.assert_playable()
    assert "Traceback" not in program.log
    report(f"broker ended {RESTARTS} times", seen, others)
    sys.stdout.write(f"peak to subscriber: {published_peaks(others)}\nwindow's end to ledger: {kept}\n")


def test_every_caption_and_reel_arrives_while_livereel_is_killed_repeatedly(
    program: Program, peer: Broker, others: Listener, witness: Witness
) -> None:
    chance = random.Random(SEED)  # noqa: S311  # moments, not secrets
    seen = Seen(program)
    for number in range(KILLS):
        more_published(others, CAPTIONS)
        if number % 2:
            more_published(others, REELS)
        wait_a_while(chance.uniform(0.0, 3.0))
        program.kill()
        program.none_left()
        assert_offline(peer)
        seen.look()
        program.start()
    more_published(others, CAPTIONS)
    more_published(others, REELS)
    stop_with_all_published(program, seen, others)
    assert_all_in_order(seen, others)
    witness.assert_playable()
    report(f"livereel killed {KILLS} times", seen, others)
