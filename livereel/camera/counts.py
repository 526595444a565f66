"""Counters of one capture."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(slots=True)
class CaptureCounts:
    """What was met so far."""

    frames: int = 0
    damaged_packets: int = 0
    timeline_breaks: int = 0
    windows_without_room: int = 0
    clips_failed: int = 0
    unbuffered_packets: int = 0
    skipped_packets: int = 0

    def plus(self, other: CaptureCounts) -> CaptureCounts:
        """Return the sums."""
        return CaptureCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))
