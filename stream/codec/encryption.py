"""Whether a container declares its media as encrypted."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import Protocol
from urllib.parse import urljoin

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from stream.address import local_path

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
# Of a server: enough for the same where a film is made to be streamed, and soon there at a camera's bit rate.
_REMOTE_BYTES = 512 * _TS_PACKET
# A master playlist refers to a media playlist.
_MASTER_DEPTH = 2
_PLAYLIST_BYTES = 1_000_000
_TIMEOUT_S = 10.0


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


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
    # Most packets have no side data at all, which costs much less to find out.
    return next(packet.iter_sidedata(), None) is not None and packet.has_sidedata("encryption_info")


def is_refused(address: str) -> bool:
    """Whether a source that FFmpeg cannot open is encrypted; False where it cannot be read.

    It is where most packets of an MPEG transport stream are marked as scrambled (conditional access), or an
    MP4 file declares its video as encrypted by its sample entry: often FFmpeg fails on the boxes with the
    decryption parameters. What a server has is read once more, from its beginning.
    """
    path = local_path(address)
    if path is None:
        data = _read(address, _REMOTE_BYTES)
        sync = data.find(bytes([_TS_SYNC]))  # of a stream, the first packet may have begun before
        return _is_scrambled(data[max(0, sync) :]) or _declares_encryption(io.BytesIO(data))
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return is_refused_file(file)
    except (OSError, ValueError):  # not a valid path
        return False


def is_refused_file(file: _Readable) -> bool:
    """As ``is_refused``, of an open file, which is read from its beginning; raises what its reading does."""
    file.seek(0)
    return _is_scrambled(file.read(_TS_BYTES)) or _declares_encryption(file)


def _is_scrambled(data: bytes) -> bool:
    heads = range(0, len(data) - 3, _TS_PACKET)
    marked = sum(data[at] == _TS_SYNC and data[at + 3] & 0xC0 > 0x40 for at in heads)
    return bool(heads) and marked > _SCRAMBLED_SHARE * len(heads)


def _declares_encryption(file: _Readable) -> bool:
    tracks = _movie_box(file)
    return any(kind in tracks for kind in _ENCRYPTED_ENTRIES)


def _movie_box(file: _Readable) -> bytes:
    """Return the box that describes the tracks of an MP4 file; empty where there is none."""
    file.seek(0)
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
    return _read(address, _PLAYLIST_BYTES).decode(errors="replace")


def _read(address: str, most_bytes: int) -> bytes:
    """Return the beginning of what is served at an address; empty where it cannot be read."""
    data = bytearray()
    with suppress(av.FFmpegError, OSError), av.open(address, format="data", timeout=_TIMEOUT_S) as raw:
        for packet in raw.demux():
            data += bytes(packet)
            if len(data) >= most_bytes:
                break
    return bytes(data)
