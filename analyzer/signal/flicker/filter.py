"""Takes small regions that change regularly out of the motion of one camera."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.signal.flicker.learner import Learner
from analyzer.signal.flicker.mask import Mask
from analyzer.signal.flicker.region import Flicker
from analyzer.signal.flicker.ticker import TickerFinder
from analyzer.signal.motion import Motion


class FlickerFilter:
    """Learns the regions of one camera from its frames, and takes them out of the motion.

    Attributes:
        found: the regions found so far, each place once, and the band that is only reported.
    """

    def __init__(self, source_width_px: int, source_height_px: int) -> None:
        self._size_px = (source_width_px, source_height_px)
        self._learner = Learner()
        self._mask = Mask()
        self._ticker = TickerFinder(source_width_px, source_height_px)
        self.found: list[Flicker] = []

    @property
    def changed_s(self) -> float:
        """Media time at which a region was last learned or dropped."""
        return self._learner.changed_s

    def push(self, motion: Motion) -> Motion:
        """Take the next frame's motion; returns it without what is regular."""
        band = self._ticker.push(motion)
        if band is not None and not any(band.is_near(known) for known in self.found):
            self.found.append(band)
        if self._learner.push(motion):
            self._take_over()
        return self._mask.apply(motion)

    def look(self, now_s: float) -> None:
        """Look for regions in what was seen so far, and forget those that are regular no more."""
        self._learner.look(now_s)
        self._take_over()

    def revise(self, motions: Iterable[Motion]) -> list[Motion]:
        """Return motions, as they were pushed, without what is regular as far as that is known now."""
        mask = Mask(self._learner.regions)
        return [mask.apply(motion) for motion in motions]

    def _take_over(self) -> None:
        self._mask.replace(self._learner.regions)
        for region in self._learner.regions:
            flicker = region.flicker(self._size_px)
            if not any(flicker.is_near(known) for known in self.found):
                self.found.append(flicker)
