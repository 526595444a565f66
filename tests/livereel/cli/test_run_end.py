"""How ``watch`` and ``run`` end: what was seen, or that no camera could be watched."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.kit.cameras.rtsp import free_port
from tests.kit.films.scene import scene
from tests.kit.program.command_line import LIVEREEL, CommandLine
from tests.kit.program.live_run import LONG_S, until

Run = Callable[..., tuple[int, list[str]]]

STREET = "synthetic://street?seed=7&size=320x180&fps=8"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scene(tmp_path_factory.mktemp("film") / "film.mp4", seconds=3, events=[(0.5, 2.0)])


class Started:
    """The program, started and read as by a user."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def said(self) -> str:
        return self._log.read_text()

    def until_said(self, text: str) -> None:
        until(lambda: text in self.said() or self._process.poll() is not None, text)
        assert text in self.said()

    def end(self, number: signal.Signals | None = None) -> tuple[int, list[str]]:
        """Its exit code and the lines of its log, when it has ended: of itself, or by a signal."""
        if number is not None:
            self._process.send_signal(number)
        return self._process.wait(LONG_S), self.said().splitlines()


@contextmanager
def started(tmp_path: Path, command: str, *arguments: str | Path) -> Iterator[Started]:
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [LIVEREEL, command, "--no-web", *arguments], stdout=file, stderr=file, cwd=tmp_path
        )
    try:
        yield Started(process, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def refused() -> str:
    """The address of a camera that nothing serves."""
    return f"rtsp://me:geheim@127.0.0.1:{free_port()}/front"


def closing_line(address: str, reason: str) -> str:
    return f"livereel: no camera could be watched: front ({address}): {reason}"


def shown(address: str) -> str:
    return address.replace("me:geheim@", "***@")


def config(tmp_path: Path, **cameras: str | Path) -> Path:
    file = tmp_path / "config.yaml"
    listed = [{"name": name, "source": str(source)} for name, source in cameras.items()]
    file.write_text(json.dumps({"data": str(tmp_path / "data"), "cameras": listed}))
    return file


@pytest.fixture
def ended(livereel: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command that ends of itself; its exit code and the lines of its log."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, *arguments: str | Path) -> tuple[int, list[str]]:
        it = livereel(command, "--no-web", *arguments)
        return it.code, it.err.splitlines()

    return run


def test_a_file_that_does_not_exist_ends_the_run_at_once(ended: Run) -> None:
    code, lines = ended("watch", "front.mp4")
    assert (code, lines[-1]) == (1, closing_line("front.mp4", "no such file"))


def test_a_camera_that_refused_all_the_time_is_a_failure(refused: str, tmp_path: Path) -> None:
    what: dict[str, str | Path] = {"watch": refused, "run": config(tmp_path, front=refused)}
    with ExitStack() as stack:
        programs = []
        for command, argument in what.items():
            folder = tmp_path / command
            folder.mkdir()
            programs.append(stack.enter_context(started(folder, command, argument, "--seconds", "10")))
        ended = [program.end() for program in programs]
    for code, lines in ended:
        assert (code, lines[-1]) == (1, closing_line(shown(refused), "connection refused"))
        assert "geheim" not in "".join(lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_is_retried_until_a_signal_and_then_a_failure(
    number: signal.Signals, refused: str, tmp_path: Path
) -> None:
    with started(tmp_path, "watch", refused) as program:
        program.until_said("front: waiting (connection refused)")
        code, lines = program.end(number)
    assert (code, lines[-1]) == (1, closing_line(shown(refused), "connection refused"))


def test_each_camera_is_named_up_to_three(ended: Run) -> None:
    code, lines = ended("watch", *(f"{name}.mp4" for name in "abcde"))
    named = "; ".join(f"{name} ({name}.mp4): no such file" for name in "abc")
    assert (code, lines[-1]) == (1, f"livereel: no camera could be watched: {named}; and 2 more")


def test_a_run_in_which_one_camera_could_be_watched_has_not_failed(
    film: Path, refused: str, ended: Run, tmp_path: Path
) -> None:
    code, lines = ended("run", config(tmp_path, film=film, front=refused), "--seconds", "12")
    assert code == 0
    assert any(re.search(r"INFO seen in 0:\d\d: 1 window, 1 moment, \d reels?", line) for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_a_run_and_keeps_its_open_window(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path, "watch", STREET, "--data", tmp_path / "my data") as program:
        program.until_said("street: watching")
        code, lines = program.end(number)
    assert code == 0
    assert any("INFO seen in 0:" in line and ": 1 window, 0 moments, 0 reels" in line for line in lines)
    assert lines[-1].endswith(f"INFO next: livereel ledger --data '{tmp_path / 'my data'}'")


def test_a_run_that_is_ended_before_its_first_reel_says_how_to_make_one(
    film: Path, livereel: CommandLine, tmp_path: Path
) -> None:
    """What was seen is kept, and the newcomer who looks for a reel finds none yet."""
    file = config(tmp_path, film=film, street=STREET)
    file.write_text(json.dumps({**json.loads(file.read_text()), "reel": {"every_s": "1h"}}))
    with started(tmp_path, "run", file) as program:
        program.until_said("film: ended")
        until(lambda: "described" in livereel("ledger", "--data", tmp_path / "data").out, "a moment")
        code, lines = program.end(signal.SIGINT)
    assert code == 0
    assert lines[-1].endswith(f"INFO next: livereel reel --out my-reel --data {tmp_path / 'data'}")


def test_a_run_that_begins_says_where_its_data_is_when_the_first_reel_comes_and_how_it_ends(
    film: Path, ended: Run
) -> None:
    code, lines = ended("watch", film, "--seconds", "90")
    assert code == 0
    assert [line.partition(" INFO ")[2] for line in lines[:4]] == [
        "watching 1 camera: film",
        "data: livereel-data",
        "reels: the first 60 s from now, if something has happened by then; then every 60 s",
        "Ctrl-C ends it; else it ends after 1:30",
    ]
