"""Release a source that another thread may be reading."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class ReadGuard:
    """Ends the iterations over a resource when it is closed, and releases it after the last one.

    FFmpeg crashes the process when a container is closed while another thread reads it or looks at the
    stream of one of its packets. An iteration by the thread that closes is suspended and delays nothing.

    Attributes:
        closed: set by ``close``; a reader that pauses waits for it.
    """

    def __init__(self, release: Callable[[], None]) -> None:
        """Guard a resource that ``release`` frees; it is called once, by whichever thread is last."""
        self.closed = threading.Event()
        self._release: Callable[[], None] | None = release
        self._readers: list[int] = []
        self._lock = threading.Lock()

    def until_closed(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield the items; none once ``close`` was called, from whichever thread."""
        reader = threading.get_ident()
        with self._lock:
            if self.closed.is_set():
                return
            self._readers.append(reader)
        try:
            for item in items:
                if self.closed.is_set():
                    return
                yield item
                if self.closed.is_set():
                    return
        finally:
            with self._lock:
                self._readers.remove(reader)
            if self.closed.is_set():
                self._release_unless_read()

    def close(self) -> None:
        """End all iterations; never waits for them. Safe to call twice and from any thread."""
        with self._lock:
            self.closed.set()
        self._release_unless_read()

    def _release_unless_read(self) -> None:
        me = threading.get_ident()
        with self._lock:
            if any(reader != me for reader in self._readers):
                return
            release, self._release = self._release, None
        if release is not None:
            release()
