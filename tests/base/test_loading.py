"""Loading modules without searching for garbage."""

from __future__ import annotations

import gc
import weakref

import pytest

from base.loading import loading


class Ring:
    """Garbage as soon as it is dropped: it refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def test_no_garbage_is_searched_for_while_loading_and_it_is_afterwards() -> None:
    searched: list[str] = []
    gc.callbacks.append(lambda phase, _: searched.append(phase))
    try:
        with loading():
            rings = [Ring() for _ in range(20_000)]
            assert not searched
        assert gc.isenabled()
        del rings
    finally:
        del gc.callbacks[-1]
    late = weakref.ref(Ring())
    gc.collect()
    assert late() is None, "what comes later is collected"


def test_an_import_that_fails_leaves_the_search_on() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_where_no_garbage_is_searched_for_it_stays_so() -> None:
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
