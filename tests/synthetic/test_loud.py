"""The loud sounds of synthetic cameras: at known times, and found there and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.signal.settings import SoundSettings
from analyzer.signal.sound.meter import SoundMeter
from analyzer.signal.sound.record import Sound
from synthetic import Scene, noises, scheduled
from synthetic.sound import RATE_HZ, Soundscape

LENGTH_S = 300


def measured(scene: Scene) -> Sound:
    """The sound of a scene, as one long window."""
    soundscape, meter = Soundscape(scene), SoundMeter(SoundSettings(changes=False))
    for second in range(LENGTH_S):
        meter.push(float(second), soundscape.samples(second * RATE_HZ, RATE_HZ))
    sound = meter.close(0.0, LENGTH_S)
    assert sound is not None
    return sound


@pytest.mark.parametrize(("place", "seed"), [("street", 2), ("field", 1)])
def test_loud_sounds_are_found_at_their_times_and_no_others(place: str, seed: int) -> None:
    """Cars and kicks are loud as well: they are events, too."""
    scene = Scene(place=place, seed=seed)
    found, known = [peak.pts_s for peak in measured(scene).peaks], noises(scene, LENGTH_S - 5)
    hits = [any(it.start_s - 0.15 <= at_s <= it.end_s + 0.15 for at_s in found) for it in known]
    assert len(hits) > 4
    assert sum(hits) / len(hits) >= 0.9
    events = scheduled(scene, LENGTH_S)
    assert all(any(it.start_s - 0.3 <= at_s <= it.end_s + 2.5 for it in events) for at_s in found)


def test_babble_is_found_as_speech_and_nothing_else_is() -> None:
    """It is like speech, so that synthetic cameras have some; a detector knows no words."""
    scene = Scene(seed=2)
    speech = measured(scene).speech
    babble = [it for it in noises(scene, LENGTH_S - 5) if it.kind == "babble"]
    assert len(babble) > 2
    for it in babble:
        shared = [min(span.end_s, it.end_s) - max(span.start_s, it.start_s) for span in speech]
        assert sum(max(0.0, length_s) for length_s in shared) > 0.5 * (it.end_s - it.start_s)
    for span in speech:
        assert any(it.start_s - 0.3 <= span.start_s and span.end_s <= it.end_s + 0.3 for it in babble)


def test_each_kind_of_sound_comes_up() -> None:
    kinds = {noise.kind for place in ("street", "field") for noise in noises(Scene(place=place), 600)}
    assert kinds == {"horn", "babble", "roar", "whistle"}


def test_loud_sounds_do_not_depend_on_how_far_they_are_asked_for() -> None:
    scene = Scene(place="field", seed=3)
    some = noises(scene, 120)
    assert some == tuple(noise for noise in noises(scene, 600) if noise.start_s < 120)
    assert all(noise.start_s < noise.end_s for noise in some)


def test_a_horn_raises_the_level_of_its_time() -> None:
    scene = Scene(seed=2)
    horn = next(noise for noise in noises(scene, 600) if noise.kind == "horn")
    soundscape = Soundscape(scene)
    during = soundscape.samples(round((horn.start_s + 0.1) * RATE_HZ), RATE_HZ // 2)
    before = soundscape.samples(round((horn.start_s - 0.6) * RATE_HZ), RATE_HZ // 2)
    assert during.std() > 2 * before.std()
    assert np.abs(during).max() <= 1.0
