"""Measure what moved in a window."""

from __future__ import annotations

from analyzer.signal.activity import Activity
from analyzer.signal.light import LightMeter
from analyzer.signal.motion import Motion
from analyzer.signal.movers.tracker import MoverTracker

_PAUSE_S = 1.0  # the most time that one frame counts for: streams pause, and clocks jump


class ActivityMeter:
    """Measures the windows of one epoch in turn, from the motion of each frame."""

    def __init__(self) -> None:
        self._movers = MoverTracker()
        self._light = LightMeter()
        self._cuts: list[float] = []
        self._active_s = 0.0
        self._share = 0.0
        self._last_s: float | None = None

    def add(self, motion: Motion, picture_px: int) -> None:
        """Add one frame; ``picture_px`` is how many pixels its motion was measured on."""
        last_s = motion.pts_s if self._last_s is None else self._last_s
        since_s = max(0.0, motion.pts_s - last_s)
        self._last_s = last_s + since_s
        if motion.value > motion.threshold:
            self._active_s += min(since_s, _PAUSE_S)
        if motion.cut or motion.back:
            self._cuts += [motion.pts_s] if motion.cut else []
            self._light.cut()
            self._movers.cut()
            return
        if motion.value > motion.threshold:
            self._share = max(self._share, min(1.0, motion.value / picture_px))
        self._light.add(motion.pts_s, motion.shift)
        self._movers.add(motion.pts_s, motion.grid)

    def withdraw_cut(self) -> None:
        """Remove the newest cut: it was a single frame of another scene."""
        del self._cuts[-1:]

    def close(self, end_s: float) -> Activity:
        """End the window at ``end_s`` and begin the next, in which a mover that goes on is a new one."""
        activity = Activity(
            self._active_s, self._share, self._movers.close(end_s), tuple(self._cuts), self._light.close()
        )
        self._cuts = []
        self._active_s = self._share = 0.0
        return activity
