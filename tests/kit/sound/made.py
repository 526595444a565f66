"""Sounds whose events are known exactly: mono, 16 kHz, -1.0 to 1.0."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000

Samples = NDArray[np.float32]


def at_level(sound: NDArray[np.float64], level_db: float) -> Samples:
    """Scale a sound to this RMS level, in dB of full scale."""
    return np.asarray(sound / np.sqrt(np.mean(sound**2)) * 10 ** (level_db / 20), np.float32)


def fan(seconds: float, level_db: float = -45.0, *, seed: int = 1) -> Samples:
    """Steady noise, with a hum."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    hum = np.sin(2 * np.pi * 120 * np.arange(count) / RATE_HZ)
    return at_level(rng.standard_normal(count) + 0.5 * hum, level_db)


def coloured(seconds: float, level_db: float = -45.0, *, slope: float = 0.5, seed: int = 1) -> Samples:
    """Steady noise, whose amplitude falls with this power of the frequency: 0 is white, 0.5 pink, 1 brown."""
    count = round(seconds * RATE_HZ)
    lines = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    hz = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 50.0)
    return at_level(np.asarray(np.fft.irfft(lines / hz**slope, count)), level_db)


def swelling(sound: Samples, *, period_s: float, swing_db: float) -> Samples:
    """A sound whose level rises and falls without end, by this much either way."""
    at_s = np.arange(len(sound)) / RATE_HZ
    gain_db = swing_db * np.sin(2 * np.pi * at_s / period_s)
    return np.asarray(sound * 10 ** (gain_db / 20), np.float32)


def shaped(rng: np.random.Generator, count: int, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """Noise of one band."""
    lines = np.fft.rfft(rng.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    return np.asarray(np.fft.irfft(lines * ((hz >= low_hz) & (hz <= high_hz)), count))


@cache
def talk(seconds: float, level_db: float = -30.0, *, seed: int = 1) -> Samples:
    """One voice: syllables of a pulse train through moving formants, with pauses between phrases."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    voice = np.zeros(count)
    at = 0
    while at < count:
        for _ in range(int(rng.integers(4, 10))):
            length = int(rng.uniform(0.12, 0.28) * RATE_HZ)
            voice[at : at + length] += _syllable(rng, length)[: max(0, count - at)]
            at += length
        at += int(rng.uniform(0.15, 0.6) * RATE_HZ)
    return at_level(voice, level_db)


def _syllable(rng: np.random.Generator, length: int) -> NDArray[np.float64]:
    at_s = np.arange(length) / RATE_HZ
    envelope = np.sin(np.pi * np.arange(length) / length) ** 0.7
    if rng.random() < 0.2:  # a fricative
        return np.asarray(0.3 * envelope * shaped(rng, length, 3500, 7000))
    pitch_hz = rng.uniform(95, 140) * (1 + 0.1 * at_s)
    formants = rng.uniform(300, 800), rng.uniform(900, 2200), rng.uniform(2300, 3000)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    sound = np.zeros(length)
    for harmonic in range(1, 30):
        hz = harmonic * float(pitch_hz.mean())
        gain = sum(1 / (1 + ((hz - formant) / 90) ** 2) / (1 + nth) for nth, formant in enumerate(formants))
        sound += gain * np.sin(harmonic * phase)
    return np.asarray(envelope * sound * 10 ** (rng.uniform(-4, 4) / 20))


def murmur(seconds: float, level_db: float = -35.0, *, voices: int = 8, seed: int = 1) -> Samples:
    """A crowd: many voices at once, the same again after 20 s."""
    voices_of = [talk(min(seconds, 20.0), seed=seed + voice) for voice in range(voices)]
    crowd = np.sum(voices_of, axis=0, dtype=np.float64)
    return at_level(np.resize(crowd, round(seconds * RATE_HZ)), level_db)


def music(seconds: float, level_db: float = -30.0, *, seed: int = 1) -> Samples:
    """Chords that change every second, with a beat."""
    rng = np.random.default_rng(seed)
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    roots = rng.choice([131.0, 147.0, 165.0, 175.0, 196.0, 220.0], int(seconds) + 1)
    root_hz = roots[at_s.astype(int)]
    phase = 2 * np.pi * np.cumsum(root_hz) / RATE_HZ
    sound = np.zeros(len(at_s))
    for ratio in (1.0, 1.25, 1.5, 2.0):
        for harmonic in range(1, 7):
            sound += np.sin(ratio * harmonic * phase) / harmonic
    beat = np.exp(-np.mod(at_s, 0.5) / 0.05) * rng.standard_normal(len(at_s))
    return at_level(sound * (0.6 + 0.4 * np.exp(-np.mod(at_s, 1.0))) + 0.8 * beat, level_db)


def siren(seconds: float, level_db: float = -30.0) -> Samples:
    """Two tones in turn, with harmonics."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = np.where(np.mod(at_s, 1.2) < 0.6, 660.0, 880.0)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    return at_level(sum((np.sin(n * phase) / n for n in (1, 2, 3)), start=np.zeros(1)), level_db)


def crash(level_db: float = -15.0, *, seconds: float = 0.3, seed: int = 1) -> Samples:
    """A burst of noise that fades; ``level_db`` is that of its first 50 ms."""
    count = round(seconds * RATE_HZ)
    noise = np.random.default_rng(seed).standard_normal(count)
    faded = noise * np.exp(-np.arange(count) / RATE_HZ / 0.08)
    loud = np.sqrt(np.mean(faded[: RATE_HZ // 20] ** 2))
    return np.asarray(faded / loud * 10 ** (level_db / 20), np.float32)


def mixed(ground: Samples, *events: tuple[float, Samples]) -> Samples:
    """Sounds added to another at these times (s)."""
    total = ground.copy()
    for at_s, sound in events:
        first = round(at_s * RATE_HZ)
        total[first : first + len(sound)] += sound[: len(total) - first]
    return np.clip(total, -1, 1)
