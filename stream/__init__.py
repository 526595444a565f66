"""Sources of encoded video, the rolling packet buffer, decoded frames, and media files.

Read in this order:

- ``address``: addresses of sources: their kind, and how they are shown without credentials.
- ``source``: what a source of packets is: its protocol, its description and its one error.
- ``container``: open an address with PyAV; its errors become SourceErrors.
- ``tracks``: which track of a file is used: one rule for analysis, clips, reels and verification.
- ``demux``: yield the packets of an open container, continuing after damaged data.
- ``read_guard``: release a source that another thread may be reading.
- ``av_source``: a source that PyAV opens: a file, a stream, a device or a synthetic camera.
- ``part``: a part of a file as a source of its own, read from the key packet before it.
- ``playback``: files played like live sources: at their own speed, and in a loop.
- ``open``: open any source as its kind requires.
- ``threaded``: a source read in a thread, so that its consumer can stop at any time.
- ``spool``: packets whose bytes wait in a file: those of a window of high bit rate are too many for memory.
- ``buffer``: the rolling buffer: the last seconds of a camera, encoded.
- ``timing``: media time of live sources, compared with the arrival of their packets.
- ``objects``: objects of S3, Google Cloud Storage and Azure, read by range.
- ``web``: sources that are fetched piece by piece over HTTP.
- ``codec``: what packets hold, found without decoding them.
- ``frames``: packets decoded to frames: luma at analysis size, a colour picture on request.
- ``picture``: frames as they are displayed: upright, in square pixels, in the colours of an ordinary screen.
- ``media``: media files: read, probed, verified and written.
"""
