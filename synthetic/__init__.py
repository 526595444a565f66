"""Synthetic cameras: their events are known exactly, so demos and tests can rely on them.

``synthetic://street?seed=1&light=dusk`` names one. `parse_address` reads such an address, `SyntheticCamera`
is its stream, `scheduled` says what will happen and when, `noises` what will be loud, `draw` shows it without
noise.

Read in this order:

- ``scene``: the scene of a synthetic camera, and its address.
- ``event``: an event in front of a synthetic camera: when and where.
- ``schedule``: the times of events: one group in each period, with quiet in between.
- ``view``: projection of the world onto the picture.
- ``paint``: drawing primitives shared by the scenes.
- ``street``: ``synthetic://street``.
- ``field``: ``synthetic://field``.
- ``sensor``: the sensor of a camera: exposure and noise.
- ``loud``: the loud sounds of events, known exactly: whistle, roar, horn, babble.
- ``sound``: ambience, and the sounds of events.
- ``camera``: the drawn camera as a stream of bytes.
"""

from synthetic.camera import SyntheticCamera
from synthetic.event import Event
from synthetic.loud import Noise, noises
from synthetic.scene import Scene, parse_address
from synthetic.schedule import scheduled
from synthetic.sensor import draw, photograph

__all__ = [
    "Event",
    "Noise",
    "Scene",
    "SyntheticCamera",
    "draw",
    "noises",
    "parse_address",
    "photograph",
    "scheduled",
]
