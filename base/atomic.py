"""Folders and text files that appear complete or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

PART = ".part"
"""Suffix of a folder or file that is not complete yet."""


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder next to ``folder``, and rename it to ``folder`` when the block succeeds.

    When the block fails, everything written is removed, including parent folders that were created for
    it. What a killed process left behind is removed by the next call for the same folder.

    Raises:
        FileExistsError: the folder exists already, or another process is writing it.
        OSError: it cannot be created, synced or renamed.
    """
    if os.path.lexists(folder):
        raise FileExistsError(f"{folder} exists already")
    part = folder.with_name(folder.name + PART)
    above = list(takewhile(lambda parent: not parent.exists(), part.parents))
    try:
        _make(part)
        with _locked(part, folder):
            try:
                _empty(part)
                yield part
                _sync(part)
                part.rename(folder)
                _sync(folder.parent)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    except BaseException:
        for parent in above:
            with suppress(OSError):  # another program has put something there
                parent.rmdir()
        raise


def _make(part: Path) -> None:
    """Make the folder and those above it; an OSError names the folder in which that fails."""
    try:
        part.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in {errno.ENOTDIR, errno.EACCES, errno.EROFS} and error.filename == str(part):
            raise OSError(error.errno, error.strerror, str(part.parent)) from error
        raise


@contextmanager
def _locked(part: Path, folder: Path) -> Iterator[None]:
    """Lock the folder. The kernel releases the lock when the process ends, however it ends."""
    handle = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise FileExistsError(f"{folder} is being written by another process") from error
    try:
        yield
    finally:
        os.close(handle)


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _sync(folder: Path) -> None:
    """Sync the folder's entries to disk. Its files are synced by their writers."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name, sync and rename it; raises OSError, leaving nothing.

    Surrogates that stand for a file name's undecodable bytes are escaped as JSON escapes them.
    """
    part = path.with_name(path.name + PART)
    try:
        with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
