"""An object as a file for PyAV."""

from __future__ import annotations

import errno
import os
from datetime import datetime

from stream.address import redact
from stream.objects.blocks import Blocks
from stream.objects.failure import ObjectError
from stream.objects.store import stored
from stream.source import ChangedError, SourceError


class ObjectFile:
    """An object that is read by range, with bounded memory; it fails where the object changes.

    A failure is raised once, as SourceError; then the file is at its end: FFmpeg reads on after a failure,
    and PyAV prints every further exception. PyAV may keep the one failure to itself, and passes on none but
    errors, so the owner asks by ``check``. For one reader at a time.

    Attributes:
        size_bytes: the object's length.
        changed_utc: when it was written.
    """

    def __init__(self, address: str) -> None:
        """Look the object up; raises SourceError."""
        self._address = redact(address)
        try:
            self._object = stored(address)
        except ObjectError as error:
            raise SourceError(self._address, str(error)) from error
        self._blocks = Blocks(self._object.fetch, self._object.size_bytes)
        self.size_bytes = self._object.size_bytes
        self.changed_utc: datetime = self._object.changed_utc
        self._at = 0
        self._failure: SourceError | KeyboardInterrupt | None = None

    def check(self) -> None:
        """Raise the failure, if there was one; KeyboardInterrupt where Ctrl-C came while it was read."""
        if self._failure is not None:
            raise self._failure

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, fewer at the end; raises SourceError, once, or InterruptedError at Ctrl-C."""
        data = bytearray()
        wanted = self.size_bytes if size < 0 else size
        while self._failure is None and (part := self._part(wanted - len(data))):
            data += part
            self._at += len(part)
        return bytes(data)

    def _part(self, size: int) -> bytes:
        try:
            return self._blocks.read(self._at, size)
        except ObjectError as error:
            kind = ChangedError if error.changed else SourceError
            self._failure = kind(self._address, str(error))
            raise self._failure from error
        except KeyboardInterrupt as error:
            self._failure = error
            raise InterruptedError(errno.EINTR, "stopped") from error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position, without reading; raises OSError for one before the start."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size_bytes}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def rewind(self) -> None:
        """Go to the start, for another container over the same version of the object."""
        self.seek(0)

    def close(self) -> None:
        """Let go of the object. Safe to call twice."""
        self._object.close()
