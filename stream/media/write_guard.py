"""A file object for PyAV to write to, whose failure is raised once."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


class Output:
    """A file that raises at most once: after its first failure it discards what is written.

    FFmpeg continues to write after a failure, and PyAV prints each exception but the first. It has no
    ``name``, which PyAV would decode as UTF-8.

    Attributes:
        interrupted: Ctrl-C came within a call. PyAV passes on no other exceptions than errors, so the call
            fails as interrupted, and the owner must raise KeyboardInterrupt.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._failed = False
        self.interrupted = False

    def discard(self) -> None:
        """Discard what is written from now on."""
        self._failed = True

    @contextmanager
    def _once(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._failed = True
            raise
        except KeyboardInterrupt as error:
            self._failed = self.interrupted = True
            raise InterruptedError(errno.EINTR, "stopped") from error

    def write(self, data: bytes) -> int:
        """Write; raises OSError, the first time."""
        if self._failed:
            return len(data)
        with self._once():
            return self._file.write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position, after writing buffered data; raises OSError, the first time."""
        if self._failed:
            return 0
        with self._once():
            return self._file.seek(offset, whence)

    def flush(self) -> None:
        """Write buffered data; raises OSError, the first time."""
        if not self._failed:
            with self._once():
                self._file.flush()

    def read(self, size: int = -1) -> bytes:
        """Read from the position on."""
        return self._file.read(size)

    def tell(self) -> int:
        """Return the position."""
        return 0 if self._failed else self._file.tell()
