"""What moved in a window, as a record: movers, cuts and changes of light."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.signal.light import LightChange
from analyzer.signal.movers.mover import Mover, most_at_once

__all__ = ["Activity", "LightChange", "Mover"]


@dataclass(frozen=True, slots=True)
class Activity:
    """What moved in one window.

    Attributes:
        active_s: seconds in which the signal was above the quiet threshold.
        share: largest share of the picture that changed in one frame (except at cuts), 0 to 1.
        movers: what moved, most important first, at most 12.
        cuts: media times at which the whole picture was replaced.
        light: changes of light, in time order.
    """

    active_s: float = 0.0
    share: float = 0.0
    movers: tuple[Mover, ...] = ()
    cuts: tuple[float, ...] = ()
    light: tuple[LightChange, ...] = ()

    @property
    def at_once(self) -> int:
        """How many movers were there at the same time, at most."""
        return most_at_once(self.movers)
