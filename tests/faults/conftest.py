"""Footage and cameras for the faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_file, write_units

LOOK = Look(width_px=320, height_px=240)
CAMERAS = {"front": 3, "back-yard": 4, "gate_2": 4, "roof": 5}  # by how long a round takes (s)


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of access units: ``plain``, the same ``large`` and ``smaller``, with ``aac`` and with ``pcma``
    sound, and in ``hevc``.
    """
    folder = tmp_path_factory.mktemp("footage")
    looks = {
        "plain": LOOK,
        "large": Look(),
        "smaller": replace(LOOK, width_px=160, height_px=120),
        "aac": replace(LOOK, audio="aac"),
        "pcma": replace(LOOK, audio="pcma"),
        "hevc": replace(LOOK, video="hevc"),
    }
    return {name: write_units(folder / name, look) for name, look in looks.items()}


@pytest.fixture
def server(footage: dict[str, Path]) -> Iterator[RtspServer]:
    """An RTSP server with one camera, ``/front``, whose picture can become smaller."""
    with rtsp_server({"/front": [footage["plain"], footage["smaller"]]}) as running:
        yield running


@pytest.fixture(scope="session")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Films in which something crosses the picture again and again, each at its own pace."""
    folder = tmp_path_factory.mktemp("films")
    looks = {name: replace(LOOK, round_s=s, moving_s=1.5) for name, s in CAMERAS.items()}
    films = {name: write_file(folder / f"{name}.mp4", look) for name, look in looks.items()}
    return [{"name": name, "source": str(film), "loop": True} for name, film in films.items()]
