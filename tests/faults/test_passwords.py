"""A camera that wants a password: a wrong one is tried once, and none is logged."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.mqtt.tcp_proxy import cable
from tests.kit.program.invariants import assert_all_recorded
from tests.kit.program.live_run import until, watching
from tests.kit.program.process import Program

PASSWORD = "s3cret@home"  # noqa: S105  # the camera's, on this machine alone


@pytest.fixture
def guarded(footage: dict[str, Path]) -> Iterator[RtspServer]:
    """A camera that wants a user and a password, by digest."""
    with rtsp_server({"/front": [footage["plain"]]}, user="viewer", password=PASSWORD) as running:
        yield running


def test_a_wrong_password_is_refused_once_with_a_clear_reason(guarded: RtspServer, tmp_path: Path) -> None:
    with cable(guarded.port) as line:
        address = f"rtsp://viewer:wr0ng@127.0.0.1:{line.port}/front"
        with watching(tmp_path / "data", {"front": address}) as watch:
            until(lambda: watch.live.cameras["front"].state == "refused", "a refusal")
        assert watch.live.cameras["front"].starts == 1
        assert line.connections <= 2
    assert_all_recorded(watch, "front")


def test_a_password_may_come_from_the_environment(guarded: RtspServer, tmp_path: Path) -> None:
    address = guarded.address("/front", "viewer:${CAMERA_PASSWORD}@")
    program = Program(
        tmp_path / "data", [{"name": "front", "source": address}], {"CAMERA_PASSWORD": quote(PASSWORD)}
    )
    program.start()
    try:
        until(lambda: program.windows_kept().total() > 0, "a window")
        assert program.stop(signal.SIGTERM, everyone=False) == 0
    finally:
        program.close()
    assert "s3cret" not in program.log
