"""``livereel run`` at a real broker: two of them, behind a password and TLS, and their commands."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kit.films.footage import Look, write_file
from tests.kit.mqtt.broker import MOSQUITTO, broker, certificates, free_port, password_file
from tests.kit.mqtt.subscriber import Listener, listener
from tests.kit.program.live_run import until
from tests.kit.program.process import Program, wait_a_while

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

PASSWORD = "open sesame"  # noqa: S105  # the broker's, on this machine alone
RARELY = {"every_s": 3600.0, "min_chapters": 2, "max_chapters": 3}


@contextmanager
def running(
    data: Path, film: Path, mqtt: dict[str, Any], environment: dict[str, str] | None = None
) -> Iterator[Program]:
    """A program with one camera, ``front``, that makes a reel only on request; stopped at the end."""
    camera = {"name": "front", "source": str(film), "loop": True}
    program = Program(data, [camera], environment, reel=RARELY, mqtt=mqtt)
    program.start()
    try:
        yield program
        assert program.stop(signal.SIGTERM, everyone=False) == 0, program.log
    finally:
        program.close()


def said(others: Listener, topic: str, payload: str, count: int = 1) -> None:
    until(
        lambda: [h.payload.decode() for h in others.on(topic)].count(payload) >= count, f"{topic} {payload}"
    )


def test_two_programs_share_a_locked_broker_and_each_executes_its_commands(tmp_path: Path) -> None:
    film = write_file(tmp_path / "film.mp4", Look(width_px=320, height_px=240, round_s=2, moving_s=1.5))
    files = certificates(tmp_path)
    locked_port = free_port()
    locks = (
        "allow_anonymous true",
        f"password_file {password_file(tmp_path, 'livereel', PASSWORD)}",
        f"listener {locked_port} 127.0.0.1",
        f"cafile {files.ca}",
        f"certfile {files.server}",
        f"keyfile {files.server_key}",
        "require_certificate true",
    )
    certified = {
        "host": "localhost",
        "port": locked_port,
        "user": "livereel",
        "password": "${MQTT_PASSWORD}",
        "tls_ca_certs": str(files.ca),
        "tls_client_cert": str(files.client),
        "tls_client_key": str(files.client_key),
        "topic_prefix": "house/one",
    }
    plain = {"host": "127.0.0.1", "protocol": "3.1.1", "topic_prefix": "two", "client_id": "the second"}
    with (
        broker(tmp_path / "broker", *locks) as peer,
        listener(peer.port) as others,
        running(tmp_path / "one", film, certified, {"MQTT_PASSWORD": PASSWORD}) as one,
        running(tmp_path / "two", film, {**plain, "port": peer.port}) as two,
    ):
        for prefix in ("house/one", "two"):
            said(others, f"{prefix}/available", "online")
            until(lambda topic=f"{prefix}/captions": bool(others.on(topic)), "a caption")  # type: ignore[misc]  # until takes no arguments
        assert peer.knows("house-one")
        assert peer.knows("the second")

        others.say("house/one/front/enabled/set", "OFF")
        said(others, "house/one/front/enabled/state", "OFF")
        said(others, "house/one/front/status/capture", "disabled")
        assert others.last("two/front/enabled/state") == b"ON"
        wait_a_while(1.0)  # for the gap to be longer than MIN_GAP_S
        others.say("house/one/front/enabled/set", "ON")
        said(others, "house/one/front/enabled/state", "ON", 2)

        others.say("two/front/reel/make", "PRESS")
        until(lambda: bool(others.on("two/reels")), "the reel that was wished for")
        assert not others.on("house/one/reels")

        others.say("homeassistant/status", "online")
        for device in ("house_2f_one", "two"):
            topic = f"homeassistant/device/{device}/front/config"
            until(lambda topic=topic: len(others.on(topic)) >= 2, "its devices again")  # type: ignore[misc]  # as above
    assert "disabled" in {row.get("reason") for row in one.rows()}
    assert [row["id"] for row in two.rows() if row["kind"] == "reel"][-1:] == ["front"]
    for program in (one, two):
        assert PASSWORD not in program.log
        assert " WARNING mqtt " not in program.log
