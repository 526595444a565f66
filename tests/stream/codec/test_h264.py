"""H.264 in both dresses: the same parameter sets, the same keyframes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.codec.h264 import Head, head, in_band, is_idr, length_prefixed, nal_units, parameter_sets
from tests.kit.films.numbered import FASTEST, film, packets_of

SPS, PPS, IDR, SLICE, SEI = (
    b"\x67\x42\x00\x0a",
    b"\x68\xce\x3c\x80",
    b"\x65\x88\x80",
    b"\x41\x9a",
    b"\x06\x05",
)


def avcc(sps: list[bytes], pps: list[bytes]) -> bytes:
    """An AVCDecoderConfigurationRecord with four-byte lengths."""
    sets = [bytes([0xE0 | len(sps)])]
    sets += [len(unit).to_bytes(2, "big") + unit for unit in sps]
    sets += [bytes([len(pps)]), *(len(unit).to_bytes(2, "big") + unit for unit in pps)]
    return b"\x01\x42\x00\x0a\xff" + b"".join(sets)


def annex_b(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def test_parameter_sets_are_equal_in_either_format() -> None:
    one, other = parameter_sets(avcc([SPS], [PPS])), parameter_sets(annex_b(SPS, PPS))
    assert one is not None
    assert other is not None
    assert one.units == other.units == {SPS, PPS}
    assert (one.length_bytes, other.length_bytes) == (4, 0)


@pytest.mark.parametrize(
    "extradata", [None, b"", b"\x01", b"\x01\x42\x00\x0a\xff", b"junk", avcc([SPS], []), annex_b(PPS)]
)
def test_extradata_without_parameter_sets_has_none(extradata: bytes | None) -> None:
    assert parameter_sets(extradata) is None


@given(st.binary(max_size=60))
def test_damaged_extradata_raises_nothing(data: bytes) -> None:
    parameter_sets(data)
    parameter_sets(b"\x01" + data)


@given(st.binary(max_size=60), st.sampled_from([0, 1, 2, 4]))
def test_damaged_packets_raise_nothing(data: bytes, length_bytes: int) -> None:
    is_idr(data, length_bytes)
    in_band(data, length_bytes)


UNITS = st.binary(min_size=2, max_size=40).filter(lambda u: b"\0\0" not in u and u[-1])


@given(st.lists(UNITS, min_size=1, max_size=8))
def test_length_prefixes_hold_the_same_units(units: list[bytes]) -> None:
    data = annex_b(*units)
    assert list(nal_units(data, 0)) == units
    assert list(nal_units(length_prefixed(data), 4)) == units


def test_three_byte_start_codes_are_start_codes() -> None:
    assert list(nal_units(b"\0\0\1" + SPS + b"\0\0\1" + IDR + b"\0", 0)) == [SPS, IDR]


def test_only_idr_pictures_splice() -> None:
    assert is_idr(annex_b(SPS, PPS, SEI, IDR), 0)
    assert not is_idr(annex_b(SPS, PPS, SEI, SLICE), 0)
    assert is_idr(length_prefixed(annex_b(SEI, IDR)), 4)


def test_a_packet_is_identified_before_its_first_slice() -> None:
    # A P slice that others build on, one that none does, an I slice, and recovery_frame_cnt 35.
    reference, disposable, intra = b"\x41\x9a", b"\x01\x9a", b"\x41\xb8"
    recovery = bytes([6, 6, 2, 0x04, 0x91, 0x80])
    for length_bytes, dress in ((0, bytes), (4, length_prefixed)):

        def read(*units: bytes, dress: Any = dress, length_bytes: int = length_bytes) -> Head | None:
            return head(memoryview(dress(annex_b(*units))), length_bytes)

        assert read(SEI, disposable) == Head(idr=False, intra=False, reference=False, recovery=None)
        assert read(recovery, reference) == Head(idr=False, intra=False, reference=True, recovery=35)
        assert read(SPS, PPS, intra) == Head(idr=False, intra=True, reference=True, recovery=None)
        assert read(SPS, PPS, SEI, IDR) == Head(idr=True, intra=True, reference=True, recovery=None)
        assert read(SEI) is None, "who knows"


def test_parameter_sets_on_the_way_are_found() -> None:
    assert in_band(annex_b(SPS, PPS, IDR), 0) == {SPS, PPS}
    assert in_band(annex_b(IDR), 0) == frozenset()


def test_a_real_encoder_writes_the_same_in_mp4_and_ts(tmp_path: Path) -> None:
    found = []
    for container in ("mp4", "mpegts"):
        path = film(tmp_path / container, seconds=1, container=container, options={**FASTEST, "bf": "2"})
        with packets_of(path) as (source, packets):
            sets = parameter_sets(source.streams.video[0].codec_context.extradata)
            assert sets is not None
            keys = [is_idr(bytes(packet), sets.length_bytes) for packet in packets]
            assert keys == [packet.is_keyframe for packet in packets]
            found.append(sets.units)
    assert found[0] == found[1]
