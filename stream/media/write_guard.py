"""A file object for PyAV to write to, whose failure is raised once."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


class Output:
    """A file that fails once at most: after its first failure it takes everything and keeps nothing.

    FFmpeg goes on writing after a failure, and PyAV prints each exception but the first. It has no name,
    as PyAV takes names for UTF-8, which they need not be.

    Attributes:
        interrupted: Ctrl-C came while it was at work. PyAV takes nothing but errors out of it, so it fails,
            and who owns it must raise KeyboardInterrupt.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._failed = False
        self.interrupted = False

    def give_up(self) -> None:
        """Keep nothing from now on."""
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
        """Go to a place, writing what is held back; raises OSError, the first time."""
        if self._failed:
            return 0
        with self._once():
            return self._file.seek(offset, whence)

    def flush(self) -> None:
        """Write what is held back; raises OSError, the first time."""
        if not self._failed:
            with self._once():
                self._file.flush()

    def read(self, size: int = -1) -> bytes:
        """Read on from the place."""
        return self._file.read(size)

    def tell(self) -> int:
        """The place."""
        return 0 if self._failed else self._file.tell()
