"""Sources that are fetched piece by piece over HTTP.

Read in this order:

- ``http``: fetch small resources: single pictures and playlists.
- ``playlist``: live HLS playlists: which segments are listed, and which are new.
- ``snapshot``: a camera that serves single pictures, which are polled.
"""
