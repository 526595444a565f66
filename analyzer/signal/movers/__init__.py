"""Movers: what moved, tracked over a grid of changed cells.

Read in this order:

- ``mover``: a mover: one thing that moved in a window.
- ``blobs``: changed cells of a grid that touch.
- ``tracker``: assign blobs to tracks.
- ``tracklet``: what the tracker found of one mover in a window.
- ``bands``: bodies that touch but go at different speeds.
- ``bodies``: which tracklets are parts of one body, and which continue one another.
"""
