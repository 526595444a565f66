"""Footage and cameras for the faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.cameras.rtsp import RtspServer, rtsp_server
from tests.kit.films.footage import Look, write_units


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of access units: ``plain`` and the same ``smaller``, with ``aac`` and with ``pcma`` sound, and
    in ``hevc``.
    """
    folder = tmp_path_factory.mktemp("footage")
    looks = {
        "plain": Look(),
        "smaller": Look(width_px=320, height_px=240),
        "aac": Look(audio="aac"),
        "pcma": Look(audio="pcma"),
        "hevc": Look(video="hevc"),
    }
    return {name: write_units(folder / name, look) for name, look in looks.items()}


@pytest.fixture
def server(footage: dict[str, Path]) -> Iterator[RtspServer]:
    """An RTSP server with one camera, ``/front``, whose picture can become smaller."""
    with rtsp_server({"/front": [footage["plain"], footage["smaller"]]}) as running:
        yield running
