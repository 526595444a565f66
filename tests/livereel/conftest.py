"""What the program's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from livereel.ledger.records import PENDING
from tests.kit.films.footage import Look, write_file
from tests.kit.program.command_line import CommandLine
from tests.kit.program.live_run import until, watching

LOOK = Look(width_px=320, height_px=240, round_s=2, moving_s=1.5)
ROUNDS = 2


@pytest.fixture
def livereel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """``livereel``, to be called with its arguments."""
    return CommandLine(monkeypatch, capsys)


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, to be copied, in which a few windows of the camera ``front`` have been described."""
    folder = tmp_path_factory.mktemp("watched")
    film = write_file(folder / "film.mp4", LOOK, rounds=ROUNDS)
    with watching(folder / "data", {"front": str(film)}) as watch:

        def all_described() -> bool:
            windows = watch.windows("front")
            outcomes = [window["outcome"] for window in windows]
            to_the_end = sum(it["end_s"] - it["start_s"] for it in windows) > ROUNDS * LOOK.round_s - 0.2
            return to_the_end and outcomes.count("described") >= 3 and PENDING not in outcomes

        until(all_described, "words for all windows")
    return folder / "data"
