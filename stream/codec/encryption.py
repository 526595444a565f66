"""Whether a container declares its media as encrypted."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

ENCRYPTED = "encrypted, and livereel has no key"
KEY_MISSING = "encrypted, and its key is missing or wrong"

# MPEG-TS stream types for H.264 and HEVC of which HLS has encrypted the samples (SAMPLE-AES).
_SAMPLE_AES_TYPES = (0xDB, 0xE4)
_TS_PACKET, _TS_SYNC = 188, 0x47
# Enough for the first video packets, where conditional access shows.
_TS_BYTES = 4096 * _TS_PACKET
_SCRAMBLED_SHARE = 0.5
# Sample entries of encrypted video in MP4: Common Encryption, and that of the iTunes store.
_ENCRYPTED_ENTRIES = (b"encv", b"drmi")
# The index of a file of many hours takes some megabytes; a damaged size may be anything.
_MOVIE_BOX_BYTES = 64_000_000
# A master playlist refers to a media playlist.
_MASTER_DEPTH = 2
_PLAYLIST_BYTES = 1_000_000
_TIMEOUT_S = 10.0


def is_declared(container: InputContainer, stream: Stream) -> bool:
    """Whether the container declares this stream as encrypted: Matroska, WebM, and MPEG-TS of SAMPLE-AES."""
    if container.format.name == "mpegts":
        return _codec_tag(stream)[:1] in {bytes([kind]) for kind in _SAMPLE_AES_TYPES}
    return "enc_key_id" in stream.metadata


def _codec_tag(stream: Stream) -> bytes:
    try:
        return stream.codec_context.codec_tag.encode("ascii")
    except UnicodeDecodeError as error:  # PyAV decodes all four bytes as text
        return error.object


def is_encrypted(packet: Packet[Stream]) -> bool:
    """Whether a packet carries decryption parameters: Common Encryption in MP4."""
    return packet.has_sidedata("encryption_info")


def is_scrambled(path: Path) -> bool:
    """Whether most of an MPEG-TS file's packets are marked as scrambled (conditional access).

    False where no such file can be read.
    """
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _is_scrambled(file.read(_TS_BYTES))
    except (OSError, ValueError):  # not a valid path
        return False


def _is_scrambled(data: bytes) -> bool:
    heads = range(0, len(data) - 3, _TS_PACKET)
    marked = sum(data[at] == _TS_SYNC and data[at + 3] & 0xC0 > 0x40 for at in heads)
    return bool(heads) and marked > _SCRAMBLED_SHARE * len(heads)


def is_protected(path: Path) -> bool:
    """Whether an MP4 file declares its video as encrypted, by its sample entry.

    For files that FFmpeg cannot open: often it fails on the boxes with the decryption parameters. False where
    no such file can be read.
    """
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _has_encrypted_entry(_movie_box(file))
    except (OSError, ValueError):
        return False


def _has_encrypted_entry(data: bytes) -> bool:
    return any(kind in data for kind in _ENCRYPTED_ENTRIES)


def is_served_encrypted(address: str) -> bool:
    """Whether a server's file or stream is encrypted, by what it begins with.

    For those of which FFmpeg finds no picture: they are opened once more. False where nothing can be read.
    """
    data = _head(address, _TS_BYTES)
    sync = data.find(bytes([_TS_SYNC]))  # of a stream, the first packet may have begun before
    return _is_scrambled(data[max(0, sync) :]) or (data[4:8] == b"ftyp" and _has_encrypted_entry(data))


def _movie_box(file: BinaryIO) -> bytes:
    """Return the box that describes the tracks of an MP4 file; empty where there is none."""
    while len(head := file.read(8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        read = 8
        if size == 1:  # the size follows in eight bytes
            size, read = int.from_bytes(file.read(8), "big"), 16
        if kind == b"moov":
            return file.read(min(size - read, _MOVIE_BOX_BYTES) if size else _MOVIE_BOX_BYTES)
        if size < read:  # 0 is up to the end of the file
            break
        file.seek(size - read, os.SEEK_CUR)
    return b""


def needs_key(playlist: str) -> bool:
    """Whether an HLS playlist, or the first one that it refers to, needs a key; False where it is unreadable.

    With a missing or wrong key, FFmpeg reports no more than invalid data.
    """
    for _ in range(_MASTER_DEPTH):
        lines = _text(playlist).splitlines()
        if any(line.startswith("#EXT-X-KEY:") and "METHOD=NONE" not in line for line in lines):
            return True
        named = next((line for line in lines if line and not line.startswith("#")), None)
        if named is None or not any(line.startswith("#EXT-X-STREAM-INF") for line in lines):
            return False
        playlist = urljoin(playlist, named)
    return False


def _text(address: str) -> str:
    return _head(address, _PLAYLIST_BYTES).decode(errors="replace")


def _head(address: str, most: int) -> bytes:
    """The first bytes of what is served there, at least as many where there are so many."""
    data = bytearray()
    with suppress(av.FFmpegError, OSError), av.open(address, format="data", timeout=_TIMEOUT_S) as raw:
        for packet in raw.demux():
            data += bytes(packet)
            if len(data) >= most:
                break
    return bytes(data)
