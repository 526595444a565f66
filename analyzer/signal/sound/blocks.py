"""Tenths of a second of sound, measured: level, loudest moment, spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
BLOCK_S = 0.1
SILENT_DB = -100.0
"""The level of digital silence."""

BANDS = 18

VOICE_BANDS = 13
"""The lowest bands, up to 4.2 kHz, in which most of a voice is."""

Samples = NDArray[np.float32]
"""Mono sound of shape (samples,), -1.0 to 1.0."""

_BLOCK = round(RATE_HZ * BLOCK_S)
_PART = RATE_HZ // 100
_LOW_HZ, _HIGH_HZ = 100.0, 7_600.0  # wind and hum are below; the resampler's edge is above
# Of parts that are about as loud as the loudest, the first one is where a noise begins.
_ABOUT = 0.7
# Samples this large are clipped, if there are several in a block.
_FULL, _CLIPPED_SAMPLES = 0.985, 4
# Timestamps jitter by less than this; more is a hole, or an overlap.
_JITTER_S = 0.03
# What lies further ahead of the sound so far is a wrong timestamp, unless so many in a row agree.
_MAX_AHEAD_S, _MOST_WRONG = 10.0, 30


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A tenth of a second.

    Attributes:
        index: its number from media time 0 on.
        level_db: RMS in dB of full scale, without what is below 100 Hz; at least ``SILENT_DB``.
        loudest_s: media time of its first hundredth of a second that is about as loud as the loudest.
        bands: power in each of ``BANDS`` bands of equal width on the mel scale, in dB.
        clipped: whether it is overdriven.
        constant: whether all samples are the same.
    """

    index: int
    level_db: float
    loudest_s: float
    bands: NDArray[np.float32]
    clipped: bool
    constant: bool

    @property
    def start_s(self) -> float:
        """Media time at which it begins."""
        return self.index * BLOCK_S


def _filters() -> NDArray[np.float32]:
    """The bands as rows over the spectrum's lines, (BANDS, lines): each line in one band."""
    lines_hz = np.asarray(np.fft.rfftfreq(_BLOCK, 1 / RATE_HZ), np.float64)
    edges = np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), BANDS + 1)
    place = np.digitize(_mel(lines_hz), edges) - 1
    return np.asarray(place[None, :] == np.arange(BANDS)[:, None], np.float32)


def _mel(hz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log1p(np.asarray(hz) / 700.0))


_FILTERS = _filters()


class BlockMeter:
    """Cuts samples into blocks that are aligned to media time, and measures them.

    Less than a block is held. A hole drops the block in which it begins and that in which it ends; what lies
    before media time 0, overlaps or is far ahead is dropped.
    """

    def __init__(self) -> None:
        self._held: list[Samples] = []
        self._held_samples = 0
        self._ahead = 0  # pieces in a row that were far ahead
        self._at = 0  # number of the sample after those held

    def push(self, at_s: float, samples: Samples) -> list[tuple[Block, Samples]]:
        """Add samples, the first of them at this media time; returns complete blocks with their samples."""
        at = round(at_s * RATE_HZ)
        off = at - self._at
        self._ahead = self._ahead + 1 if off > _MAX_AHEAD_S * RATE_HZ else 0
        if 0 < self._ahead <= _MOST_WRONG:
            return []
        if off < -_JITTER_S * RATE_HZ:
            samples, off = samples[-off:], 0
        elif off > _JITTER_S * RATE_HZ or (not self._held_samples and off > 0):
            to_border = -at % _BLOCK
            samples, self._at = samples[to_border:], at + to_border
            self._held, self._held_samples = [], 0
        if not len(samples):
            return []
        self._held.append(samples)
        self._held_samples += len(samples)
        self._at += len(samples)
        count = self._held_samples // _BLOCK
        if not count:
            return []
        joined = np.concatenate(self._held)
        first = (self._at - self._held_samples) // _BLOCK
        rest = joined[count * _BLOCK :]
        self._held, self._held_samples = ([rest] if len(rest) else []), len(rest)
        blocks = joined[: count * _BLOCK].reshape(count, _BLOCK)
        return list(zip(_measured(blocks, first), blocks, strict=True))


def _measured(blocks: Samples, first: int) -> list[Block]:
    highest, lowest = blocks.max(axis=1), blocks.min(axis=1)
    constant = highest == lowest
    clipped = np.zeros(len(blocks), bool)
    if max(highest.max(), -lowest.min()) >= _FULL:
        clipped = np.count_nonzero(np.abs(blocks) >= _FULL, axis=1) >= _CLIPPED_SAMPLES
    spectrum = np.fft.rfft(blocks, axis=1)
    lines = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * np.float32(2 / _BLOCK**2)
    power = lines @ _FILTERS.T
    least = 10 ** (SILENT_DB / 10)
    levels = 10 * np.log10(np.maximum(power.sum(axis=1), least))
    bands = 10 * np.log10(np.maximum(power, least))
    level = (blocks - spectrum[:, :1].real / _BLOCK).reshape(len(blocks), -1, _PART)
    parts = np.einsum("bps,bps->bp", level, level)
    loudest = (parts >= _ABOUT * parts.max(axis=1, keepdims=True)).argmax(axis=1)
    return [
        Block(
            index=first + nth,
            level_db=float(levels[nth]),
            loudest_s=(first + nth) * BLOCK_S + int(loudest[nth]) * _PART / RATE_HZ,
            bands=bands[nth],
            clipped=bool(clipped[nth]),
            constant=bool(constant[nth]),
        )
        for nth in range(len(blocks))
    ]
