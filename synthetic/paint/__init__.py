"""Drawing primitives shared by the scenes.

Read in this order:

- ``light``: colours of surfaces by day and at dusk.
- ``setting``: a camera's view and light, as passed to all painters.
- ``texture``: surface texture that is fixed to places of the world.
- ``backdrop``: static parts of a scene, painted once at higher resolution.
- ``patch``: small drawings blended over the picture: things, light and shadow.
- ``solid``: solids with flat faces, drawn in perspective.
- ``vehicles``: cars, vans, lorries and buses.
- ``people``: people who stand, walk, run and cheer.
- ``trees``: trees.
"""
