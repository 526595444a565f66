"""A film that the Python API is tried on, and what it makes of it, once."""

from __future__ import annotations

from pathlib import Path

import pytest

import livereel
from tests.kit.films.scene import scene

EVENTS = ((1.0, 2.0), (4.0, 5.0), (7.0, 8.0), (10.0, 11.0))


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four windows of three seconds, and something happens in each."""
    folder = tmp_path_factory.mktemp("film")
    return scene(folder / "film.mp4", seconds=12.0, events=EVENTS, sound="aac")


@pytest.fixture(scope="session")
def made(film: Path) -> livereel.Recap:
    """A recap of it, in a temporary folder."""
    return livereel.recap(film, window_s=3, progress=False)
