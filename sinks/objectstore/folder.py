"""A folder of an object store, in which each file is written once.

All calls block. Failures are StoreErrors, which name the address without secrets.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from analyzer.reel.manifest import MANIFEST
from sinks.sink import SinkError
from stream.address import OBJECT_STORES, redact, scheme
from stream.objects.failure import ObjectError, explained
from stream.objects.store import file_system

T = TypeVar("T")

# Larger files are sent in parts of this size, of which so many are in memory.
_PART_BYTES, _PARTS = 16 << 20, 2
# Before each further try of a file whose failure may pass, where nothing else tries it again.
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class StoreError(SinkError):
    """A file cannot be written now; trying again may help once the store or its permissions are in order.

    Attributes:
        passing: whether it may help soon, without anything being corrected.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class ConflictError(StoreError):
    """Another file of this name is there already; it is left as it is."""


class StoreFolder:
    """A folder by its address, such as ``s3://bucket/livereel``.

    Attributes:
        name: the address, without secrets.
    """

    def __init__(self, address: str) -> None:
        """Open the file system, without asking the store; raises StoreError."""
        self.name = redact(address).rstrip("/")
        self._extra = OBJECT_STORES[scheme(address)]
        try:
            self._system, self._path = file_system(address.rstrip("/"))
        except ObjectError as error:
            raise StoreError(f"{self.name}: {error}") from error

    def put(self, key: str, file: Path) -> int:
        """Write a file that is not there yet, and return its bytes.

        Where it is there already, in the same size, that is an earlier try of it, whose answer was lost.
        Raises ConflictError, StoreError, and FileNotFoundError where the local file is gone.
        """
        size_bytes = file.stat().st_size
        options: dict[str, Any] = {"chunksize": _PART_BYTES, "max_concurrency": _PARTS}
        if self._extra != "s3":
            options = {}
        target = self._target(key)
        self._create(
            key, size_bytes, lambda: self._system.put_file(str(file), target, mode="create", **options)
        )
        return size_bytes

    def put_text(self, key: str, text: str) -> int:
        """Write a text, as ``put`` does a file."""
        data = text.encode()
        self._create(key, len(data), lambda: self._system.pipe_file(self._target(key), data, mode="create"))
        return len(data)

    def holds(self, key: str) -> bool:
        """Whether there is a file of this name; raises StoreError."""
        return self._size_bytes(key) is not None

    def require_new(self) -> None:
        """Raise StoreError where there is a reel already, or the store cannot be asked."""
        if self.holds(MANIFEST):
            raise ConflictError(f"{self.name}: there is a reel already; name a folder that is not there yet")

    def put_all(self, folder: Path) -> None:
        """Write all files of a local folder, its manifest last, each tried again for a while.

        Raises StoreError.
        """
        for file in in_order(file for file in folder.rglob("*") if file.is_file()):
            self._put_patiently(file.relative_to(folder).as_posix(), file)

    def _put_patiently(self, key: str, file: Path) -> None:
        for pause_s in _PAUSES_S:
            try:
                self.put(key, file)
            except ConflictError:
                raise
            except StoreError as error:
                if not error.passing:
                    raise
                time.sleep(pause_s)
            else:
                return
        self.put(key, file)

    def check(self) -> None:
        """Write an object and remove it; raises StoreError."""
        key = f"livereel-check-{uuid4().hex}"
        self.put_text(key, "livereel\n")
        self._called(key, lambda: self._system.rm_file(self._target(key)))

    def _target(self, key: str) -> str:
        return f"{self._path}/{key}"

    def _create(self, key: str, size_bytes: int, write: Callable[[], object]) -> None:
        try:
            write()
        except Exception as error:
            failure = explained(error)
            if not failure.exists and not failure.changed:
                raise StoreError(f"{self.name}/{key}: {failure}", passing=failure.passing) from error
            if self._size_bytes(key) != size_bytes:
                raise ConflictError(f"{self.name}/{key}: another file of this name exists") from error

    def _size_bytes(self, key: str) -> int | None:
        try:
            return int(self._system.info(self._target(key)).get("size") or 0)
        except FileNotFoundError as error:
            failure = explained(error)
            if "bucket" in str(failure):
                raise StoreError(f"{self.name}/{key}: {failure}") from error
            return None
        except Exception as error:
            raise StoreError(f"{self.name}/{key}: {explained(error)}") from error

    def _called(self, key: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:
            raise StoreError(f"{self.name}/{key}: {explained(error)}") from error


def in_order(files: Iterable[Path]) -> list[Path]:
    """Return a reel's files in the order in which they are written: its manifest last."""
    return sorted(files, key=lambda file: (file.name == MANIFEST, file.as_posix()))


def is_whole(file: Path, sha256: str) -> bool:
    """Whether a file is the one that was hashed; raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == sha256
