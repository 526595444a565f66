"""What is wired together: the names of cameras that have none, and the end of a sink."""

from __future__ import annotations

from pathlib import Path

import pytest

from livereel import app
from livereel.app import named, watch
from livereel.config import CameraConfig, Config
from livereel.options import Options
from sinks.mqtt import MqttSink
from sinks.settings import MqttSettings
from sinks.sink import SinkError

LONG_S = 60.0


def test_sources_are_named_after_their_address_and_never_after_a_password() -> None:
    sources = [
        "rtsp://10.0.0.5/main",
        "http://10.0.0.6/main",
        "rtsp://cam/user=admin_password=geheim_channel=1",
    ]
    assert [camera.name for camera in named(sources)] == ["main", "main-2", "user__password__channel"]


class Dying(MqttSink):
    """Ends, as only a mistake of ours could make it."""

    async def run(self) -> None:
        raise ZeroDivisionError("by nothing")


def test_a_sink_that_dies_ends_the_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "MqttSink", Dying)
    options = Options(Config(mqtt=MqttSettings(host="127.0.0.1")))
    camera = CameraConfig("front", "synthetic://street?size=320x180")
    with pytest.raises(SinkError, match=r"^mqtt: ZeroDivisionError: by nothing$"):
        watch([camera], tmp_path / "data", options, LONG_S)
    assert caplog.messages[0] == "mqtt has failed, which ends the run"
