"""Peaks of the signal, found online."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peak:
    """A local maximum of the signal: media time (s) and value (pixels of the analysis picture)."""

    pts_s: float
    value: float
