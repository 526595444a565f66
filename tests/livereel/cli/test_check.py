"""``livereel check`` tries every part and says what works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.describe.settings import DescribeSettings
from livereel.camera.settings import CameraSettings
from livereel.cli.check import check
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.storage.settings import RetentionSettings
from sinks.mqtt.settings import MqttSettings
from tests.kit.cameras.pages import Page, pages
from tests.kit.mqtt.broker import MOSQUITTO, access_rules, broker, free_port
from tests.kit.records.keyframe_files import snapshot


def test_all_that_works_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    retention = replace(RetentionSettings(), min_free_bytes=0)
    camera = CameraSettings("front", "synthetic://street?size=320x180")
    config = Config(data=tmp_path / "data", cameras=(camera,), retention=retention)
    assert check(Options(config))
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert any("h264 320x180 at 15 fps, with sound" in line for line in lines)
    assert not (tmp_path / "data").exists()


def test_all_that_fails_is_named_and_the_rest_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config(
        data=tmp_path,
        cameras=(CameraSettings("front", "rtsp://me:secret@127.0.0.1:9/x"), CameraSettings("file", "no.mp4")),
        describe=replace(DescribeSettings(), kind="openai", base_url="http://127.0.0.1:9/v1", model="m"),
        mqtt=MqttSettings(host="127.0.0.1", port=free_port()),
        retention=RetentionSettings(min_free_bytes=10**18),
    )
    assert not check(Options(config))
    out = capsys.readouterr().out
    assert "secret" not in out
    failed = [line.split(":")[0] for line in out.splitlines() if line.startswith("FAIL")]
    assert failed == ["FAIL  camera front", "FAIL  camera file", "FAIL  words", "FAIL  mqtt", "FAIL  disk"]


def test_a_broker_whose_name_cannot_be_one_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not check(Options(Config(data=tmp_path, mqtt=MqttSettings(host="broker..lan"))))
    assert "FAIL  mqtt: 'broker..lan' cannot be connected to: " in capsys.readouterr().out


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_broker_that_lets_us_publish_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with broker(tmp_path / "broker") as peer:
        check(Options(Config(data=tmp_path, mqtt=MqttSettings(host=f"mqtt://127.0.0.1:{peer.port}"))))
    assert f"ok    mqtt: 127.0.0.1:{peer.port}, 15 kinds of topics can be" in capsys.readouterr().out


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_broker_that_denies_a_topic_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = access_rules(tmp_path, "topic readwrite livereel/#")
    with broker(tmp_path / "broker", "allow_anonymous true", rules) as peer:
        assert not check(Options(Config(data=tmp_path, mqtt=MqttSettings("127.0.0.1", peer.port))))
    out = capsys.readouterr().out
    assert (
        f"FAIL  mqtt: 127.0.0.1:{peer.port}: may not publish to homeassistant/device/livereel/config" in out
    )


def test_credentials_in_the_host_are_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for host in ("mqtt://me:secret@127.0.0.1:9", "me:secret@127.0.0.1:9", "http://me:secret@broker"):
        assert not check(Options(Config(data=tmp_path, mqtt=MqttSettings(host))))
    out = capsys.readouterr().out
    assert out.count("FAIL  mqtt: ") == 3
    assert "secret" not in out


def test_a_single_picture_is_ok_and_reported_as_polled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pages(snap_jpg=Page(snapshot(), "image/jpeg")) as server:
        cameras = (
            CameraSettings("found", server.address("/snap.jpg")),
            CameraSettings("asked", server.address("/snap.jpg"), poll_s=5.0),
        )
        check(Options(Config(data=tmp_path, cameras=cameras)))
    out = capsys.readouterr().out
    assert "mjpeg 320x240 at 0.5 fps; a single picture is served there: it is fetched each 2 s\n" in out
    assert "mjpeg 320x240 at 0.2 fps; a single picture is served there: it is fetched each 5 s\n" in out
