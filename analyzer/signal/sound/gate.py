"""VoiceGate: whether a block may hold a voice, judged at little cost, so that the detector can rest."""

from __future__ import annotations

import numpy as np

from analyzer.signal.sound.blocks import BANDS, BLOCK_S, RATE_HZ, VOICE_BANDS, Block, Samples
from analyzer.signal.sound.floor import quantile

# Only what has risen by this above the floor can be speech: also as loud as the noise it is in, its syllables
# rise by more.
_RISE_DB = 1.5
# What has risen by more may be any voice, a whisper too; below that only one with a pitch is found.
_CLEAR_DB = 6.0
# Of what is added to the floor, so much is in the bands of voices; of a burst of white noise it is half.
_SHARE = 0.6
# How much a block is like itself one period later; of noise 0.4 at most.
_PERIODIC = 0.45

_HISTORY, _LOW_SHARE = 50, 0.3  # the floor of a band: what it exceeds in most of 5 s

_BLOCK = round(RATE_HZ * BLOCK_S)
_LINES_HZ = np.fft.rfftfreq(_BLOCK, 1 / RATE_HZ)
_PITCHED = ((_LINES_HZ >= 100) & (_LINES_HZ <= 1500)).astype(np.float32)  # where the harmonics are strong
_PERIODS = slice(RATE_HZ // 400, RATE_HZ // 70 + 1)  # in samples: a pitch of 70 to 400 Hz
_WINDOW = np.hanning(_BLOCK).astype(np.float32)


def _own_likeness() -> Samples:
    """How much the window alone is like itself one period later, for each of the periods."""
    power = np.abs(np.fft.rfft(_WINDOW, 2 * _BLOCK)) ** 2
    likeness = np.fft.irfft(power)
    return np.asarray(likeness[_PERIODS] / likeness[0], np.float32)


_OWN = _own_likeness()


class VoiceGate:
    """Judges block after block; a voice is let pass in doubt."""

    def __init__(self) -> None:
        self._powers = np.zeros((_HISTORY, BANDS), np.float32)
        self._count = 0

    def push(self, block: Block, samples: Samples, rise_db: float) -> bool:
        """Whether a block that has risen so much above the floor may hold a voice."""
        power = 10 ** (block.bands / 10)
        self._powers[self._count % _HISTORY] = power
        self._count += 1
        if rise_db < _RISE_DB:
            return False
        floor = quantile(self._powers[: min(self._count, _HISTORY)], _LOW_SHARE)
        added = np.maximum(power - floor, 0.0)
        if added[:VOICE_BANDS].sum() < _SHARE * added.sum():
            return False
        return rise_db >= _CLEAR_DB or _periodicity(samples) >= _PERIODIC


def _periodicity(samples: Samples) -> float:
    """Return how much a block is like itself one period of a voice later, 0 to 1."""
    spectrum = np.fft.rfft(samples * _WINDOW)
    likeness = np.fft.irfft((spectrum.real**2 + spectrum.imag**2) * _PITCHED)
    return float((likeness[_PERIODS] / _OWN).max() / max(likeness[0], 1e-12))
