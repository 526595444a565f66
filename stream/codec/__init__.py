"""What packets hold, found without decoding them.

Read in this order:

- ``bits``: Exp-Golomb codes and SEI messages of H.264 and HEVC. Pure.
- ``h264``: H.264 NAL units, in Annex B form (start codes) and in MP4 form (length prefixes). Pure.
- ``hevc``: HEVC: the packets at which a decoder can begin. Pure.
- ``random_access``: at which packets decoding can begin, and from which frame on it is complete.
- ``codec_string``: codec strings (RFC 6381), by which browsers say whether they play a stream. Pure.
- ``encryption``: whether a container declares its media as encrypted.
"""
