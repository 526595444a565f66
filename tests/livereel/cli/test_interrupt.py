"""A live source is scanned and recapped until Ctrl-C, which keeps what was seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.media.probe import verify
from tests.kit.cameras import senders
from tests.kit.films.scene import scene
from tests.kit.program.process import LIVEREEL

LONG_S = 180.0


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
