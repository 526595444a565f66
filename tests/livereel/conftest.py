"""What the program's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.films.footage import Look, write_file
from tests.kit.program.command_line import CommandLine
from tests.kit.program.live_run import until, watching

LOOK = Look(width_px=320, height_px=240, round_s=2, moving_s=1.5)


@pytest.fixture
def livereel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """``livereel``, to be called with its arguments."""
    return CommandLine(monkeypatch, capsys)


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, to be copied, in which a few windows of the camera ``front`` have been described."""
    folder = tmp_path_factory.mktemp("watched")
    film = write_file(folder / "film.mp4", LOOK, rounds=2)
    with watching(folder / "data", {"front": str(film)}) as watch:
        until(lambda: [w["outcome"] for w in watch.windows("front")].count("described") >= 3, "words")
    return folder / "data"
