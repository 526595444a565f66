"""A camera that is drawn: what happens before it is known exactly, so demos and tests can rely on it.

``synthetic://street?seed=1&light=dusk`` names one. `parse_address` reads such an address, `SyntheticCamera`
is its stream, `scheduled` says what will happen and when, `draw` shows it without noise.
"""

from stream.synthetic.camera import SyntheticCamera
from stream.synthetic.event import Event
from stream.synthetic.scene import Scene, parse_address
from stream.synthetic.schedule import scheduled
from stream.synthetic.sensor import draw, photograph

__all__ = ["Event", "Scene", "SyntheticCamera", "draw", "parse_address", "photograph", "scheduled"]
