"""``livereel run`` with reels by name at a real broker: commands, states, and a time that was missed."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kit.films.footage import Look, write_file
from tests.kit.mqtt.broker import MOSQUITTO, broker
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.program.live_run import until
from tests.kit.program.process import Program

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

DEVICE = "homeassistant/device/livereel/reel_2f_day/config"


def daily(at: datetime) -> list[dict[str, Any]]:
    return [{"name": "day", "at": f"{at:%H:%M:%S}", "timezone": "UTC", "cameras": ["front"]}]


def made(others: Listener) -> list[tuple[str, int]]:
    """The reels that were published."""
    published = [message.json()["after"] for message in others.on("livereel/reels")]
    return [(reel["id"], reel["seq"]) for reel in published]


def stop(program: Program) -> None:
    assert program.stop(signal.SIGTERM, everyone=False) == 0, program.log


def test_a_reel_by_its_name_is_made_on_a_command_and_at_a_start_that_comes_after_its_time(
    tmp_path: Path,
) -> None:
    film = write_file(tmp_path / "film.mp4", Look(width_px=320, height_px=240, round_s=2, moving_s=1.5))
    camera, data = {"name": "front", "source": str(film), "loop": True}, tmp_path / "data"
    with broker(tmp_path / "broker") as peer, listener(peer.port) as others:
        mqtt = {"host": "127.0.0.1", "port": peer.port}
        later = datetime.now(UTC) + timedelta(hours=12)
        program = Program(data, [camera], mqtt=mqtt, reels=daily(later))
        program.start()
        try:
            until(lambda: bool(others.on("livereel/captions")), "a caption")
            others.say("livereel/day/reel/make", "PRESS")
            until(lambda: made(others) == [("day", 1)], "the reel that was asked for")
            until(lambda: bool(others.last("livereel/day/reel/state")), "the last reel")
            assert json.loads(others.last("livereel/day/reel/state") or b"{}")["cameras"] == ["front"]
            assert others.last(DEVICE)
            stop(program)
            times = f"daily at {later:%H:%M:%S} (UTC), of front; next at {later:%Y-%m-%d %H:%M:%S} UTC"
            assert f"reel day: {times}" in program.log

            # A time in whole seconds, after the reel that was asked for and the windows closed by the stop.
            missed = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
            until(lambda: datetime.now(UTC) >= missed, "the time at which it stands still")
            program = Program(data, [camera], mqtt=mqtt, reels=daily(missed))
            program.start()
            until(lambda: made(others) == [("day", 1), ("day", 2)], "the reel that was missed")
            stop(program)
            assert "is missing and is made now" in program.log

            program = Program(data, [camera], mqtt=mqtt)
            program.start()
            until(lambda: others.last(DEVICE) == b"", "the end of its device")
            until(lambda: others.last("livereel/day/reel/state") == b"", "the end of its state")
            until(lambda: program.log.count("front: watching") == 3, "its camera")
            stop(program)
        finally:
            program.close()
    reels = [(row["id"], row["seq"]) for row in program.rows() if row["kind"] == "reel"]
    assert [reel for reel in reels if reel[0] == "day"] == [("day", 1), ("day", 2)]
