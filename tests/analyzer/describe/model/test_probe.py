from __future__ import annotations

from pathlib import Path

import numpy as np

from analyzer.describe.model.pictures import decode, read_jpegs
from analyzer.describe.model.probe import drawn_window


def test_the_drawn_window_shows_a_red_ball_that_goes_from_left_to_right(tmp_path: Path) -> None:
    window = drawn_window(tmp_path)
    pictures = decode(read_jpegs(window), lambda height, width: (height, width)).astype(int)
    red = (pictures[..., 0] > 180) & (pictures[..., 1] < 90)
    places = [float(np.nonzero(picture)[1].mean()) for picture in red]
    assert places == sorted(places)
    assert places[0] < 100
    assert places[-1] > 540
    assert all(window.start_s <= keyframe.pts_s < window.end_s for keyframe in window.keyframes)
