"""A folder that appears complete or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"
"""Ends the name of a folder that is not complete."""


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that takes its name when the block ends well.

    Raises FileExistsError when the folder is there already. When the block fails, all that was written
    is removed; what a killed process left behind is removed by the next one with the same name.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already")
    part = folder.with_name(folder.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        _sync(part)
        part.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _sync(folder: Path) -> None:
    """Make the folder's own entries survive a power cut; its files are synced by their writers."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
