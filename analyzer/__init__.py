"""From frames to reels.

- ``signal``: frames to windows: motion, peaks, movers.
- ``describe``: windows to moments: what a window shows, in words.
- ``transcribe``: what is said in windows, as text.
- ``reel``: moments to reels: chapters, story and files.
- ``report``: HTML pages.
"""
