"""What moved in a window, measured: movers, cuts and changes of light."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mover:
    """One thing that moved: when, from where to where, and how large.

    Attributes:
        start_s, end_s: media time of its first and last sight.
        x0, y0, x1, y1: centre at first and last sight, as fractions of the picture (0,0 is top left).
        share: largest share of the picture it changed at once, 0 to 1.
    """

    start_s: float
    end_s: float
    x0: float
    y0: float
    x1: float
    y1: float
    share: float


@dataclass(frozen=True, slots=True)
class LightChange:
    """A change of the whole picture's brightness: when (s) and by how many grey levels."""

    at_s: float
    levels: float


@dataclass(frozen=True, slots=True)
class Activity:
    """All that was measured of one window.

    Attributes:
        active_s: seconds in which the signal was above the quiet threshold.
        share: largest share of the picture that changed in one frame, 0 to 1.
        movers: what moved, most important first, at most 12.
        cuts: media times at which the whole picture was replaced.
        light: changes of light, in time order.
    """

    active_s: float = 0.0
    share: float = 0.0
    movers: tuple[Mover, ...] = ()
    cuts: tuple[float, ...] = ()
    light: tuple[LightChange, ...] = ()
