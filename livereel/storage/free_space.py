"""Free disk space: checked before writing, so that a full disk pauses writing clips and nothing else."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from stream.media.file import DiskFullError


class FreeSpace:
    """The file system of a folder, of which ``min_free_bytes`` are left to the ledger and to others."""

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        self._folder = folder
        self._min_free_bytes = min_free_bytes

    def missing_bytes(self) -> int:
        """How much must be freed before anything more is written; 0 when there is room."""
        return max(0, -self.room_bytes())

    def room_bytes(self) -> int:
        """How much may be written; below 0, how much is missing."""
        return shutil.disk_usage(self._folder).free - self._min_free_bytes


def is_full(error: Exception) -> bool:
    """Return whether an error means that the disk, or a quota, is full."""
    full = {errno.ENOSPC, errno.EDQUOT}
    return isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in full)
