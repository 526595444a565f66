"""Sources of encoded video, the rolling packet buffer, decoded frames, and media files.

Read in this order:

- ``address``: addresses of sources: their kind, and how they are shown without credentials.
- ``source``: what a source of packets is: its protocol, its description and its one error.
- ``container``: open an address with PyAV; its errors become SourceErrors.
- ``track_choice``: which video track of a container is used: one rule for analysis, clips and verification.
- ``demux``: yield the packets of an open container, past damaged data.
- ``read_guard``: release a source that another thread may be reading.
- ``av_source``: a source that PyAV opens: a file, a stream, a device or a synthetic camera.
- ``playback``: files played like live sources: at their own speed, and in a loop.
- ``open``: open any source in the way that its kind needs.
- ``threaded``: a source read in a thread, so that its consumer can stop at any time.
- ``buffer``: the rolling buffer: the last seconds of a camera, still encoded.
- ``frame_skip``: which frames of a fast stream need not be decoded. Pure.
- ``frames``: decode packets to frames: the luma plane at analysis size, a colour picture on request.
- ``codec``: see there.
- ``timing``: see there.
- ``web``: see there.
- ``media``: see there.
"""
