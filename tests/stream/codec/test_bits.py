"""Exp-Golomb codes and supplemental messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.codec.bits import Bits, messages, unescaped


@pytest.mark.parametrize(
    ("bits", "value"), [("1", 0), ("010", 1), ("011", 2), ("00100", 3), ("000010011", 18)]
)
def test_unsigned_codes_are_those_of_the_standard(bits: str, value: int) -> None:
    assert Bits(int(bits.ljust(16, "0"), 2).to_bytes(2, "big")).unsigned() == value


@pytest.mark.parametrize(("bits", "value"), [("1", 0), ("010", 1), ("011", -1), ("00100", 2), ("00101", -2)])
def test_signed_codes_alternate(bits: str, value: int) -> None:
    assert Bits(int(bits.ljust(16, "0"), 2).to_bytes(2, "big")).signed() == value


def test_codes_follow_each_other() -> None:
    bits = Bits(bytes([0b1_010_011_0, 0b0100_0000]))
    assert [bits.unsigned() for _ in range(4)] == [0, 1, 2, 3]


def test_messages_longer_than_a_byte_counts_are_read_whole() -> None:
    payload = bytes([5, 255, 45]) + bytes(300) + bytes([6, 1, 0x80]) + b"\x80"
    assert [(kind, len(data)) for kind, data in messages(payload)] == [(5, 300), (6, 1)]


def test_bytes_against_start_codes_are_removed() -> None:
    assert unescaped(b"\6\0\0\3\1\0\0\3\0") == b"\6\0\0\1\0\0\0"


@given(st.binary(max_size=40))
def test_damaged_messages_raise_nothing(data: bytes) -> None:
    for _, payload in messages(unescaped(data)):
        Bits(payload).signed()
