"""After how long the same changes recur: stopwatches, and lamps that blink too fast for the frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_FRAMES = 8
"""So many frames with changes a place has at least."""

_LAGS_S = (0.9, 2.05)  # 25 frames a second of which each second is measured recur in 2 s
# Correlation with one period before of how far the changes differ from frame to frame. What always moves, as
# traffic, stays below 0.25; of what changes now and then more recurs by chance.
_LIKENESS, _SPARSE_LIKENESS, _SPARSE_DUTY = 0.5, 0.8, 0.5


def recurs_after_s(amounts: NDArray[np.float32], frame_s: float) -> float:
    """Return after how long changes recur; 0 where they do not.

    ``amounts`` has a row for each frame and a column for each cell.
    """
    times = np.count_nonzero(amounts.any(axis=1))
    if times < MIN_FRAMES:
        return 0.0
    least = _LIKENESS if times >= _SPARSE_DUTY * len(amounts) else _SPARSE_LIKENESS
    steps = np.diff(amounts, axis=0)  # what changes slowly is much the same a little later
    first, last = (round(lag_s / frame_s) for lag_s in _LAGS_S)
    lags = range(max(1, first), min(last, len(steps) // 2) + 1)
    alike = [_likeness(steps, lag) for lag in lags]
    best = max(alike, default=0.0)
    if best < least:
        return 0.0
    # the first of its multiples
    return frame_s * next(lag for lag, like in zip(lags, alike, strict=True) if like >= 0.9 * best)


def _likeness(rows: NDArray[np.float32], lag: int) -> float:
    """How alike rows are to those ``lag`` rows before: 1 is the same, 0 unlike."""
    flat, shift = rows.ravel(), lag * rows.shape[1]
    power = max(1e-6, float(flat @ flat))
    return float(flat[shift:] @ flat[: len(flat) - shift]) / power / (1.0 - lag / len(rows))
