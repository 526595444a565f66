"""How progress is shown: a terminal, a notebook and a pipe each have their own way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[float], None]
"""Takes how much is done, 0 to 1; called from any thread."""


class ShowProgress(Protocol):
    """Shows that something goes on while a block runs; ``known``: its end is known beforehand."""

    def __call__(self, label: str, *, known: bool = True) -> AbstractContextManager[Advance]:
        """Begin to show it."""
        ...


@contextmanager
def no_progress(label: str, *, known: bool = True) -> Iterator[Advance]:  # noqa: ARG001  # the protocol's
    """Show nothing."""
    yield _ignore


def _ignore(_done: float) -> None:
    """Nothing is shown."""


@contextmanager
def terminal_progress(label: str, *, known: bool = True) -> Iterator[Advance]:
    """Show a bar on stderr, if that is a terminal, and remove it at the end."""
    if not sys.stderr.isatty():
        yield _ignore
        return
    from rich.console import Console  # noqa: PLC0415  # a pipe does without
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=1.0 if known else None)
        yield lambda done: bar.update(task, completed=min(1.0, done))
