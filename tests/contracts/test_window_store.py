"""The contract of WindowStore, for the ledger and for the one in memory that tests of the queue use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from analyzer.describe.window_store import WindowStore, WindowStoreError
from analyzer.signal.sound.record import Sound, SoundPeak
from analyzer.signal.window import Outcome, Window
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from tests.kit.records.moments import moment
from tests.kit.records.waiting import Store
from tests.kit.records.windows import measured


@dataclass(frozen=True, slots=True)
class Place:
    """Where windows wait: a way to add one, and the outcome of one by its id."""

    waiting: WindowStore
    add: Callable[[Window], None]
    outcome: Callable[[str], str]


def ledger(folder: Path) -> Iterator[Place]:
    with closing(Ledger(folder)) as it:

        def outcome(window_id: str) -> str:
            entry = it.windows.find(window_id)
            assert entry is not None
            return entry.outcome

        yield Place(it.pending, lambda window: it.windows.add(window, PENDING), outcome)


def memory(folder: Path) -> Iterator[Place]:  # noqa: ARG001  # as the ledger
    store = Store()
    yield Place(store, store.waiting.append, lambda window_id: store.ended.get(window_id, PENDING))


@pytest.fixture(params=[ledger, memory], ids=lambda make: make.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from request.param(tmp_path)


def window(index: int, signal: float = 900.0, camera: str = "front") -> Window:
    return measured(index, [(2.0, signal)], camera=camera)


def test_the_newest_window_of_each_camera_is_next_except_those_in_work(place: Place) -> None:
    for index in (1, 0, 2):
        for camera in ("front", "back"):
            place.add(window(index, camera=camera))
    assert dict(place.waiting.newest_pending([])) == {
        "front": window(2).id,
        "back": window(2, camera="back").id,
    }
    without = [window(2).id, window(1).id]
    assert dict(place.waiting.newest_pending(without)) == {
        "front": window(0).id,
        "back": window(2, camera="back").id,
    }
    assert place.waiting.count_pending() == 6


def test_a_window_is_returned_as_it_was_added(place: Place) -> None:
    place.add(window(3))
    assert place.waiting.window(window(3).id) == window(3)
    with pytest.raises(WindowStoreError, match=window(4).id):
        place.waiting.window(window(4).id)


def test_a_window_that_has_ended_waits_no_longer(place: Place) -> None:
    made = moment(0)
    place.add(made.window)
    place.add(window(1))
    place.waiting.end_window(made.window.id, Outcome.DESCRIBED, made)
    place.waiting.end_window(window(1).id, Outcome.MODEL_FAILED)
    assert place.waiting.count_pending() == 0
    assert place.waiting.newest_pending([]) == []
    assert [place.outcome(each.id) for each in (made.window, window(1))] == ["described", "model_failed"]


def test_the_lowest_signals_are_skipped_and_never_those_in_work(place: Place) -> None:
    made = [window(index, signal) for index, signal in enumerate((300.0, 120.0, 200.0, 400.0))]
    for each in made:
        place.add(each)
    assert place.waiting.skip_lowest(2, [made[1].id]) == 2
    assert [place.outcome(each.id) for each in made] == [
        Outcome.SKIPPED_OVERLOAD,
        PENDING,
        Outcome.SKIPPED_OVERLOAD,
        PENDING,
    ]
    assert place.waiting.skip_lowest(5, [made[1].id]) == 1
    assert place.waiting.skip_lowest(5, [made[1].id]) == 0


def test_windows_with_only_sound_are_skipped_first_the_faintest_first(place: Place) -> None:
    """Their signal is noise, which on one camera may be higher than what moves on another."""
    noisy = [
        replace(
            measured(index, noise=500.0),
            sound=Sound(-20.0, -45.0, -35.0, (SoundPeak(10.0 * index, -20.0, rise_db),)),
        )
        for index, rise_db in enumerate((25.0, 12.0))
    ]
    faint = window(2, 120.0)
    loud = replace(window(3, 110.0), sound=noisy[0].sound)
    for each in (*noisy, faint, loud):
        place.add(each)
    skipped: list[int] = []
    for _ in range(4):
        assert place.waiting.skip_lowest(1, []) == 1
        found = [it.index for it in (*noisy, faint, loud) if place.outcome(it.id) != PENDING]
        skipped += [index for index in found if index not in skipped]
    assert skipped == [1, 0, 2, 3]


def test_a_ledger_that_was_closed_raises_waiting_errors(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as it:
        waiting: WindowStore = it.pending
    for call in (
        lambda: waiting.newest_pending([]),
        lambda: waiting.window("front-0-00000"),
        waiting.count_pending,
        lambda: waiting.skip_lowest(1, []),
        lambda: waiting.end_window("front-0-00000", Outcome.MODEL_FAILED),
    ):
        with pytest.raises(WindowStoreError, match="closed"):
            call()
