"""A folder that appears complete or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

PART = ".part"
"""Ends the name of a folder that is not complete."""


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that takes its name when the block ends well.

    Raises FileExistsError when the folder is there already, or another process is about to make it. When
    the block fails, all that was written is removed, folders above included; what a killed process left
    behind is removed by the next one with the same name.
    """
    if os.path.lexists(folder):
        raise FileExistsError(f"{folder} exists already")
    part = folder.with_name(folder.name + PART)
    above = list(takewhile(lambda parent: not parent.exists(), part.parents))
    try:
        part.mkdir(parents=True, exist_ok=True)
        with _alone(part, folder):
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
            with suppress(OSError):  # somebody else has put something there
                parent.rmdir()
        raise


@contextmanager
def _alone(part: Path, folder: Path) -> Iterator[None]:
    """Hold the folder; the hold goes with the process, however that ends."""
    handle = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise FileExistsError(f"{folder} is being made by another process") from error
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
    """Make the folder's own entries survive a power cut; its files are synced by their writers."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
