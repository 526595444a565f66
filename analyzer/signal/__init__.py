"""From frames to measured windows: the motion signal, its peaks, and what moved.

Read in this order:

- ``settings``: the settings of the signal and its peaks, with their bounds.
- ``motion``: the motion signal: how many pixels changed from frame to frame, and its noise floor.
- ``colour``: where the chroma of the picture changed, independent of brightness.
- ``light``: changes of the whole picture's brightness, distinguished from flicker.
- ``flicker``: small fixed regions that change regularly: on-screen clocks, blinking lamps, counters.
- ``peaks``: peaks of the signal, found online.
- ``activity_spans``: spans of activity, the peaks of a window, and which of them become keyframes.
- ``movers``: moving regions, tracked over a grid of changed cells.
- ``bodies``: which tracks are parts of one body, and which continue one another.
- ``activity``: what moved in a window: movers, cuts and changes of light.
- ``window``: a window: ten seconds of one camera, measured.
"""
