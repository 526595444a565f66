"""Exp-Golomb codes and SEI messages of H.264 and HEVC. Pure."""

from __future__ import annotations

from collections.abc import Iterator


class Bits:
    """Reads bits, the most significant first; past the end they are 0."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def unsigned(self) -> int:
        """Read ue(v): n zeros, then a number of n + 1 bits, minus 1. 0 past the end."""
        rest = self._value & ((1 << self._left) - 1)
        if not rest:
            return 0
        after = 2 * rest.bit_length() - self._left - 1
        self._left = max(0, after)
        return (rest >> after if after >= 0 else rest << -after) - 1

    def signed(self) -> int:
        """Read se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def unescaped(unit: bytes) -> bytes:
    """The bytes of a NAL unit without emulation prevention bytes."""
    return unit.replace(b"\0\0\3", b"\0\0")


def messages(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of each message of an unescaped SEI payload, up to a damaged one."""
    at = 0
    while at + 2 <= len(payload) and payload[at:] != b"\x80":
        kind, at = _size(payload, at)
        size, at = _size(payload, at)
        yield kind, payload[at : at + size]
        at += size


def _size(payload: bytes, at: int) -> tuple[int, int]:
    """A number coded as a sum of bytes, of which the last is less than 255, and the position after it."""
    total = 0
    while at < len(payload):
        total, at = total + payload[at], at + 1
        if payload[at - 1] < 0xFF:
            break
    return total, at
