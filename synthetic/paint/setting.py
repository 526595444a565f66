"""A camera's view and light, as passed to all painters."""

from __future__ import annotations

from dataclasses import dataclass

from synthetic.paint.light import Colour, Light
from synthetic.view import View


@dataclass(frozen=True, slots=True)
class Setting:
    """A view under a light."""

    view: View
    light: Light

    def falling_upright(self, normal: tuple[float, float, float], x: float, y: float) -> Colour:
        """The factor of each colour on an upright surface at a place on the ground.

        In steps too fine to be seen, so that lit colours can be cached.
        """
        glow = self.light.upright * self.light.glow_at(x, y, 0.0)
        return self.light.falling(normal, round(glow * 64) / 64)
