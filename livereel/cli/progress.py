"""A progress bar on a terminal, nothing in a pipe or where notes are not wanted."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager

from livereel.once.progress import Advance, no_progress, terminal_progress


def progress(label: str, *, known: bool = True) -> AbstractContextManager[Advance]:
    """Show a bar on stderr while the block runs; ``known``: the end is known beforehand."""
    quiet = logging.getLogger("livereel").level > logging.INFO
    return (no_progress if quiet else terminal_progress)(label, known=known)
