"""Damage to media files, by name."""

from __future__ import annotations

import random
from pathlib import Path


def cut_off(path: Path, share: float = 0.5) -> Path:
    """The file ends in the middle: a copy that was broken off, a disk that was full."""
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * share)])
    return path


def junk(path: Path, from_share: float, to_share: float) -> Path:
    """A part of the file is something else: a bad sector, another file's blocks."""
    data = bytearray(path.read_bytes())
    first, last = round(len(data) * from_share), round(len(data) * to_share)
    data[first:last] = random.Random(3).randbytes(last - first)  # noqa: S311  # no secret hangs on it
    path.write_bytes(data)
    return path


def zeroed(path: Path, from_share: float, to_share: float) -> Path:
    """A part of the file was never written: a crash, an unfinished download."""
    data = bytearray(path.read_bytes())
    first, last = round(len(data) * from_share), round(len(data) * to_share)
    data[first:last] = bytes(last - first)
    path.write_bytes(data)
    return path


def pictures_junk(path: Path) -> Path:
    """All that the index of an MP4 file points to is something else."""
    data = bytearray(path.read_bytes())
    first = data.index(b"mdat") + 4
    last = first - 8 + int.from_bytes(data[first - 8 : first - 4], "big")
    data[first:last] = random.Random(3).randbytes(last - first)  # noqa: S311  # no secret hangs on it
    path.write_bytes(data)
    return path
