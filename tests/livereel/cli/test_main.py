"""The command line: exit codes, one line a failure, and a clean end however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import livereel as package
from tests.kit.films.numbered import film
from tests.kit.films.scene import remuxed, scene
from tests.kit.program.command_line import LIVEREEL, CommandLine, peak_bytes
from tests.kit.program.live_run import until

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
MEGABYTE = 1_000_000


def test_the_version_is_the_packages(livereel: CommandLine) -> None:
    assert livereel("--version").out == f"{package.__version__}\n"


def test_a_run_whose_model_is_not_there_ends(livereel: CommandLine, tmp_path: Path) -> None:
    model = tmp_path / "gone"
    watching: list[str | Path] = ["watch", "synthetic://street", "--data", tmp_path / "data", "--no-web"]
    ended = livereel(*watching, "--describe", "vllm", "--model", model)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1] == f"livereel: there is no model folder {model}"


def test_each_mistake_in_the_configuration_is_one_line(livereel: CommandLine, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("reel:\n  evry_s: 3\n  style: film\n")
    ended = livereel("scan", "a.mp4", "--config", config)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"livereel: {config}:2: reel.evry_s: no such option; did you mean every_s?\n"
        f"livereel: {config}:3: reel.style: expected clips or keyframes\n"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"topic_prefix": "live+reel"},
            "{config}:1: mqtt.topic_prefix: 'live+reel' cannot be part of a topic",
        ),
        ({"discovery_prefix": "ha/"}, "{config}:1: mqtt.discovery_prefix: 'ha/' cannot be part of a topic"),
        ({"host": "wss://me:secret@broker"}, "{config}:1: mqtt.host: cannot begin with wss://"),
        ({"tls_ca_certs": "absent.pem"}, "mqtt: certificates (absent.pem): No such file or directory"),
    ],
)
def test_what_mqtt_cannot_work_with_is_one_line(
    options: dict[str, str], said: str, livereel: CommandLine, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    cameras = [{"name": "front", "source": "synthetic://street"}]
    settings = {"data": str(tmp_path / "data"), "cameras": cameras, "mqtt": {"host": "localhost", **options}}
    settings["web"] = {"enabled": False}
    config.write_text(json.dumps(settings))
    assert livereel.failure("run", config, "--quiet").startswith(said.format(config=config))


def test_a_name_that_begins_with_a_dash_is_a_name(
    livereel: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene(tmp_path / "film.mp4", seconds=1).rename(tmp_path / "-x.mp4")
    monkeypatch.chdir(tmp_path)
    assert livereel("scan", "--", "-x.mp4").code == 0
    assert livereel("scan", "./-x.mp4").code == 0


def test_a_reader_that_closes_the_pipe_causes_no_error(tmp_path: Path) -> None:
    source = scene(tmp_path / "film.mp4", seconds=60, fps=5, size=(64, 48))
    commands: list[list[str | Path]] = [
        ["scan", source],
        ["scan", source, "--json"],
        ["--help"],
        ["--version"],
    ]
    for arguments in commands:
        command: list[str | Path] = [LIVEREEL, *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        if "scan" in arguments:
            assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() in {0, 1}


def test_output_that_does_not_fit_on_the_disk_is_a_failure(tmp_path: Path) -> None:
    source = scene(tmp_path / "film.mp4", seconds=1)
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no disk that is always full")
    with full.open("w") as out:
        done = subprocess.run(
            [LIVEREEL, "scan", source], stdout=out, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "livereel: the disk is full\n")


@contextmanager
def recapping(source: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    """A recap under way; ended by its id if it has not ended."""
    command: list[str | Path] = [LIVEREEL, "recap", source, "--out", out]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_recap_that_is_stopped_while_it_watches_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    """It is fed through a pipe that then falls silent, so it is surely watching."""
    source = film(tmp_path / "film.ts", seconds=25, fps=10, container="mpegts")
    pipe, out = tmp_path / "pipe", tmp_path / "new" / "reel"
    os.mkfifo(pipe)
    with recapping(pipe, out) as process, pipe.open("wb") as feed:
        feed.write(source.read_bytes())
        feed.flush()
        until(lambda: bool(list(out.parent.glob("reel.part/keyframes/*"))), "the first keyframe")
        process.send_signal(number)
        feed.close()  # a read that is under way comes back
        said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.ts", "pipe"]


def test_a_recap_that_is_stopped_twice_leaves_nothing(tmp_path: Path) -> None:
    """As by a second Ctrl-C, or by ``timeout``, which signals the whole group too."""
    short = film(tmp_path / "short.mp4", seconds=10, fps=25)
    source = remuxed(short, tmp_path / "film.mp4", 200)
    short.unlink()
    out = tmp_path / "reel"
    with recapping(source, out) as process:
        until(lambda: bool(list(out.parent.glob("reel.part/keyframes/*"))), "the first keyframe")
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said[1]
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


@pytest.fixture(scope="module")
def long_to_encode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One keyframe alone: no chapter of it can be copied."""
    folder = tmp_path_factory.mktemp("long")
    return film(folder / "film.mkv", seconds=40, fps=10, size=(640, 480), gop=600)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_recap_that_is_stopped_while_its_reel_is_made_leaves_nothing(
    tmp_path: Path, long_to_encode: Path, number: signal.Signals
) -> None:
    source = long_to_encode
    out = tmp_path / "new" / "reel"
    with recapping(source, out) as process:
        until((out.parent / "reel.part" / "reel.mp4.part").exists, "the reel's beginning")
        process.send_signal(number)
        said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said[1]
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_memory_does_not_grow_with_the_files_length(tmp_path: Path) -> None:
    """Twelve minutes and two, of the same pictures."""
    short = remuxed(
        scene(tmp_path / "scene.mp4", seconds=10, fps=1, gop=2, sound="aac", events=[(2, 6)]),
        tmp_path / "short.mp4",
        120,
    )
    long = remuxed(short, tmp_path / "long.mp4", 720)
    for command, options, most in (
        ("scan", [], 300 * MEGABYTE),
        ("recap", ["--out"], 400 * MEGABYTE),
    ):
        peaks = [
            peak_bytes([command, source, *options, *([tmp_path / f"{source.stem} reel"] if options else [])])
            for source in (short, long)
        ]
        assert peaks[1] < most
        assert peaks[1] - peaks[0] < 25 * MEGABYTE, peaks
