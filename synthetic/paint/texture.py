"""Surface texture that is fixed to places of the world."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_TILE = 256


class Grain:
    """Smooth random values over an endless plane, from -1 to 1."""

    def __init__(self, seed: int) -> None:
        values = np.random.default_rng(seed).uniform(-1, 1, (_TILE, _TILE))
        self._tile = values.astype(np.float32)

    def at(
        self, x: NDArray[np.float64], y: NDArray[np.float64], size: float, octaves: int = 3
    ) -> NDArray[np.float32]:
        """Values at these places; `size` is that of the largest spots, each octave halves it."""
        x, y = np.broadcast_arrays(x, y)
        total = np.zeros(x.shape, np.float32)
        weight, sum_of_weights = 1.0, 0.0
        for octave in range(octaves):
            scale = 2**octave / size
            # Each octave reads another part of the tile, or their grids would show through.
            across = np.mod(x * scale + 37.3 * octave, _TILE).astype(np.float32)
            down = np.mod(y * scale + 91.7 * octave, _TILE).astype(np.float32)
            total += weight * cv2.remap(
                self._tile, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
            )
            sum_of_weights += weight
            weight *= 0.6
        return total / np.float32(sum_of_weights)
