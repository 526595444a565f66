"""How progress is shown: a terminal, a notebook and a pipe each have their own way."""

from __future__ import annotations

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
