"""Ctrl-C: a live source ends and keeps what was seen, all else stops with one line, at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.media.probe import verify
from tests.kit.cameras import senders
from tests.kit.films.scene import scene
from tests.kit.program.live_run import until
from tests.kit.program.process import LIVEREEL

LONG_S = 180.0
STOPPED = "livereel: stopped\n"
# What an interrupt meets while modules are loaded, and in a finalizer, where it cannot be raised.
WHILE_LOADING = """
import signal
from livereel.cli.interrupt import Interrupts
Interrupts().end_at_once()
signal.raise_signal(signal.SIGINT)
"""
IN_A_FINALIZER = """
import signal, sys, threading
from livereel.cli.interrupt import Interrupts
class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
interrupts = Interrupts()
interrupts.raise_them()
Finalized()
try:
    threading.Event().wait()
except KeyboardInterrupt:
    sys.exit(interrupts.stopped())
"""

# A frame as Cython adds one to a traceback: what is raised there is dropped.
IN_A_TRACEBACK = """
import signal, sys, threading
from livereel.cli.interrupt import Interrupts
def check():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        pass
check.__code__ = check.__code__.replace(co_name="av.error.err_check")
interrupts = Interrupts()
interrupts.raise_them()
try:
    check()
    threading.Event().wait(60)
    sys.exit("nothing has come")
except KeyboardInterrupt:
    sys.exit(interrupts.stopped())
"""


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[str]:
    """The address of a camera that sends JPEG pictures, on which something always moves."""
    events = [(float(nth), nth + 0.9) for nth in range(60)]
    film = scene(
        tmp_path / "film.mkv", seconds=60, events=events, fps=5, codec="mjpeg", pixel_format="yuvj420p"
    )
    with senders.over_http(senders.multipart(film, 5), senders.MULTIPART) as address:
        yield address


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [LIVEREEL, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_scan_prints_its_last_window(camera: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("window_s: 2\n")
    with started("scan", camera, "--json", "--config", tmp_path / "config.yaml") as process:
        assert process.stdout is not None  # asked for when it was started
        rows = [json.loads(process.stdout.readline()) for _ in range(2)]
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=LONG_S)
        rows += [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0
    assert "is live; its stream has no timestamps" in err
    assert len(rows) == 3
    assert [(row["start_s"], row["end_s"]) for row in rows[:2]] == [(0, 2), (2, 4)]
    assert 4 < rows[2]["end_s"] <= 6


def test_a_recap_makes_its_reel(camera: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("window_s: 2\nreel: {min_chapters: 1}\n")
    out = tmp_path / "reel"
    with started("recap", camera, "--out", out, "--config", tmp_path / "config.yaml") as process:
        assert process.stderr is not None  # asked for when it was started
        assert "Ctrl-C ends it" in process.stderr.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(9.0)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=LONG_S)
    assert process.returncode == 0
    assert verify(out / "reel.mp4").duration_s > 1.0
    assert len((out / "windows.jsonl").read_text().splitlines()) >= 2


@pytest.mark.parametrize(
    "code", [WHILE_LOADING, IN_A_FINALIZER, IN_A_TRACEBACK], ids=["loading", "finalizer", "traceback"]
)
def test_an_interrupt_that_python_would_print_is_one_line(code: str) -> None:
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", STOPPED)


def test_a_recap_of_what_is_drawn_stops_with_a_line_and_leaves_nothing(tmp_path: Path) -> None:
    drawn = "synthetic://street?duration_s=600&size=320x180"
    with started("recap", drawn, "--out", tmp_path / "reel") as process:
        until((tmp_path / "reel.part").exists, "the folder of the reel")
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=LONG_S)
    assert (process.returncode, out, err) == (130, "", STOPPED)
    assert list(tmp_path.iterdir()) == []
