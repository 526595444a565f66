"""Synthetic cameras: their events are known exactly, so demos and tests can rely on them.

``synthetic://street?seed=1&light=dusk`` names one. `parse_address` reads such an address, `SyntheticCamera`
is its stream, `scheduled` says what will happen and when, `draw` shows it without noise.
"""

from synthetic.camera import SyntheticCamera
from synthetic.event import Event
from synthetic.scene import Scene, parse_address
from synthetic.schedule import scheduled
from synthetic.sensor import draw, photograph

__all__ = ["Event", "Scene", "SyntheticCamera", "draw", "parse_address", "photograph", "scheduled"]
