"""A data folder: its parts, held by one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLIPS = "clips"
KEYFRAMES = "keyframes"
REELS = "reels"


class FolderInUseError(Exception):
    """Another process watches with this data folder."""


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the folder, made if it is not there; the hold goes with the process, however that ends.

    Raises FolderInUseError or OSError.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderInUseError(f"{data}: another livereel is watching with this folder") from error
        yield
