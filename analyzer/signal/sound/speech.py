"""SpeechSpans: when there is speech, from how likely each piece of sound is a voice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.signal.sound.record import Speech
from analyzer.signal.sound.voice import PIECE_S, Piece

# What is shorter than a syllable is no speech; a longer pause ends one.
_PAUSE_S, _LEAST_S = 0.4, 0.25
# Speech that has just begun when its window ends counts when it is so long.
_LEAST_AT_END_S = 0.1
# The detector is sure of a word a little after it has begun; its last sounds it knows by itself.
_BEFORE_S = 0.1
# Pieces that wait for their window to close: more than the longest window has.
_MAX_WAITING = 22_000
_ROUNDING_S = 1e-6


@dataclass(slots=True)
class _Open:
    """Speech that has not ended: from when to when there was a voice, and how long it must last to count."""

    start_s: float
    end_s: float
    least_s: float = _LEAST_S


class SpeechSpans:
    """Joins pieces to spans of speech, window by window.

    Speech over a window's end has a part in each of the two windows.
    """

    def __init__(self) -> None:
        self._waiting: deque[Piece] = deque(maxlen=_MAX_WAITING)
        self._open: _Open | None = None

    def push(self, pieces: Iterable[Piece]) -> None:
        """Add the next pieces, in time order; what lies between them is no speech."""
        self._waiting.extend(pieces)

    def close(self, start_s: float, end_s: float) -> tuple[Speech, ...]:
        """Return the speech in the window of this media time, which ends; what came after it is kept."""
        ended: list[_Open] = []
        while self._waiting and self._waiting[0].start_s < end_s - _ROUNDING_S:
            self._add(self._waiting.popleft(), ended)
        last, self._open = self._open, None
        if last is not None:
            goes_on = end_s - last.end_s < PIECE_S
            last.least_s = min(last.least_s, _LEAST_AT_END_S) if goes_on else last.least_s
            ended.append(last)
            # Its part in the next window counts however short it is.
            if goes_on and _counts(last):
                self._open = _Open(end_s, end_s, 0.0)
        spans = [_padded(it, start_s, end_s) for it in ended if _counts(it)]
        return tuple(span for span in spans if span.end_s > span.start_s)

    def _add(self, piece: Piece, ended: list[_Open]) -> None:
        now = self._open
        if now is not None and piece.start_s + PIECE_S - now.end_s >= _PAUSE_S:
            ended.append(now)
            now = self._open = None
        if not piece.is_voice:
            return
        if now is None:
            now = self._open = _Open(piece.start_s, piece.start_s)
        now.end_s = piece.start_s + PIECE_S


def _counts(it: _Open) -> bool:
    return it.end_s - it.start_s >= it.least_s - _ROUNDING_S


def _padded(it: _Open, start_s: float, end_s: float) -> Speech:
    return Speech(round(max(start_s, it.start_s - _BEFORE_S), 3), round(min(end_s, it.end_s), 3))
