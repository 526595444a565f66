"""A data folder: the names in it, the lock of the one process that writes to it, and its reel folders."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from base.atomic import PART

CLIPS = "clips"
KEYFRAMES = "keyframes"
REELS = "reels"
LOCK = "lock"
# The link next to a reel id's numbered folders that points at the newest.
LATEST = "latest"


class FolderInUseError(Exception):
    """Another process watches with this data folder."""


@contextmanager
def lock_data_dir(data: Path) -> Iterator[None]:
    """Lock the folder, made if it is not there; the lock goes with the process, however that ends.

    Raises FolderInUseError or OSError.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(data)) from error
    with (data / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderInUseError(f"{data}: another livereel is watching with this folder") from error
        yield


def is_in_use(data: Path) -> bool:
    """Return whether a process watches with this folder; changes nothing."""
    try:
        with (data / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def update_link(link: Path, target: str) -> None:
    """Make ``link`` point at its neighbour ``target``, replacing an older link atomically."""
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def remove_reel(folder: Path) -> None:
    """Remove a reel's folder, and ``latest`` where it points there.

    The folder is renamed first, so that one that is removed in part is not taken for a finished reel.
    """
    link, part = folder.with_name(LATEST), folder.with_name(folder.name + PART)
    if link.is_symlink() and link.readlink().name == folder.name:
        link.unlink(missing_ok=True)
    with suppress(OSError):  # the folder is gone already, or its new name is taken by an earlier attempt
        folder.rename(part)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(part, ignore_errors=True)
