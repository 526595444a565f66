"""What is wired together: the names of cameras that have none, and the end of a sink."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from livereel import app
from livereel.app import watch
from livereel.camera.names import name_cameras
from livereel.camera.settings import CameraSettings
from livereel.config.options import Options
from livereel.config.schema import Config
from sinks.sink import SinkError
from sinks.web.settings import WebSettings

LONG_S = 60.0


def test_names_differ_whatever_the_addresses() -> None:
    cameras = name_cameras(["front-2.mp4", "front.mp4", "b/front.mp4", "rtsp://10.0.0.5/front"])
    assert [camera.name for camera in cameras] == ["front-2", "front", "front-3", "front-4"]
    assert [camera.name for camera in name_cameras(["all.mp4", "requested.mp4"])] == ["all-2", "requested-2"]


def test_names_hold_no_password() -> None:
    sources = ["rtsp://admin:s3cret@10.0.0.5", "rtsp://10.0.0.6/user=admin_password=s3cret_channel=1.sdp"]
    assert not any("s3cret" in camera.name for camera in name_cameras(sources))


class PortLoss(logging.Handler):
    """Takes the port of the pages away once it is logged: its descriptor is a socket that cannot listen."""

    def emit(self, record: logging.LogRecord) -> None:
        _, found, address = record.getMessage().partition("web: ")
        if found:
            (listening,) = (number for number in descriptors() if port_of(number) == urlsplit(address).port)
            with socket.socket(type=socket.SOCK_DGRAM) as other:
                os.dup2(other.fileno(), listening)


def descriptors() -> list[int]:
    return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]


def port_of(descriptor: int) -> int | None:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as it:
            return int(it.getsockname()[1])
    except (OSError, IndexError, ValueError):
        return None


def test_a_sink_that_dies_ends_the_run_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    options = Options(Config(web=WebSettings(port=0)))
    camera = CameraSettings("front", "synthetic://street?size=320x180")
    log = logging.getLogger(app.__name__)
    log.addHandler(loss := PortLoss())
    try:
        with pytest.raises(SinkError, match=r"^web: OSError: .*Operation not supported$"):
            watch([camera], tmp_path / "data", options, LONG_S)
    finally:
        log.removeHandler(loss)
    assert "web has failed, which ends the run" in caplog.messages
