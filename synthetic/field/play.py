"""Records of a match: positions and actions of players and ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from synthetic.view import Floats

STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Deed:
    """One event of an attack: its kind, its times, and the players in it (by their numbers)."""

    kind: str
    start_s: float
    end_s: float
    who: tuple[int, ...] = ()


class Instant(NamedTuple):
    """All players at one time, by their numbers, as in Play.

    Attributes:
        places: (13, 2) metres.
        ahead: which way each one faces, unit vectors, (13, 2).
        speed: metres a second, (13,).
        gone_m: how far each one has come, (13,).
        cheer: how far each one's arms are raised, 0 to 1, (13,).
        ball: its middle, (3,).
    """

    places: Floats
    ahead: Floats
    speed: Floats
    gone_m: Floats
    cheer: Floats
    ball: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """An attack in steps of 50 ms. In the first and the last step all players stand still.

    Attributes:
        places: of players 0-5 (attackers), 6 (keeper), 7-11 (defenders), 12 (referee), (steps, 13, 2) metres.
        ahead: which way each one faces, unit vectors, (steps, 13, 2).
        gone_m: how far each one has come, (steps, 13).
        cheer: how far each one's arms are raised, 0 to 1, (steps, 13).
        ball: its middle, (steps, 3).
        deeds: passes, shots and so on, in order of their starts.
    """

    places: Floats
    ahead: Floats
    gone_m: Floats
    cheer: Floats
    ball: Floats
    deeds: tuple[Deed, ...]

    @property
    def length_s(self) -> float:
        """Its length in seconds, to its last step."""
        return (len(self.places) - 1) * STEP_S

    def at(self, since_s: float) -> Instant:
        """Return all players at a time after its start, interpolated between steps."""
        step = min(max(since_s / STEP_S, 0.0), len(self.places) - 1.001)
        index, share = int(step), step - int(step)

        def between(values: Floats) -> Floats:
            return np.asarray(values[index] + (values[index + 1] - values[index]) * share)

        # Over two steps: a pose by the speed of one step would jitter.
        speed = (self.gone_m[index + 1] - self.gone_m[max(index - 1, 0)]) / (2 * STEP_S)
        places, ahead, ball = between(self.places), between(self.ahead), between(self.ball)
        return Instant(places, ahead, speed, between(self.gone_m), between(self.cheer), ball)
