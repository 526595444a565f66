"""A resource is released once, after the last iteration of another thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from stream.read_guard import ReadGuard

PATIENCE_S = 60.0


class Resource:
    """Counts how often it is released; its second item comes when ``go_on`` is set."""

    def __init__(self) -> None:
        self.released = 0
        self.taken = threading.Event()
        self.go_on = threading.Event()
        self.guard = ReadGuard(self._release)

    def _release(self) -> None:
        self.released += 1

    def items(self) -> Iterator[int]:
        yield 0
        self.taken.set()
        assert self.go_on.wait(PATIENCE_S)
        yield 1


def test_a_resource_that_is_not_read_is_released_at_once_and_once() -> None:
    resource = Resource()
    resource.guard.close()
    resource.guard.close()
    assert resource.released == 1
    assert list(resource.guard.until_closed(iter([1, 2]))) == []


def test_an_iteration_of_the_closing_thread_delays_nothing() -> None:
    resource = Resource()
    items = resource.guard.until_closed(iter([1, 2, 3]))
    assert next(items) == 1
    resource.guard.close()
    assert resource.released == 1
    assert list(items) == []
    assert resource.released == 1


def test_the_thread_that_reads_releases_it_and_gets_no_further_item() -> None:
    resource = Resource()
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(resource.guard.until_closed(resource.items())))
    reader.start()
    assert resource.taken.wait(PATIENCE_S)
    resource.guard.close()
    assert resource.released == 0, "it is being read"
    resource.go_on.set()
    reader.join(PATIENCE_S)
    assert got == [0]
    assert resource.released == 1


def test_an_iteration_that_is_given_up_releases_nothing_that_is_open() -> None:
    resource = Resource()
    for item in resource.guard.until_closed(iter([1, 2, 3])):
        assert item == 1
        break
    assert list(resource.guard.until_closed(iter([4]))) == [4]
    assert resource.released == 0
