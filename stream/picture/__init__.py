"""Frames as they are displayed: upright, in square pixels, in the colours of an ordinary screen.

Read in this order:

- ``display``: how a stored frame is displayed: orientation and pixel aspect ratio.
- ``tone``: tone mapping of HDR and wide-gamut frames.
- ``colour``: colour matrix and range of stored frames, converted for display.
- ``render``: render frames as they are displayed: upright, in square pixels, SDR.
"""
