"""A progress bar on a terminal, nothing in a pipe or where notes are not wanted."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from livereel.once.progress import Advance


@contextmanager
def progress(label: str, *, known: bool = True) -> Iterator[Advance]:
    """Show a bar on stderr while the block runs; ``known``: the end is known beforehand."""
    if not sys.stderr.isatty() or logging.getLogger("livereel").level > logging.INFO:
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415  # a pipe does without
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=1.0 if known else None)
        yield lambda done: bar.update(task, completed=min(1.0, done))
