"""Segments of media files, joined into one file.

Read in this order:

- ``segment``: segments of media files, and their positions in a reel.
- ``join``: join segments in one MP4 file with a chapter for each: copied where possible, else re-encoded.
- ``cut``: where a segment can be cut out of an H.264 file without re-encoding.
- ``remux``: join segments of the same kind packet by packet.
- ``audio_splice``: join the AAC packets of segments without a gap, in sync with their video.
- ``encode``: re-encode segments of any kind into one video.
- ``stamp``: a line of text in the corner of a picture.
- ``slideshow``: an MP4 file of still pictures with chapters.
"""
