"""The cache of blocks: what is fetched, what is kept, and what is read ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from stream.objects.blocks import Blocks
from stream.objects.failure import ObjectError

DATA = bytes(range(256)) * 10
PATIENCE_S = 60.0


class Store:
    """Serves ranges of DATA up to the byte ``fails_from``."""

    def __init__(self) -> None:
        self.fetched: list[tuple[int, int]] = []
        self.fails_from: int | None = None
        self.has_fetched = threading.Semaphore(0)

    def fetch(self, start: int, end: int) -> bytes:
        if self.fails_from is not None and start >= self.fails_from:
            self.has_fetched.release()
            raise ObjectError("gone")
        self.fetched.append((start, end))
        self.has_fetched.release()
        return DATA[start:end]

    def await_fetches(self, count: int) -> None:
        for _ in range(count):
            assert self.has_fetched.acquire(timeout=PATIENCE_S)


def read_all(blocks: Blocks, step: int) -> bytes:
    data = b""
    while part := blocks.read(len(data), step):
        data += part
    return data


@pytest.mark.parametrize("step", [1, 7, 100, 5000])
def test_what_is_read_in_order_is_fetched_once(step: int) -> None:
    store = Store()
    assert read_all(Blocks(store.fetch, len(DATA), block_bytes=100, max_blocks=2), step) == DATA
    assert sorted(store.fetched) == [(at, min(at + 100, len(DATA))) for at in range(0, len(DATA), 100)]


def test_a_read_ends_with_its_block_and_with_the_object() -> None:
    blocks = Blocks(Store().fetch, len(DATA), block_bytes=100)
    assert blocks.read(250, 500) == DATA[250:300]
    assert blocks.read(len(DATA) - 3, 500) == DATA[-3:]
    assert blocks.read(len(DATA), 500) == b""
    assert blocks.read(len(DATA) + 100, 500) == b""


def test_reads_in_order_have_the_next_block_fetched_and_jumps_do_not() -> None:
    store = Store()
    blocks = Blocks(store.fetch, len(DATA), block_bytes=100)
    blocks.read(0, 10)
    store.await_fetches(2)
    assert store.fetched == [(0, 100), (100, 200)]
    for at in (1000, 2000, 500):
        blocks.read(at, 10)
    store.await_fetches(3)
    assert store.fetched[2:] == [(1000, 1100), (2000, 2100), (500, 600)]


def test_two_places_that_are_read_in_turn_are_fetched_once_each() -> None:
    store = Store()
    blocks = Blocks(store.fetch, len(DATA), block_bytes=100, max_blocks=4)
    for at in range(0, 1000, 10):  # picture and sound, far from each other
        blocks.read(at, 10)
        blocks.read(1200 + at, 10)
    assert len(store.fetched) == len(set(store.fetched))


def test_no_more_blocks_are_kept_than_was_said() -> None:
    store = Store()
    blocks = Blocks(store.fetch, len(DATA), block_bytes=100, max_blocks=3)
    for number in (20, 10, 15, 5, 20):
        blocks.read(number * 100, 1)
    assert [start // 100 for start, _ in store.fetched] == [20, 10, 15, 5, 20]


def test_a_failure_ahead_is_raised_where_its_block_is_read() -> None:
    store = Store()
    store.fails_from = 100
    blocks = Blocks(store.fetch, len(DATA), block_bytes=100)
    assert blocks.read(0, 100) == DATA[:100]
    store.await_fetches(2)
    assert blocks.read(50, 10) == DATA[50:60]
    with pytest.raises(ObjectError, match="gone"):
        blocks.read(100, 10)


def test_a_failure_ahead_that_no_read_needs_is_dropped() -> None:
    store = Store()
    store.fails_from = 100
    blocks = Blocks(store.fetch, len(DATA), block_bytes=100)
    blocks.read(0, 10)
    store.await_fetches(2)
    store.fails_from = None
    assert read_after_jump(blocks.read) == DATA[1000:1200]


def read_after_jump(read: Callable[[int, int], bytes]) -> bytes:
    return read(1000, 100) + read(1100, 100)
