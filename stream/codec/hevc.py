"""HEVC: the packets at which a decoder can begin. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from stream.codec.bits import Bits, messages, unescaped
from stream.codec.h264 import nal_units

# nal_unit_type, ITU-T H.265 table 7-1: BLA, IDR and CRA; VPS, SPS and PPS; a message before
# the picture.
_IRAP, _PARAMETER_SETS, _SEI = range(16, 22), range(32, 35), 39
_SLICES = (*range(10), *_IRAP)
_RECOVERY_POINT = 6  # payloadType, annex D
_HEADER_BYTES = 2


@dataclass(frozen=True, slots=True)
class Head:
    """What a packet states before its first slice.

    Attributes:
        irap: a decoder can begin here; frames that are displayed before it may be missing then.
        recovery: frames that must follow before they are complete, by the recovery point message; None
            without one.
        first: the first slice is the first of its picture.
    """

    irap: bool
    recovery: int | None
    first: bool = True


def length_bytes(extradata: bytes | None) -> int:
    """Size of the length before each NAL unit of a stream's packets; 0 for start codes."""
    # lengthSizeMinusOne of HEVCDecoderConfigurationRecord, ISO/IEC 14496-15
    return (extradata[21] & 3) + 1 if extradata and extradata[0] == 1 and len(extradata) > 21 else 0


def in_band(data: bytes, length_bytes: int) -> frozenset[bytes]:
    """The parameter sets (VPS, SPS and PPS) inside a packet."""
    units = nal_units(data, length_bytes)
    return frozenset(unit for unit in units if unit and unit[0] >> 1 & 63 in _PARAMETER_SETS)


def head(data: memoryview, length_bytes: int) -> Head | None:
    """Read a packet up to its first slice; None where there is none."""
    recovery = None
    for unit in nal_units(bytes(data), length_bytes):
        kind = unit[0] >> 1 & 63 if unit else -1
        if kind == _SEI:
            for message, payload in messages(unescaped(unit[_HEADER_BYTES:])):
                if message == _RECOVERY_POINT:
                    recovery = max(0, Bits(payload).signed())
        elif kind in _SLICES:
            # first_slice_segment_in_pic_flag
            return Head(kind in _IRAP, recovery, len(unit) <= _HEADER_BYTES or unit[_HEADER_BYTES] >= 0x80)
    return None
