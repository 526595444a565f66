"""Which track of a file is used: one rule for analysis, clips, reels and verification.

Read in this order:

- ``motion_photo``: photos with a short film behind the picture: where it is, and how FFmpeg opens it.
- ``lengths``: how long the tracks of a file play, measured by its packets.
- ``choice``: which video track is used, and which audio track with it.
"""
