"""From frames and sound to measured windows: the motion signal, its peaks, what moved, and loud noises.

Read in this order:

- ``settings``: the settings of the signal and its peaks, with their bounds.
- ``motion``: the motion signal: how many pixels changed from frame to frame, and its noise floor.
- ``noise``: differences between frames that are not motion.
- ``colour``: where the chroma of the picture changed, independent of brightness.
- ``light``: changes of the whole picture's brightness, distinguished from flicker.
- ``flicker``: small fixed regions that change regularly: on-screen clocks, blinking lamps, counters.
- ``peaks``: peaks of the signal, found online.
- ``activity_spans``: spans of activity, with the highest peak of each.
- ``window_peaks``: the peaks of a window, and which of them become keyframes.
- ``movers``: what moved, tracked over a grid of changed cells; see there.
- ``activity``: what moved in a window, as a record: movers, cuts and changes of light.
- ``activity_meter``: measure what moved in a window.
- ``sound``: the sound of a window: its level, its noise floor, and its peaks; see there.
- ``window``: the records of a window: ten seconds of one camera.
- ``windower``: the Windower: frames of one epoch in, measured windows out.
"""
