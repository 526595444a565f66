"""The file systems of fsspec, each from an extra, and the objects in them.

Credentials, region and endpoint come from where each store's own library looks for them: environment, files
and roles. They are in no address.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from stream.address import OBJECT_STORES, holds_key, scheme
from stream.objects.failure import CHANGED, ObjectError, explained

T = TypeVar("T")

# Libraries of stores, whose log may hold addresses with signatures.
_LIBRARIES = ("adlfs", "azure", "fsspec", "gcsfs", "google", "s3fs")
# Before each further try of a request that failed in passing: a store that is busy asks for pauses that grow.
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
# No further try after so long.
_TRIES_S = 40.0
_CONNECT_S, _READ_S = 5.0, 10.0
# What differs between two versions of an object, as the stores name it.
_VERSION_KEYS = (
    "ETag", "etag", "generation", "md5Hash", "LastModified", "last_modified", "updated", "mtime", "created",
    "size",
)  # fmt: skip
_CHANGED_KEYS = ("LastModified", "last_modified", "updated", "mtime", "created")
# Extras whose file systems ask for ranges of exactly the version that they have opened (If-Match).
_CONDITIONAL = frozenset({"s3"})


def file_system(address: str) -> tuple[Any, str]:
    """Return fsspec's file system for an address, and the path in it. Raises ObjectError.

    Nothing is asked of the store yet, and none of its instances is shared: each sees the environment anew.
    """
    extra = OBJECT_STORES[scheme(address)]
    for library in map(logging.getLogger, _LIBRARIES):
        if library.level == logging.NOTSET:  # a program that uses this one may want to know
            library.setLevel(logging.CRITICAL)
    if holds_key(address):
        raise ObjectError("its address holds a key: set it in the environment or in the store's own files")
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if extra == "s3":  # all tries are counted here
        config = {"connect_timeout": _CONNECT_S, "read_timeout": _READ_S, "retries": {"max_attempts": 0}}
        options["config_kwargs"] = config
    try:
        import fsspec  # noqa: PLC0415  # of an extra

        system, path = fsspec.url_to_fs(address, **options)
    except ImportError as error:
        raise ObjectError(f"object stores of this kind need an extra: pip install '.[{extra}]'") from error
    except Exception as error:
        raise explained(error) from error
    if extra == "s3":
        system.retries = 1
    return system, path


def stored(address: str) -> StoredObject:
    """Return the object of an address; raises ObjectError."""
    system, path = file_system(address)
    return StoredObject(system, path, is_conditional=OBJECT_STORES[scheme(address)] in _CONDITIONAL)


class StoredObject:
    """One version of an object, of which any range can be read, by several threads.

    Attributes:
        size_bytes: its length.
        changed_utc: when it was written; now where the store does not say.
    """

    def __init__(
        self, system: Any, path: str, *, is_conditional: bool, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        """Look the object up; raises ObjectError.

        Args:
            system: fsspec's file system of the store, whose listings are not cached.
            path: the object's, in it.
            is_conditional: the system reads ranges of the version that it has opened, or fails; of another
                one the version is looked up after each range.
            pauses_s: before each further try.
        """
        self._pauses_s = pauses_s
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._system, self._path = system, path
        self._is_conditional = is_conditional
        info = self._tried(self._info)
        if info.get("type") == "directory":
            raise ObjectError("a folder or a bucket, not a video: name an object in it")
        self.size_bytes = int(info.get("size") or 0)
        if not self.size_bytes:
            raise ObjectError("the object is empty")
        self.changed_utc = _changed_utc(info)
        self._version = version(info)
        self._file = self._tried(lambda: self._system.open(self._path, "rb", cache_type="none"))
        # It has looked the object up itself.
        if version(getattr(self._file, "details", info)) != self._version:
            raise ObjectError(CHANGED)

    def fetch(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to before ``end``; raises ObjectError.

        Where the store is busy or the connection is lost it is tried again, for up to a minute.
        """
        return self._tried(lambda: self._range(start, end))

    def close(self) -> None:
        """End what is tried again. Safe to call twice."""
        self._closed.set()

    def _range(self, start: int, end: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            data = bytes(self._file.read(end - start))
        if not self._is_conditional and version(self._info()) != self._version:
            raise ObjectError(CHANGED)
        if len(data) != end - start:
            raise ObjectError("the connection was lost", passing=True)
        return data

    def _info(self) -> Mapping[str, Any]:
        info: Mapping[str, Any] = self._system.info(self._path)
        return info

    def _tried(self, call: Callable[[], T]) -> T:
        until_s = time.monotonic() + _TRIES_S
        for pause_s in self._pauses_s:
            try:
                return call()
            except Exception as error:
                failure = explained(error)
                if not failure.passing or self._closed.is_set() or time.monotonic() + pause_s > until_s:
                    raise failure from error
            self._closed.wait(pause_s)
        try:
            return call()
        except Exception as error:
            raise explained(error) from error


def version(info: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what differs where an object was written again."""
    return tuple(str(info[key]) for key in _VERSION_KEYS if info.get(key))


def _changed_utc(info: Mapping[str, Any]) -> datetime:
    found = next((info[key] for key in _CHANGED_KEYS if info.get(key)), None)
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found)
        except ValueError:
            found = None
    if not isinstance(found, datetime):
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
