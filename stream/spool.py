"""Packets whose bytes wait in a file: those of a window of high bit rate are too many for memory."""

from __future__ import annotations

import os
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from av.packet import Packet
from av.stream import Stream

# Space on the disk is given back in pieces of this size.
PIECE_BYTES = 32 << 20


class Spool:
    """Writes the bytes of packets to files without names, each of which goes with the last packet in it.

    For one writer at a time; what it returns can be read in any thread.
    """

    def __init__(self, folder: Path, *, piece_bytes: int = PIECE_BYTES) -> None:
        """Keep the files on the disk of a folder, which is created with the first of them."""
        self._folder = folder
        self._piece_bytes = piece_bytes
        self._piece: _Piece | None = None

    def keep(self, packet: Packet[Stream]) -> SpooledPacket:
        """Write a packet's bytes; raises OSError, which names the folder."""
        try:
            if self._piece is None or self._piece.size >= self._piece_bytes:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._piece = _Piece(self._folder)
            return SpooledPacket(packet, self._piece, self._piece.append(memoryview(packet)))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._folder)) from error


class SpooledPacket:
    """A packet as it was when it was kept; ``bytes(packet)`` reads its content."""

    __slots__ = (
        "_at", "_piece", "dts", "duration", "is_keyframe", "opaque", "pts", "size", "stream", "stream_index",
        "time_base",
    )  # fmt: skip

    def __init__(self, packet: Packet[Stream], piece: _Piece, at: int) -> None:
        self.stream: Stream = packet.stream
        self.stream_index: int = packet.stream_index
        self.time_base: Fraction = packet.time_base
        self.pts, self.dts, self.duration = packet.pts, packet.dts, packet.duration
        self.size: int = packet.size
        self.is_keyframe: bool = packet.is_keyframe
        self.opaque: Any = packet.opaque
        self._piece, self._at = piece, at

    def __bytes__(self) -> bytes:
        return self._piece.read(self._at, self.size)


HeldPacket: TypeAlias = "Packet[Stream] | SpooledPacket"
"""A packet that waits for its clip, in memory or on the disk."""


def in_memory(packet: Packet[Any] | SpooledPacket) -> Packet[Any]:
    """Return a packet of the same bytes without anything else; raises OSError."""
    return Packet(bytes(packet) if isinstance(packet, SpooledPacket) else packet)  # type: ignore[arg-type]  # PyAV takes any buffer


class _Piece:
    """A file without a name, removed by the system when this is let go."""

    def __init__(self, folder: Path) -> None:
        with tempfile.TemporaryFile(dir=folder) as file:
            self._number = os.dup(file.fileno())
        self.size = 0

    def append(self, data: memoryview) -> int:
        """Write at the end; return where that was."""
        at = self.size
        while data:
            written = os.pwrite(self._number, data, self.size)
            self.size += written
            data = data[written:]
        return at

    def read(self, at: int, count: int) -> bytes:
        return os.pread(self._number, count, at)

    def __del__(self) -> None:
        if hasattr(self, "_number"):
            os.close(self._number)
