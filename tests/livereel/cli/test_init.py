"""``livereel init`` writes a configuration that ``livereel check`` accepts."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livereel.config.file import load
from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_units
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine

SESAME = "p@ss:w/rd"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def test_what_it_writes_of_a_file_passes_check(livereel: CommandLine, tmp_path: Path, config: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=1)
    done = livereel("init", config, "--source", str(film), "--name", "front", "--data", tmp_path / "data")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{config}: written",
        f"then try it:  livereel check {config}",
        f"and watch:  livereel run {config}",
    ]
    assert len(config.read_text().splitlines()) == 9
    checked = livereel("check", config)
    assert (checked.code, checked.err) == (0, "")
    assert f"ok    camera front: {film}" in checked.out


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    footage = write_units(tmp_path_factory.mktemp("footage") / "main", Look())
    with rtsp_server({"/main": [footage]}, user="me", password=SESAME) as running:
        yield running


def test_the_password_goes_into_the_environment(
    livereel: CommandLine, server: RtspServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = server.address("/main", "me:p%40ss%3Aw%2Frd@")
    done = livereel("init", config, "--source", source, "--name", "front", "--data", config.parent / "data")
    assert "set the password as it stood in the address:  export CAMERA_PASSWORD='...'" in done.out
    assert "p%40ss" not in done.out + config.read_text()
    assert "the environment has no CAMERA_PASSWORD" in livereel.failure("check", config)
    monkeypatch.setenv("CAMERA_PASSWORD", "p%40ss%3Aw%2Frd")
    assert load(config).cameras[0].source == source
    checked = livereel("check", config)
    assert checked.code == 0, checked.out
    assert "ok    camera front: rtsp://***@127.0.0.1" in checked.out


@pytest.mark.parametrize(
    ("source", "written", "variables"),
    [
        ("rtsp://10.0.0.5:554/a@b", "rtsp://10.0.0.5:554/a@b", []),
        ("rtsp://me@10.0.0.5/a", "rtsp://me@10.0.0.5/a", []),
        ("rtsp://me:a@b/c@10.0.0.5/d", "rtsp://me:${CAMERA_PASSWORD}@10.0.0.5/d", ["CAMERA_PASSWORD"]),
        ("http://me:x@h/a?pwd=y&b=1", "http://me:${CAMERA_PASSWORD}@h/a?pwd=${CAMERA_PASSWORD_2}&b=1", None),
        (
            "rtsp://h/user=a_password=x_stream=1",
            "rtsp://h/user=a_password=${CAMERA_PASSWORD}_stream=1",
            None,
        ),
        ("rtsp://me:${FRONT}@10.0.0.5/a", "rtsp://me:${FRONT}@10.0.0.5/a", ["FRONT"]),
    ],
)
def test_passwords_are_found_wherever_they_stand(
    livereel: CommandLine, config: Path, source: str, written: str, variables: list[str] | None
) -> None:
    done = livereel("init", config, "--source", source, "--name", "front", "--yes")
    assert done.code == 0, done.err
    assert f'source: "{written}"\n' in config.read_text()
    if variables is not None:
        assert re.findall(r"export (\w+)=", done.out) == variables


def test_a_brokers_password_goes_there_too(livereel: CommandLine, config: Path) -> None:
    livereel("init", config, "--source", "film.mp4", "--name", "front", "--mqtt-host", "mqtt://me:x@10.0.0.9")
    assert 'mqtt: {host: "mqtt://me:${MQTT_PASSWORD}@10.0.0.9"}' in config.read_text()


def test_a_file_that_is_there_is_left_as_it_is(livereel: CommandLine, config: Path) -> None:
    config.write_text("window_s: 5\n")
    said = livereel.failure("init", config, "--source", "film.mp4")
    assert said == f"{config} exists already"
    assert config.read_text() == "window_s: 5\n"


def test_without_a_terminal_and_a_source_it_is_wrong_usage(config: Path) -> None:
    command = [sys.executable, "-m", "livereel.cli.main", "init", str(config)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == "livereel: --source is missing, and there is no terminal to ask for it\n"
    assert not config.exists()


def test_what_cannot_be_is_named_and_nothing_is_written(livereel: CommandLine, config: Path) -> None:
    said = livereel.failure("init", config, "--source", "film.mp4", "--name", "front door", code=2)
    expected = "expected at most 64 letters, digits, - and _, such as front-door"
    assert said == f"--name: {expected}"
    assert not config.exists()


def test_at_a_terminal_it_asks(config: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "livereel.cli.main", "init", str(config)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"rtsp://me:sesame@10.0.0.5/main\nfront\n\nfootage\n")
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        pass  # its end of the terminal is closed
    finally:
        os.close(ours)
    assert process.wait() == 0, shown
    assert b"The camera's address, or a file" in shown
    text = config.read_text()
    assert 'name: "front"' in text
    assert 'source: "rtsp://me:${CAMERA_PASSWORD}@10.0.0.5/main"' in text
    assert 'data: "footage"' in text
    assert "mqtt: {host: null}" in text
