"""Live cameras that refresh their picture bit by bit: clips show from their first frame what was seen."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from analyzer.signal.window import Window
from livereel.ledger.ledger import Ledger
from stream.media.frame_grab import grab
from stream.media.probe import verify
from tests.kit.cameras.rtsp import rtsp_server
from tests.kit.films.footage import write_units_of
from tests.kit.films.numbered import number_of, shown
from tests.kit.films.random_access import FPS, refreshed
from tests.kit.program.invariants import assert_all_recorded
from tests.kit.program.live_run import until, watching

ROUND_S = 12


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_clips_of_a_camera_with_intra_refresh_begin_with_a_complete_frame(codec: str, tmp_path: Path) -> None:
    film = refreshed(tmp_path / "film.ts", codec, container="mpegts", seconds=ROUND_S)
    footage = write_units_of(tmp_path / "units", film)
    data = tmp_path / "data"
    with rtsp_server({"/front": [footage]}) as server:
        with watching(data, {"front": server.address("/front")}) as watch:
            until(lambda: sum(bool(row["clip"]) for row in watch.windows("front")) >= 5, "clips")
        assert_all_recorded(watch, "front")
    with closing(Ledger(data, read_only=True)) as ledger:
        windows = [ledger.windows.get(row["id"]) for row in watch.windows("front") if row["clip"]]
    for window in windows:
        _check(window)


def _check(window: Window) -> None:
    """The clip is complete from zero on, and shows at each keyframe's time what the keyframe shows."""
    clip = window.clip
    assert clip is not None
    assert clip.file_start_s <= window.start_s + 1 / FPS
    verify(clip.path)
    pictures = shown(clip.path)
    assert pictures[0][0] == 0
    numbers = [number for _, number in pictures]
    assert all((b - a) % (ROUND_S * FPS) == 1 for a, b in pairwise(numbers)), numbers
    for keyframe in window.keyframes:
        seen = cv2.imread(str(keyframe.file))
        assert seen is not None
        [there] = grab(clip.path, [keyframe.pts_s - clip.file_start_s])
        assert number_of(there) == number_of(np.asarray(seen))
