"""Packets decoded to frames: luma at analysis size, a colour picture on request.

Read in this order:

- ``frame``: a decoded frame: luma and colour at analysis size, and its picture on request.
- ``frame_skip``: frames of a fast stream that are not measured; most of them are not even decoded.
- ``integrity``: integrity of a damaged stream: which of its frames can be trusted.
- ``decoder``: decode the packets of one video stream to frames.
"""
