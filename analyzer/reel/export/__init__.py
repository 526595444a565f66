"""A reel for editors: where it was cut out of its media, and the cut clips.

Modules, in reading order:

    edits      the parts of media files that a reel shows
    timeline   OpenTimelineIO, and an EDL (CMX 3600)
    segments   the CSV of LosslessCut
    bundle     a zip of the chapters, each a media file
    formats    which there are, and their files
"""
