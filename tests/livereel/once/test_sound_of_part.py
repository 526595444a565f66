"""The sound of a part of a file: its noises, levels and speech at their times in the file, and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import livereel
from tests.kit.sound import made
from tests.kit.sound.film import film_with_sound
from tests.kit.sound.spoken import ESPEAK, spoken

pytestmark = pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed")

# Key packets are a second apart; the part begins and ends between two.
FROM_S, TO_S = 20.5, 38.3
CRASHES_S = 3.0, 20.2, 26.4, 38.7
SPOKEN_S = 5.0, 31.0


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv"])
def test_noises_levels_and_speech_have_the_times_of_the_file(tmp_path: Path, suffix: str) -> None:
    sentence = made.at_level(spoken("Please close the door behind you.").astype(np.float64), -30)
    crashes = [(at_s, made.crash(-10, seconds=0.2)) for at_s in CRASHES_S]
    samples = made.mixed(made.fan(50, -50), *crashes, *((at_s, sentence) for at_s in SPOKEN_S))
    source = film_with_sound(tmp_path / f"film.{suffix}", samples)
    made_of = livereel.recap(source, tmp_path / "reel", from_s=FROM_S, to_s=TO_S)
    windows = [seen.window for seen in made_of.windows]
    sounds = [window.sound for window in windows if window.sound is not None]
    assert len(sounds) == len(windows) == 2
    loud = [peak.pts_s for sound in sounds for peak in sound.peaks if peak.kind == "loud"]
    assert loud[0] == pytest.approx(26.4, abs=0.04)
    assert all(31.0 <= at_s <= 34.0 for at_s in loud[1:])  # the sentence
    (said,) = [it for sound in sounds for it in sound.speech]
    assert said.start_s == pytest.approx(31.0, abs=0.3)
    assert said.end_s == pytest.approx(31.0 + len(sentence) / made.RATE_HZ, abs=0.3)
    for window, sound in zip(windows, sounds, strict=True):
        length_s = window.end_s - window.start_s
        assert len(sound.levels) == pytest.approx(length_s / sound.level_step_s, abs=1.01)
        for nth, level in enumerate(sound.levels):
            at_s = window.start_s + nth * sound.level_step_s
            if level is not None and level > -25:
                assert 26.1 <= at_s <= 26.7 or 31.0 <= at_s <= 34.0
        assert all(window.start_s <= it.pts_s <= window.end_s for it in window.keyframes)
