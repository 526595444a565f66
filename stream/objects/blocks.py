"""A bounded cache of blocks, which reads ahead."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

BLOCK_BYTES = 2 << 20
# Tracks of a file may lie far from each other; each is read at a place of its own.
MAX_BLOCKS = 12

Fetch = Callable[[int, int], bytes]
"""Returns the bytes from a place to before another one."""


class Blocks:
    """Reads an object in blocks, of which the last ones are kept: MAX_BLOCKS, and one that is on its way.

    While blocks are read one after another, the next one is fetched in a thread. For one reader at a time.
    """

    def __init__(
        self, fetch: Fetch, size_bytes: int, *, block_bytes: int = BLOCK_BYTES, max_blocks: int = MAX_BLOCKS
    ) -> None:
        self._fetch = fetch
        self._size_bytes = size_bytes
        self._block_bytes = block_bytes
        self._max_blocks = max_blocks
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._last = -1
        self._ahead: tuple[int, Future[bytes]] | None = None

    def read(self, at: int, count: int) -> bytes:
        """Return at most so many bytes, up to the end of a block; b"" at the end. Raises as fetch does."""
        if at >= self._size_bytes or count <= 0:
            return b""
        number, offset = divmod(at, self._block_bytes)
        block = self._block(number)
        if number == self._last + 1:
            self._read_ahead(number + 1)
        self._last = number
        return block[offset : offset + count]

    def _block(self, number: int) -> bytes:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        if self._ahead is not None and self._ahead[0] == number:
            future, self._ahead = self._ahead[1], None
            return self._keep(number, future.result())
        return self._keep(number, self._fetched(number))

    def _keep(self, number: int, block: bytes) -> bytes:
        self._kept[number] = block
        while len(self._kept) > self._max_blocks:
            self._kept.popitem(last=False)
        return block

    def _read_ahead(self, number: int) -> None:
        if number * self._block_bytes >= self._size_bytes or number in self._kept:
            return
        if self._ahead is not None:
            was, future = self._ahead
            if not future.done() or was == number:
                return
            if future.exception() is None:
                self._keep(was, future.result())
        future = Future()
        self._ahead = number, future
        threading.Thread(target=self._settle, args=(number, future), name="read-ahead", daemon=True).start()

    def _settle(self, number: int, future: Future[bytes]) -> None:
        try:
            future.set_result(self._fetched(number))
        except BaseException as error:  # noqa: BLE001  # raised where the block is read
            future.set_exception(error)

    def _fetched(self, number: int) -> bytes:
        start = number * self._block_bytes
        return self._fetch(start, min(start + self._block_bytes, self._size_bytes))
