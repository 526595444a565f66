"""H.264 NAL units, in Annex B form (start codes) and in MP4 form (length prefixes). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stream.codec.bits import Bits, messages, unescaped

IDR, SEI, SPS, PPS = 5, 6, 7, 8  # nal_unit_type, ITU-T H.264 table 7-1
_RECOVERY_POINT = 6  # payloadType, annex D
_INTRA = {2, 4}  # slice_type modulo 5: I and SI
# Exp-Golomb codes of a slice's first macroblock and its type, with room for the largest pictures.
_SLICE_HEAD_BYTES = 9
_SLICES = range(1, 6)
_START_CODE = b"\0\0\1"


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What a decoder must know before the first frame.

    Attributes:
        length_bytes: size of the length before each NAL unit; 0 for Annex B.
        units: the distinct SPS and PPS, the same for Annex B and MP4 form.
    """

    length_bytes: int
    units: frozenset[bytes]


def parameter_sets(extradata: bytes | None) -> ParameterSets | None:
    """The parameter sets in a stream's extradata, or None where there are none."""
    if not extradata:
        return None
    length_bytes = 0
    if extradata[0] == 1:  # configurationVersion of AVCDecoderConfigurationRecord, ISO/IEC 14496-15
        length_bytes = (extradata[4] & 3) + 1 if len(extradata) > 4 else 4
        found = frozenset(_avcc_units(extradata))
    else:
        found = in_band(extradata, 0)
    kinds = {unit[0] & 31 for unit in found}
    return ParameterSets(length_bytes, found) if {SPS, PPS} <= kinds else None


def length_bytes(extradata: bytes | None) -> int:
    """Size of the length before each NAL unit of a stream's packets; 0 for Annex B, or if unknown."""
    known = parameter_sets(extradata)
    return known.length_bytes if known else 0


def _avcc_units(record: bytes) -> Iterator[bytes]:
    at = 5
    for mask in (31, 255):  # number of SPS (5 bits), then number of PPS (8 bits)
        if at >= len(record):
            return
        count, at = record[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            unit = record[at + 2 : at + 2 + size]
            if unit:
                yield unit
            at += 2 + size


def nal_units(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """The NAL units of a packet, without start codes or lengths."""
    return _length_prefixed(data, length_bytes) if length_bytes else _annex_b(data)


def _length_prefixed(data: bytes, length_bytes: int) -> Iterator[bytes]:
    at = 0
    while at + length_bytes < len(data):
        size = int.from_bytes(data[at : at + length_bytes], "big")
        at += length_bytes
        yield data[at : at + size]
        at += size


def _annex_b(data: bytes) -> Iterator[bytes]:
    start = data.find(_START_CODE)
    while start >= 0:
        start += len(_START_CODE)
        after = data.find(_START_CODE, start)
        unit = data[start : after if after >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
        start = after


def in_band(data: bytes, length_bytes: int) -> frozenset[bytes]:
    """The parameter sets inside a packet."""
    return frozenset(
        unit for unit in nal_units(data, length_bytes) if unit[:1] and unit[0] & 31 in (SPS, PPS)
    )


def is_idr(data: bytes, length_bytes: int) -> bool:
    """Whether frames after this packet refer to none before it: streams can be joined there."""
    return any(unit[:1] and unit[0] & 31 == IDR for unit in nal_units(data, length_bytes))


@dataclass(frozen=True, slots=True)
class Head:
    """What a packet states up to its first slice.

    Attributes:
        idr: no later frame refers to one before it.
        intra: the first slice refers to no other frame.
        reference: other frames may refer to it; ``recovery`` counts such frames.
        recovery: frames that must follow before they are complete, by the recovery point message; None
            without one.
        first: the first slice is the first of its picture.
    """

    idr: bool
    intra: bool
    reference: bool
    recovery: int | None
    first: bool = True


def head(data: memoryview, length_bytes: int) -> Head | None:
    """Read a packet up to its first slice; None where there is none."""
    recovery = None
    for unit in nal_units(bytes(data), length_bytes):
        kind = unit[0] & 31 if unit else 0
        if kind == SEI:
            for message, payload in messages(unescaped(unit[1:])):
                if message == _RECOVERY_POINT:
                    recovery = Bits(payload).unsigned()
        elif kind in _SLICES:
            bits = Bits(unescaped(unit[1:_SLICE_HEAD_BYTES]))
            first = bits.unsigned() == 0  # first_mb_in_slice
            return Head(kind == IDR, bits.unsigned() % 5 in _INTRA, bool(unit[0] & 0x60), recovery, first)
    return None


def length_prefixed(data: bytes) -> bytes:
    """An Annex B packet with four-byte lengths."""
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in _annex_b(data))
