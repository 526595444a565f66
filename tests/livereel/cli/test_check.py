"""``livereel check`` tries every part and says what works."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from analyzer.describe.settings import DescribeSettings
from analyzer.transcribe.settings import TranscribeSettings
from livereel.camera.settings import CameraSettings
from livereel.cli.check import check
from livereel.config.options import Options
from livereel.config.schema import Config
from livereel.storage.data_dir import lock_data_dir
from livereel.storage.settings import RetentionSettings
from sinks.mqtt.settings import MqttSettings
from sinks.notify.settings import NotifySettings
from sinks.web.settings import WebSettings
from sinks.web.sink import listen
from tests.kit.cameras.pages import Page, pages
from tests.kit.films.scene import scene
from tests.kit.models.event_loop import Loop
from tests.kit.models.sagemaker_runtime import ACCOUNT, DENIED, ENDPOINT, SageMaker
from tests.kit.models.speech_server import SpeechServer, says
from tests.kit.mqtt.broker import MOSQUITTO, access_rules, broker, free_port
from tests.kit.program.command_line import CommandLine
from tests.kit.records.keyframe_files import snapshot
from tests.kit.store.buckets import Bucket
from tests.kit.web.webhook import webhook

FREE_PORT = WebSettings(port=0)


def test_all_that_works_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    retention = replace(RetentionSettings(), min_free_bytes=0)
    camera = CameraSettings("front", "synthetic://street?size=320x180")
    config = Config(data=tmp_path / "data", cameras=(camera,), retention=retention, web=FREE_PORT)
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
        transcribe=TranscribeSettings(kind="openai", base_url="http://127.0.0.1:9/v1", model="m"),
        mqtt=MqttSettings(host="127.0.0.1", port=free_port()),
        retention=RetentionSettings(min_free_bytes=10**18),
        web=FREE_PORT,
    )
    assert not check(Options(config))
    out = capsys.readouterr().out
    assert "secret" not in out
    failed = [line.split(":")[0] for line in out.splitlines() if line.startswith("FAIL")]
    parts = ["camera front", "camera file", "describe", "speech", "mqtt", "disk"]
    assert failed == [f"FAIL  {part}" for part in parts]


def test_an_endpoint_of_sagemaker_is_asked_and_a_denial_is_plain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    describe = replace(DescribeSettings(), kind="sagemaker", endpoint=ENDPOINT)
    retention = RetentionSettings(min_free_bytes=0)
    options = Options(Config(data=tmp_path, describe=describe, retention=retention, web=FREE_PORT))
    service = SageMaker()
    with Loop().running() as loop:
        stack = AsyncExitStack()
        loop.run(stack.enter_async_context(service.serving()))
        try:
            assert check(options)
            assert f"ok    describe: {ENDPOINT}, held to a schema" in capsys.readouterr().out
            service.always = DENIED
            assert not check(options)
            out = capsys.readouterr().out
        finally:
            loop.run(stack.aclose())
    reason = "access is denied: its role needs sagemaker:InvokeEndpoint"
    assert f"FAIL  describe: SageMaker endpoint {ENDPOINT}: {reason}" in out
    assert ACCOUNT not in out


def test_a_store_is_written_to_and_left_as_it_was(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retention = RetentionSettings(min_free_bytes=0)
    config = Config(data=tmp_path, store=bucket.address("home"), retention=retention, web=FREE_PORT)
    assert check(Options(config))
    said = capsys.readouterr().out
    assert f"ok    store: s3://{bucket.name}/home: an object was written and removed" in said
    assert bucket.names() == []
    assert not check(Options(replace(config, store="s3://no-such-bucket-there/home")))
    assert "there is no such bucket" in capsys.readouterr().out


def test_a_transcription_server_is_asked_about_a_second_of_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SpeechServer(says({"text": ""})).in_thread() as server:
        transcribe = TranscribeSettings(kind="openai", base_url=server.url)
        check(Options(Config(data=tmp_path, transcribe=transcribe)))
    assert [round(asked.length_s, 3) for asked in server.asked] == [1.0]
    assert "ok    speech: pocketsphinx-en-us, says when something is said, " in capsys.readouterr().out


def test_a_port_of_the_pages_that_is_taken_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listen(FREE_PORT) as taken:
        port = taken.getsockname()[1]
        config = Config(data=tmp_path, web=WebSettings(port=port))
        assert not check(Options(config))
        said = f"FAIL  web: 127.0.0.1:{port}: Address already in use (web.port or --port N takes another)\n"
        assert said in capsys.readouterr().out
        with lock_data_dir(tmp_path):  # as the livereel does that serves the pages
            check(Options(config))
        assert f"ok    web: not tried: a livereel is watching with {tmp_path}\n" in capsys.readouterr().out
        check(Options(replace(config, web=WebSettings(enabled=False))))
        assert "ok    web: off\n" in capsys.readouterr().out


def test_a_broker_whose_name_cannot_be_one_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not check(Options(Config(data=tmp_path, mqtt=MqttSettings(host="broker..lan"))))
    assert "FAIL  mqtt: broker..lan:1883: not the name of a host: " in capsys.readouterr().out


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


def checked(camera: CameraSettings, tmp_path: Path, snapshots: Path | None = None) -> bool:
    config = Config(data=tmp_path, cameras=(camera,), retention=RetentionSettings(min_free_bytes=0))
    return check(Options(config), snapshots)


@pytest.mark.parametrize(
    ("areas", "works", "said"),
    [
        ({"regions": ((0.0, 0.0, 160.0, 90.0),)}, True, "at 15 fps, with sound\n"),
        (
            {"regions": ((320.0, 0.0, 9.0, 9.0),)},
            False,
            "regions[0] is outside the picture, which is 320x180\n",
        ),
        (
            {"regions": ((0.0, 0.0, 9.0, 9.0), (5000.0, 0.0, 9.0, 9.0)), "ignore": ((0.0, 180.0, 9.0, 9.0),)},
            False,
            "regions[1], ignore[0] are outside the picture, which is 320x180\n",
        ),
        (
            {"ignore": (((0.0, 0.0), (321.0, 0.0), (0.0, 80.0)),)},
            True,
            "; ignore[0] is partly outside the picture, which is 320x180\n",
        ),
        (
            {"ignore": ((0.0, 0.0, 320.0, 180.0),)},
            False,
            "regions and ignore leave nothing of the picture to analyse, which is 320x180\n",
        ),
    ],
)
def test_areas_are_held_against_the_cameras_picture(
    areas: dict[str, Any], *, works: bool, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = CameraSettings("front", "synthetic://street?size=320x180", **areas)
    assert checked(camera, tmp_path) == works
    line, *_ = capsys.readouterr().out.splitlines(keepends=True)
    assert line.startswith("ok    camera front: " if works else "FAIL  camera front: ")
    assert line.endswith(said)


def test_areas_are_of_the_stream_that_is_analysed_as_it_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upright = scene(tmp_path / "upright.mp4", seconds=1, rotation_deg=90)
    large = "synthetic://street?size=640x360"
    camera = CameraSettings("front", large, str(upright), regions=((0.0, 0.0, 600.0, 300.0),))
    assert checked(camera, tmp_path)
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert "partly" not in first
    with av.open(str(upright)) as file:
        width, height = file.streams.video[0].height, file.streams.video[0].width
    assert second.endswith(f"; regions[0] is partly outside the picture, which is {width}x{height}")


def test_a_snapshot_shows_the_regions_on_the_cameras_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pictures" / "new"
    camera = CameraSettings("front", "synthetic://street?size=320x180")
    assert checked(camera, tmp_path, folder)
    assert f"; snapshot: {folder / 'front.jpg'}\n" in capsys.readouterr().out
    plain = np.asarray(Image.open(folder / "front.jpg"), int)
    assert plain.shape == (180, 320, 3)
    (folder / "front.txt").write_text("mine")
    regions = ((40.0, 50.0, 100.0, 60.0),)
    assert checked(replace(camera, regions=regions), tmp_path, folder)
    drawn = np.asarray(Image.open(folder / "front.jpg"), int)
    changed = np.abs(drawn - plain).max(axis=2) > 60
    rows, columns = np.nonzero(changed)
    assert 45 <= rows.min() <= 52
    assert 108 <= rows.max() <= 114
    assert 36 <= columns.min() <= 42
    assert 138 <= columns.max() <= 144
    assert not changed[70:105, 60:130].any(), "only the outline and the name are drawn"
    assert sorted(file.name for file in folder.iterdir()) == ["front.jpg", "front.txt"]


def test_a_snapshot_is_there_to_find_the_region_that_lies_outside(tmp_path: Path) -> None:
    camera = CameraSettings("front", "synthetic://street?size=320x180", regions=((900.0, 0.0, 9.0, 9.0),))
    assert not checked(camera, tmp_path, tmp_path / "pictures")
    assert (tmp_path / "pictures" / "front.jpg").exists()


def test_snapshots_go_into_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    camera = CameraSettings("front", "synthetic://street?size=320x180")
    assert not checked(camera, tmp_path, tmp_path / "file")
    assert f"FAIL  camera front: {tmp_path / 'file'}: File exists\n" in capsys.readouterr().out
    assert (tmp_path / "file").read_text() == "mine"


def test_the_broker_that_refuses_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    check(Options(Config(data=tmp_path, mqtt=MqttSettings(host=f"mqtt://me:secret@127.0.0.1:{port}"))))
    assert f"FAIL  mqtt: 127.0.0.1:{port}: Connection refused\n" in capsys.readouterr().out


def test_what_has_no_effect_without_a_model_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = CameraSettings("front", "synthetic://street?size=320x180", normal="birds")
    assert checked(camera, tmp_path)
    line = "ok    describe: built in, no model; of no effect without one: cameras[0].normal\n"
    assert line in capsys.readouterr().out


def test_the_configuration_may_be_named_in_either_way(livereel: CommandLine, tmp_path: Path) -> None:
    config = tmp_path / "cameras.yaml"
    config.write_text(f"data: {tmp_path}\nretention: {{min_free_bytes: 0}}\n")
    assert livereel("check", "--config", config).out == livereel("check", config).out
    said = livereel.failure("check", config, "--config", config, code=2)
    assert said == "CONFIG and --config name the same thing: give one of them"


def test_notification_services_are_tried_when_asked_and_their_addresses_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    retention = replace(RetentionSettings(), min_free_bytes=0)
    with webhook() as works, webhook() as fails:
        fails.status = 403
        services = (NotifySettings(works.url), NotifySettings(fails.url))
        options = Options(Config(data=tmp_path, retention=retention, notify=services, web=FREE_PORT))
        assert check(options)
        assert not works.asked
        assert not check(options, notify=True)
        assert works.titles == ["livereel"]
    out = capsys.readouterr().out
    assert "ok    notify-json-1: Apprise knows the address; check --notify sends a test\n" in out
    assert "ok    notify-json-1: a test was accepted\n" in out
    assert "FAIL  notify-json-2: Failed to send JSON POST notification" in out
    assert "sesame" not in out
