"""A progress bar in a notebook or on a terminal, by where the call is made."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from livereel.once.progress import Advance, ShowProgress, no_progress, terminal_progress

_FORMAT = "{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}"
_ENDLESS = "{desc} {elapsed}"
_EVERY_S = 0.5  # a notebook keeps each line of a bar of text


def shown_progress(*, show: bool | ShowProgress) -> ShowProgress:
    """Return how to show progress here; False is not at all, a function replaces the choice."""
    if not isinstance(show, bool):
        return show
    if not show:
        return no_progress
    return notebook_progress if in_kernel() and find_spec("tqdm") else terminal_progress


def in_kernel() -> bool:
    """Whether this runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


@contextmanager
def notebook_progress(label: str, *, known: bool = True) -> Iterator[Advance]:
    """Show a bar as the front end can: a widget, or text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without ipywidgets the bar is of text, which is no fault
        from tqdm.auto import tqdm  # noqa: PLC0415  # for notebooks alone

    total, form = (1.0, _FORMAT) if known else (None, _ENDLESS)
    # Notebooks show stderr in red.
    with tqdm(
        total=total, desc=label, file=sys.stdout, leave=False, bar_format=form, mininterval=_EVERY_S
    ) as bar:
        yield lambda done: bar.update(min(1.0, done) - bar.n if known else 0.0)
