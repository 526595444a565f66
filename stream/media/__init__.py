"""Media files: read, probed, verified and written.

Read in this order:

- ``file``: media files on disk: read, or written completely or not at all; failures are MediaErrors.
- ``write_guard``: a file object for PyAV to write to, whose failure is raised once.
- ``timeline``: timestamps of packets and frames: repaired, cut and ordered. Pure, in ticks.
- ``track``: tracks of an MP4 file to which packets of another stream are copied.
- ``parameters``: codec parameters of clips: those of their stream when it was opened, or later ones.
- ``reader``: a media file open for reading: its first frame, and packets and frames from any time on.
- ``probe``: what the headers of a media file state, and whether it decodes to its end.
- ``clip``: write demuxed packets to an MP4 file without re-encoding the video.
- ``sound``: decode and resample audio, and encode it as AAC at exact positions of a track.
- ``sound_part``: the sound of a part of a media file, as samples.
- ``fragments``: fragmented MP4 for live playing: a header, then a fragment for each frame.
- ``sound_fragments``: sound for live playing: AAC is copied, other codecs are encoded.
- ``frame_grab``: single frames out of a media file, and JPEG files.
- ``edit``: see there.
"""
