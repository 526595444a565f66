"""Sources of encoded video, the rolling packet buffer, decoded frames, and media files.

Read in this order:

- ``address``: addresses of sources: their kind, and how they are shown without credentials.
- ``source``: open an address with PyAV and yield its packets; every failure is a SourceError.
- ``open``: open any source in the way that its kind needs.
- ``track_choice``: which video track of a container is used: one rule for analysis, clips and verification.
- ``demux``: yield the packets of an open container, past damaged data.
- ``read_guard``: release a source that another thread may be reading.
- ``looped``: a file that starts again when it ends, with continuous times.
- ``threaded``: a source read in a thread, so that its consumer can stop at any time.
- ``buffer``: the rolling buffer: the last seconds of a camera, still encoded.
- ``frame_skip``: which frames of a fast stream need not be decoded. Pure.
- ``frames``: decode packets to frames: the luma plane at analysis size, a colour picture on request.
- ``codec``: see there.
- ``timing``: see there.
- ``web``: see there.
- ``media``: see there.
"""
