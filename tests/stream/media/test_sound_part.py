"""The sound of a part of a file: at its place to a few milliseconds, silent where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stream.media.file import MediaError
from stream.media.sound_part import read_sound
from tests.kit.films.numbered import film
from tests.kit.sound.film import film_with_sound
from tests.kit.sound.made import RATE_HZ


@pytest.mark.parametrize(("codec", "suffix"), [("aac", "mp4"), ("aac", "ts"), ("pcm_mulaw", "mov")])
def test_a_part_is_at_its_place(codec: str, suffix: str, tmp_path: Path) -> None:
    sound = np.zeros(12 * RATE_HZ, np.float32)
    sound[7 * RATE_HZ : 8 * RATE_HZ] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)
    path = film_with_sound(tmp_path / f"film.{suffix}", sound, codec=codec)
    part = read_sound(path, 6.5, 9.0, rate_hz=RATE_HZ)
    assert len(part) == 2.5 * RATE_HZ
    loud = np.flatnonzero(np.abs(part) > 0.2) / RATE_HZ
    assert loud[0] == pytest.approx(0.5, abs=0.03)
    assert loud[-1] == pytest.approx(1.5, abs=0.03)
    beyond = read_sound(path, 11.0, 14.0, rate_hz=RATE_HZ)
    assert len(beyond) == 3 * RATE_HZ
    assert not beyond[2 * RATE_HZ :].any()


def test_a_file_without_sound_is_an_error(tmp_path: Path) -> None:
    path = film(tmp_path / "silent.mp4", seconds=1.0)
    with pytest.raises(MediaError, match="no sound"):
        read_sound(path, 0.0, 1.0, rate_hz=RATE_HZ)
