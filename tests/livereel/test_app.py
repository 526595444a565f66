"""What is wired together: the names of cameras that have none, and the end of a sink."""

from __future__ import annotations

from pathlib import Path

import pytest

from livereel import app
from livereel.app import watch
from livereel.camera.names import name_cameras
from livereel.camera.settings import CameraSettings
from livereel.config.options import Options
from livereel.config.schema import Config
from sinks.mqtt.settings import MqttSettings
from sinks.mqtt.sink import MqttSink
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


class Dying(MqttSink):
    """Ends, as only a mistake of ours could make it."""

    async def run(self) -> None:
        raise ZeroDivisionError("by nothing")


def test_a_sink_that_dies_ends_the_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "MqttSink", Dying)
    options = Options(Config(mqtt=MqttSettings(host="127.0.0.1"), web=WebSettings(enabled=False)))
    camera = CameraSettings("front", "synthetic://street?size=320x180")
    with pytest.raises(SinkError, match=r"^mqtt: ZeroDivisionError: by nothing$"):
        watch([camera], tmp_path / "data", options, LONG_S)
    assert caplog.messages[0] == "mqtt has failed, which ends the run"
