"""From frames to reels.

- ``signal``: frames to windows: motion, peaks, movers.
- ``describe``: windows to moments: what a window shows, in words.
- ``reel``: moments to reels: chapters, story and files.
- ``report``: HTML pages.
"""
