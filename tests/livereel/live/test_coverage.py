"""Every second of a camera lies in a window or in a gap, whatever happens to it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Outcome
from base.clock import utc_after
from livereel.ledger.gaps import MIN_GAP_S
from livereel.ledger.ledger import Ledger
from livereel.live.coverage import GapTracker
from tests.kit.program.coverage import coverage
from tests.kit.records.windows import START_UTC, measured


def at(seconds: float) -> str:
    return utc_after(START_UTC, seconds)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def window(ledger: Ledger, start_s: float, end_s: float, epoch: int = 0) -> None:
    """Keep a window of that wall time."""
    it = measured(0, epoch=epoch, start_utc=at(start_s))
    ledger.windows.add(
        replace(it, id=f"front-{start_s:.3f}", start_s=0.0, end_s=end_s - start_s), Outcome.QUIET
    )


def gaps(ledger: Ledger, now_s: float = 1000.0) -> list[Gap]:
    return ledger.gaps.since("", at(now_s))


def test_from_start_to_the_first_picture_is_a_gap(ledger: Ledger) -> None:
    it = GapTracker(ledger, ["front"])
    it.start(at(0))
    it.began("front", at(3))
    assert gaps(ledger) == [Gap("front", at(0), at(3), GapReason.STARTING)]


@pytest.mark.parametrize("reason", [GapReason.SOURCE_DOWN, GapReason.SOURCE_STALLED, GapReason.UNREADABLE])
def test_a_camera_that_could_not_be_connected_to_was_down_from_the_start(
    reason: GapReason, ledger: Ledger
) -> None:
    it = GapTracker(ledger, ["front"])
    it.start(at(0))
    it.lost("front", at(20), reason)
    it.began("front", at(60))
    assert gaps(ledger) == [Gap("front", at(0), at(60), reason)]


def test_a_run_that_ends_while_a_camera_starts_leaves_it_starting(ledger: Ledger) -> None:
    it = GapTracker(ledger, ["front"])
    it.start(at(0))
    it.lost("front", at(5), GapReason.NOT_RUNNING)
    it.end(at(6))
    assert gaps(ledger) == [Gap("front", at(0), at(6), GapReason.STARTING)]


def test_what_a_lost_connection_had_open_is_part_of_the_gap(ledger: Ledger) -> None:
    it = GapTracker(ledger, ["front"])
    it.start(at(0))
    it.began("front", at(0))
    window(ledger, 0, 10)
    it.lost("front", at(17), GapReason.SOURCE_STALLED)
    it.began("front", at(20))
    assert gaps(ledger) == [Gap("front", at(10), at(20), GapReason.SOURCE_STALLED)]


def test_a_reason_that_changes_ends_one_gap_and_begins_another(ledger: Ledger) -> None:
    it = GapTracker(ledger, ["front"])
    it.start(at(0))
    it.lost("front", at(5), GapReason.SOURCE_DOWN)
    it.change_reason("front", at(60), GapReason.DISABLED)
    it.change_reason("front", at(600), GapReason.SOURCE_DOWN)
    it.lost("front", at(610), GapReason.SOURCE_DOWN)
    it.began("front", at(620))
    assert [(gap.start_utc, gap.end_utc, gap.reason) for gap in gaps(ledger)] == [
        (at(0), at(60), "source_down"),
        (at(60), at(600), "disabled"),
        (at(600), at(620), "source_down"),
    ]


def test_the_time_between_two_runs_is_a_gap(ledger: Ledger) -> None:
    first = GapTracker(ledger, ["front"])
    first.start(at(0))
    first.began("front", at(0))
    window(ledger, 0, 10)
    again = GapTracker(ledger, ["front"])  # the first was killed
    again.start(at(60))
    again.began("front", at(62))
    assert gaps(ledger) == [
        Gap("front", at(10), at(60), GapReason.NOT_RUNNING),
        Gap("front", at(60), at(62), GapReason.STARTING),
    ]


def test_a_new_camera_has_no_past(ledger: Ledger) -> None:
    it = GapTracker(ledger, ["front"])
    it.start(at(60))
    assert gaps(ledger, 70) == [Gap("front", at(60), at(70), GapReason.STARTING)]


def test_the_end_closes_open_gaps_and_adds_what_was_not_observed(ledger: Ledger) -> None:
    it = GapTracker(ledger, ["front", "back"])
    it.start(at(0))
    it.began("front", at(0))
    window(ledger, 0, 10)
    it.end(at(15))
    assert gaps(ledger) == [
        Gap("back", at(0), at(15), GapReason.STARTING),
        Gap("front", at(10), at(15), GapReason.NOT_RUNNING),
    ]


def test_a_window_whose_clock_runs_ahead_opens_no_gap_in_the_future(ledger: Ledger) -> None:
    it = GapTracker(ledger, ["front"])
    it.start(at(0))
    it.began("front", at(0))
    window(ledger, 0, 10)
    it.lost("front", at(9), GapReason.SOURCE_DOWN)
    it.began("front", at(9.2))
    assert gaps(ledger) == []


# What can happen to a camera next: windows that are kept, one that is lost, a connection that breaks or is
# taken up again, a run that is killed or ends.
EVENTS = st.lists(
    st.tuples(st.sampled_from(["window", "open", "lost", "killed", "ended"]), st.floats(0.1, 20.0)),
    max_size=12,
)


@settings(max_examples=30, deadline=None)  # each example makes a ledger
@given(events=EVENTS)
def test_every_second_is_recorded_once_after_any_sequence_of_events(events: list[tuple[str, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Ledger(Path(folder))) as ledger:
        it = GapTracker(ledger, ["front"])
        now_s, epoch = 0.0, 0
        it.start(at(0))
        watched_s: float | None = None  # since when windows follow each other; None while there are none
        for event, length_s in events:
            if watched_s is None:
                now_s += length_s / 4
                it.began("front", at(now_s))
                watched_s, epoch = now_s, epoch + 1
            now_s += length_s
            if event == "window":
                window(ledger, watched_s, now_s, epoch)
                watched_s = now_s
            elif event == "lost":
                it.lost("front", at(now_s), GapReason.SOURCE_DOWN)
                watched_s = None
            elif event in {"killed", "ended"}:
                if event == "ended":
                    it.end(at(now_s))
                now_s += length_s / 2
                it = GapTracker(ledger, ["front"])
                it.start(at(now_s))
                watched_s = None
        it.end(at(now_s))
        rows = list(ledger.history("", at(now_s)))
        found = coverage(rows, "front", at(0), at(now_s))
        # Only holes shorter than MIN_GAP_S are left out, at most one for each event.
        assert found.uncovered_s <= (MIN_GAP_S + 0.01) * (len(events) + 1)
        assert found.doubled_s <= 0.01 * len(events)
