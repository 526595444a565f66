"""``batch``: a reel of each of many files, several at a time."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livereel.api.options import one_or_more
from livereel.api.progress import shown_progress
from livereel.api.recap import Recap, address_of, recap
from livereel.api.records import frame
from livereel.errors import LivereelError, explained
from livereel.once.files import expanded
from livereel.once.progress import Advance
from stream.address import is_stored

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Batch:
    """The recaps of many files.

    Attributes:
        recaps: by file, in the order in which they were given.
        failures: why a file has none, by file.
    """

    recaps: dict[str, Recap]
    failures: dict[str, LivereelError]

    def __iter__(self) -> Iterator[Recap]:
        return iter(self.recaps.values())

    def __len__(self) -> int:
        return len(self.recaps)

    def to_frame(self) -> DataFrame:
        """Return a pandas table: a row for each window of each file; of a file that failed, its error."""
        rows: list[dict[str, Any]] = []
        for source, made in self.recaps.items():
            shown = {chapter.moment.window.id for chapter in made.reel.chapters}
            rows += [{"source": source, **row} for row in made.rows(shown)]
        rows += [{"source": source, "error": str(error)} for source, error in self.failures.items()]
        return frame(rows)


def batch(
    sources: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    at_once: int | None = None,
    progress: bool = True,
    **options: Any,
) -> Batch:
    """Make a reel of each file; a file that fails is a failure of the result, and the others go on.

    Args:
        sources: files, or patterns of their names.
        out: a folder for the reels' folders, each with the name of its file, also of an object store;
            None for temporary ones.
        at_once: how many files are read at a time; as many as there are cores. A model of ``load_model``
            gets the windows of all of them together.
        progress: whether a bar is shown.
        options: as of ``recap``.

    Raises LivereelError where no source is given or a folder cannot be made. An interrupt ends all
    files that are being read, and leaves the reels that are complete.
    """
    with explained():
        files = list(dict.fromkeys(expanded(one_or_more(sources))))
        if out is not None and not is_stored(address_of(out)):
            Path(out).mkdir(parents=True, exist_ok=True)
    folders = dict(zip(files, _folders(files, out), strict=True))
    workers = max(1, min(at_once or os.cpu_count() or 1, len(files)))
    pool, stop = ThreadPoolExecutor(workers, thread_name_prefix="batch"), _Stop()
    try:
        running = {
            pool.submit(recap, file, folder, progress=stop.progress, **options): file
            for file, folder in folders.items()
        }
        _watch(set(running), progress=progress)
    finally:
        stop.set()  # those that still run have been interrupted
        pool.shutdown(cancel_futures=True)
    ended = {file: future for future, file in running.items()}
    failures = {file: error for file in files if (error := _failure(ended[file])) is not None}
    return Batch({file: ended[file].result() for file in files if file not in failures}, failures)


class StoppedError(Exception):
    """A recap was asked to end."""


class _Stop:
    """Ends recaps at their next progress, or where they wait in a loop: for a model, for example."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()

    def set(self) -> None:
        with self._lock:
            self._is_set = True
            for task, loop in self._waiting.items():
                loop.call_soon_threadsafe(task.cancel)

    @contextmanager
    def progress(self, label: str, *, known: bool = True) -> Iterator[Advance]:  # noqa: ARG002  # the protocol's
        """Show nothing, and raise StoppedError or cancel the task once this is set."""
        task = _current_task()
        with self._lock:
            if task is not None:
                self._waiting[task] = task.get_loop()
        try:
            self._advance(0.0)
            yield self._advance
        finally:
            with self._lock:
                if task is not None:
                    del self._waiting[task]

    def _advance(self, _done: float) -> None:
        if self._is_set:
            raise StoppedError


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # not in a loop
        return None


def _watch(running: set[Future[Recap]], *, progress: bool) -> None:
    """Wait for all, and show how many are done."""
    count = len(running)
    with shown_progress(show=progress)(f"{count} files") as advance:
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                error = future.exception()
                if error is not None and not isinstance(error, LivereelError):
                    raise error
            advance(1 - len(running) / count)


def _failure(future: Future[Recap]) -> LivereelError | None:
    error = future.exception()
    return error if isinstance(error, LivereelError) else None


def _folders(files: Sequence[str], out: str | Path | None) -> Iterator[str | None]:
    """Yield a folder for each file, named as it is; a number follows a name that is taken."""
    taken: set[str] = set()
    for file in files:
        if out is None:
            yield None
            continue
        stem = re.sub(r"[^\w.-]+", "-", Path(file).stem) or "reel"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name)
        yield f"{str(out).rstrip('/')}/{name}"
