"""Photos with a short film behind the picture: where it is, and how FFmpeg opens it.

Phones append an MP4 file to a JPEG file, or put one into a box of a HEIF file. FFmpeg sees the picture alone.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import BinaryIO

_JPEG = b"\xff\xd8\xff"
_FILM = b"ftyp"
# The box of a HEIF file that holds the film.
_FILM_BOX = b"mpvd"
_PICTURE_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif"})
# The box with which a film begins is short, and one of these follows it.
_MAX_FIRST_BOX = 256
_NEXT_BOXES = frozenset({b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"styp", b"sidx"})
# A picture has few boxes of its own before the film.
_MAX_BOXES = 64


def url(path: Path) -> str:
    """Return what FFmpeg opens for a path: the film of a motion photo, else the file itself.

    With the ``file:`` prefix, FFmpeg sees no protocol in a name such as ``a:b.mp4``, and no pattern.
    """
    at = _film_at(path)
    return f"file:{path}" if at is None else f"subfile,,start,{at},end,0,,:file:{path}"


def is_motion_photo(name: str) -> bool:
    """Whether a container of this name is the film of a motion photo."""
    return name.startswith("subfile,")


def _film_at(path: Path) -> int | None:
    """Return where the film of a motion photo begins; None for any other file, or none that can be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(12)
            if head[:3] == _JPEG:
                return _after_jpeg(file)
            if head[4:8] == _FILM and head[8:12] in _PICTURE_BRANDS:
                return _in_heif(file)
    except (OSError, ValueError):  # not a valid path
        pass
    return None


def _after_jpeg(file: BinaryIO) -> int | None:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = data.find(_FILM)
        while found >= 0:
            if _begins_film(data[found - 4 : found + _MAX_FIRST_BOX + 8]):
                return found - 4
            found = data.find(_FILM, found + 1)
    return None


def _begins_film(data: bytes) -> bool:
    size = int.from_bytes(data[:4], "big")
    return 16 <= size <= _MAX_FIRST_BOX and data[size + 4 : size + 8] in _NEXT_BOXES


def _in_heif(file: BinaryIO) -> int | None:
    at = 0
    for _ in range(_MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        size, kind, content = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:  # the size follows in eight bytes
            size, content = int.from_bytes(head[8:16], "big"), 16
        if kind == _FILM_BOX:
            file.seek(at + content)
            return at + content if _begins_film(file.read(_MAX_FIRST_BOX + 8)) else None
        if size < content:
            break
        at += size
        if at >= os.fstat(file.fileno()).st_size:
            break
    return None
