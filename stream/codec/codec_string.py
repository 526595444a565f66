"""Codec strings (RFC 6381) by the configuration records of MP4 files. Pure.

By them a browser says whether it plays a stream.
"""

from __future__ import annotations

# A record's place after its box's type, ISO/IEC 14496-15; esds begins with a version and flags.
_AVC, _HEVC, _AAC = b"avcC", b"hvcC", b"esds"
_HEVC_RECORD_BYTES = 13
# Tags of the descriptors of an elementary stream, its decoder and its decoder's configuration, each with the
# size of what precedes the next one, ISO/IEC 14496-1.
_DESCRIPTORS = ((3, 3), (4, 13), (5, 0))
_ESCAPE = 31  # audioObjectType, ISO/IEC 14496-3
_SPACES = ("", "A", "B", "C")


def codec_string(header: bytes) -> str | None:
    """Return the codec of a track, as ``avc1.64001f``, by the MP4 header that describes this track alone.

    None for a codec that is not H.264, HEVC or AAC.
    """
    if record := _after(header, _AVC):
        return f"avc1.{record[1:4].hex()}" if len(record) >= 4 else None
    if record := _after(header, _HEVC):
        return _hevc(record) if len(record) >= _HEVC_RECORD_BYTES else None
    if record := _after(header, _AAC):
        return _aac(record)
    return None


def _after(header: bytes, kind: bytes) -> bytes:
    """The content of the only box of a kind, and what follows it."""
    return header.partition(kind)[2]


def _hevc(record: bytes) -> str:
    """ISO/IEC 14496-15, annex E.3: profile, reversed compatibility flags, tier and level, constraints."""
    space, high_tier, profile = record[1] >> 6, record[1] >> 5 & 1, record[1] & 31
    flags = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    constraints = "".join(f".{byte:x}" for byte in record[6:12].rstrip(b"\0"))
    return f"hvc1.{_SPACES[space]}{profile}.{flags:x}.{'H' if high_tier else 'L'}{record[12]}{constraints}"


def _aac(record: bytes) -> str | None:
    """By the object type in the AudioSpecificConfig, which lies within the descriptors of an esds box."""
    at = 4
    for tag, fixed_bytes in _DESCRIPTORS:
        if record[at : at + 1] != bytes([tag]):
            return None
        at += 1
        while record[at : at + 1] >= b"\x80":  # all bytes of the size but the last
            at += 1
        at += 1 + fixed_bytes
    config = int.from_bytes(record[at : at + 2], "big")
    kind = config >> 11
    return f"mp4a.40.{kind if kind != _ESCAPE else 32 + (config >> 5 & 63)}"
