"""What a camera's process sends to live viewers: nothing is made or sent without one.

Read in this order:

- ``channel``: a connection to the main process for each kind that is watched.
- ``packets``: video and sound: packets of the source as fragments.
- ``frames``: previews and the motion signal of decoded frames.
"""
