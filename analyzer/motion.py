"""The motion signal: how much of the picture changed from frame to frame, and its noise floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Motion:
    """What changed between one frame and the frame before.

    Attributes:
        pts_s: media time of the frame.
        value: the signal: pixels of the analysis picture that changed.
        floor: what the signal would show here from noise alone, in pixels.
        threshold: the value above which something clearly happens, in pixels.
        shift: the picture-wide change of brightness that was removed, in grey levels, signed.
        cut: the whole picture was replaced.
        grid: share of each cell of a coarse grid that changed, uint8 (rows, columns), 255 is all of
            it; None when the value is not above the threshold.
    """

    pts_s: float
    value: float
    floor: float
    threshold: float
    shift: float
    cut: bool
    grid: NDArray[np.uint8] | None
