"""The gate before the detector: noise does not wake it, and no voice is lost by it."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.signal.sound.blocks import BlockMeter
from analyzer.signal.sound.floor import NoiseFloor
from analyzer.signal.sound.gate import VoiceGate
from analyzer.signal.sound.record import Speech
from analyzer.signal.sound.speech import SpeechSpans
from analyzer.signal.sound.voice import PIECE_S, Voice, detector
from tests.kit.sound import made
from tests.kit.sound.made import RATE_HZ, Samples
from tests.kit.sound.spoken import ESPEAK, spoken

needs_espeak = pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed")

SENTENCES = "Good morning everybody.", "Please close the door.", "Fire!"


RISE_DB = 1.5


def heard(sound: Samples, *, gate: bool = True) -> tuple[tuple[Speech, ...], float]:
    """The speech in a sound, and the share that was listened to; without the gate, all that rises."""
    found = detector()
    assert found is not None
    voice, spans, floor, judge = Voice(found), SpeechSpans(), NoiseFloor(10.0), VoiceGate()
    pieces = 0
    for block, samples in BlockMeter().push(0.0, sound):
        rise_db = block.level_db - floor.push(block.level_db).level_db
        may_be_voice = judge.push(block, samples, rise_db) if gate else rise_db >= RISE_DB
        listened = voice.push(block.start_s, samples, may_be_voice=may_be_voice)
        pieces += len(listened)
        spans.push(listened)
    length_s = len(sound) / RATE_HZ
    return spans.close(0.0, length_s), pieces * PIECE_S / length_s


def bursts(seconds: float) -> Samples:
    """White noise, louder for a quarter of each second."""
    noise = made.coloured(seconds, slope=0.0)
    loud = np.mod(np.arange(len(noise)), RATE_HZ) < RATE_HZ // 4
    return np.asarray(noise * np.where(loud, 4, 1), np.float32)


def said(voice: str, snr_db: int, slope: float) -> Samples:
    """The sentences, six seconds apart, in steady noise."""
    sentences = [made.at_level(spoken(text, voice).astype(np.float64), -40.0 + snr_db) for text in SENTENCES]
    ground = made.coloured(22, -40.0, slope=slope)
    return made.mixed(ground, *((4.0 + 6.0 * nth, sentence) for nth, sentence in enumerate(sentences)))


@pytest.mark.parametrize(
    ("sound", "most"),
    [
        pytest.param(made.fan(30), 0.0, id="a fan with a hum"),
        pytest.param(made.coloured(30, slope=0.0), 0.0, id="white noise"),
        pytest.param(made.coloured(30, slope=0.5), 0.0, id="pink noise"),
        pytest.param(made.siren(30), 0.1, id="a siren"),
        pytest.param(bursts(30), 0.0, id="bursts of white noise"),
        pytest.param(made.swelling(made.coloured(40), period_s=20, swing_db=6), 0.15, id="a fan that swells"),
    ],
)
def test_noise_is_not_listened_to(sound: Samples, most: float) -> None:
    speech, share = heard(sound)
    assert share <= most
    assert speech == ()


@needs_espeak
@pytest.mark.parametrize("snr_db", [20, 10, 0])
@pytest.mark.parametrize("voice", ["en", "en+f3", "de"])
@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_no_speech_is_lost_that_the_detector_would_find(voice: str, snr_db: int, slope: float) -> None:
    """Where it begins to listen bears on its first answers, so that borders differ a little."""
    sound = said(voice, snr_db, slope)
    wanted, _ = heard(sound, gate=False)
    found, _ = heard(sound)
    assert [span.start_s for span in found] == [pytest.approx(it.start_s, abs=0.3) for it in wanted]
    assert [span.end_s for span in found] == [pytest.approx(it.end_s, abs=0.3) for it in wanted]


@needs_espeak
@pytest.mark.parametrize("snr_db", [20, 10])
@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_a_whisper_is_listened_to(snr_db: int, slope: float) -> None:
    """It has no pitch; the detector finds it or not, but where it would, it is asked."""
    sound = said("en+whisper", snr_db, slope)
    wanted, _ = heard(sound, gate=False)
    found, share = heard(sound)
    assert share > 0.2
    assert all(any(it.start_s < span.end_s and span.start_s < it.end_s for span in found) for it in wanted)
