"""What every ledger promises, whatever database holds it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Clip, Keyframe, Outcome, Window
from base.clock import utc_after, utc_text
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING, LedgerError
from tests.kit.records.events import reel_in
from tests.kit.records.moments import moment
from tests.kit.records.waiting import pending_in
from tests.kit.records.windows import START_UTC, measured

Opener = Callable[..., Ledger]
"""Opens the ledger of a data folder, the same each time for the same folder."""

BACKENDS: dict[str, Opener] = {"sqlite": Ledger}


def at(seconds: float) -> str:
    return utc_after(START_UTC, seconds)


@pytest.fixture(params=BACKENDS)
def open_ledger(request: pytest.FixtureRequest) -> Opener:
    return BACKENDS[request.param]


@pytest.fixture
def ledger(tmp_path: Path, open_ledger: Opener) -> Iterator[Ledger]:
    with closing(open_ledger(tmp_path / "data")) as it:
        yield it


@pytest.fixture
def in_parts(tmp_path: Path, open_ledger: Opener) -> Iterator[Ledger]:
    """A ledger that reads and removes two rows at a time."""
    with closing(open_ledger(tmp_path / "data", part_rows=2)) as it:
        yield it


def with_files(window: Window, data: Path) -> Window:
    clip, picture = data / "clips" / f"{window.id}.mp4", data / "keyframes" / f"{window.id}-0.jpg"
    for file in (clip, picture):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"bytes")
    return replace(window, clip=Clip(clip, -0.5), keyframes=(Keyframe(2.0, 900.0, picture),))


def test_a_window_comes_back_as_it_was(ledger: Ledger, tmp_path: Path) -> None:
    window = with_files(measured(0, [(2.0, 900.0)]), tmp_path / "data")
    ledger.windows.add(window, PENDING)
    assert [entry.window for entry in ledger.windows.entries("")] == [window]
    assert ledger.windows.get(window.id) == window


def test_a_folder_may_move_with_all_that_is_in_it(tmp_path: Path, open_ledger: Opener) -> None:
    with closing(open_ledger(tmp_path / "data")) as ledger:
        ledger.windows.add(with_files(measured(0, [(2.0, 900.0)]), tmp_path / "data"), PENDING)
    shutil.move(tmp_path / "data", tmp_path / "elsewhere")
    with closing(open_ledger(tmp_path / "elsewhere")) as ledger:
        window = pending_in(ledger)[0]
    assert window.clip is not None
    assert window.clip.path.is_file()
    assert all(keyframe.file and keyframe.file.is_file() for keyframe in window.keyframes)


def test_a_window_has_one_outcome_for_ever(ledger: Ledger) -> None:
    told = moment(0)
    ledger.windows.add(told.window, PENDING)
    ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
    ledger.windows.end(told.window.id, Outcome.MODEL_FAILED)
    ledger.windows.add(told.window, PENDING)
    (entry,) = ledger.windows.entries("")
    assert entry.outcome == "described"
    assert entry.moment == told


def test_pending_windows_survive(tmp_path: Path, open_ledger: Opener) -> None:
    with closing(open_ledger(tmp_path)) as ledger:
        for index in (1, 0, 2):
            ledger.windows.add(measured(index, [(2.0, 900.0)]), PENDING)
        ledger.windows.add(measured(3), Outcome.QUIET)
    with closing(open_ledger(tmp_path)) as ledger:
        assert [window.index for window in pending_in(ledger)] == [0, 1, 2]


def test_entries_are_those_that_ended_later_of_the_camera_asked_for(ledger: Ledger) -> None:
    for camera in ("front", "back"):
        for index in range(3):
            ledger.windows.add(measured(index, camera=camera), Outcome.QUIET)
    assert [(e.window.camera, e.window.index) for e in ledger.windows.entries(at(10))] == [
        ("back", 1),
        ("front", 1),
        ("back", 2),
        ("front", 2),
    ]
    assert [e.window.index for e in ledger.windows.entries(at(10.001), camera="front")] == [1, 2]


def test_an_open_gap_keeps_its_start_and_its_first_reason(ledger: Ledger) -> None:
    ledger.gaps.open("front", at(10), GapReason.SOURCE_STALLED)
    ledger.gaps.open("front", at(20), GapReason.SOURCE_DOWN)
    assert ledger.gaps.since("", at(30)) == [Gap("front", at(10), at(30), GapReason.SOURCE_STALLED)]
    ledger.gaps.close("front", at(25))
    assert ledger.gaps.since("", at(30)) == [Gap("front", at(10), at(25), GapReason.SOURCE_STALLED)]
    ledger.gaps.close("front", at(40))
    assert ledger.gaps.since("", at(50)) == [Gap("front", at(10), at(25), GapReason.SOURCE_STALLED)]


@pytest.mark.parametrize("length_s", [-5.0, 0.0, 0.4])
def test_a_gap_that_is_too_short_is_dropped_and_no_other(length_s: float, ledger: Ledger) -> None:
    ledger.gaps.add(Gap("front", at(1), at(1.2), GapReason.UNREADABLE))
    ledger.gaps.open("front", at(10), GapReason.SOURCE_DOWN)
    ledger.gaps.close("front", at(10 + length_s))
    assert ledger.gaps.since("", at(60)) == [Gap("front", at(1), at(1.2), GapReason.UNREADABLE)]


def test_a_short_gap_that_is_all_there_is_of_a_camera_stays(ledger: Ledger) -> None:
    ledger.windows.add(measured(0, camera="back"), Outcome.QUIET)
    ledger.gaps.open("front", at(10), GapReason.SOURCE_DOWN)
    ledger.gaps.close("front", at(10.2))
    assert ledger.observed_until("front") == at(10.2)


def test_cameras_have_gaps_of_their_own(ledger: Ledger) -> None:
    ledger.gaps.open("front", at(0), GapReason.SOURCE_DOWN)
    ledger.gaps.open("back", at(5), GapReason.DISABLED)
    ledger.gaps.close("front", at(10))
    assert ledger.gaps.since("", at(20), camera="back") == [Gap("back", at(5), at(20), GapReason.DISABLED)]
    assert [gap.camera for gap in ledger.gaps.since(at(10), at(20))] == ["back"]


def test_a_camera_is_seen_until_its_newest_window_or_gap(ledger: Ledger) -> None:
    assert ledger.observed_until("front") is None
    ledger.windows.add(measured(0), Outcome.QUIET)
    assert ledger.observed_until("front") == at(10)
    ledger.gaps.open("front", at(10), GapReason.SOURCE_DOWN)
    assert ledger.observed_until("front") == at(10)
    ledger.gaps.close("front", at(17))
    assert ledger.observed_until("front") == at(17)
    assert ledger.observed_until("back") is None


def test_epochs_are_numbered_on_over_runs(ledger: Ledger) -> None:
    assert ledger.windows.next_epoch("front") == 0
    for epoch in range(3):
        ledger.windows.add(measured(epoch, epoch=epoch), Outcome.QUIET)
    assert ledger.windows.next_epoch("front") == 3
    assert ledger.windows.next_epoch("back") == 0


def test_reels_are_numbered_and_listed(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.reels.next_seq("front") == 1
    for seq in (1, 2):
        ledger.reels.add(reel_in(tmp_path / "data", "front", seq))
    assert ledger.reels.next_seq("front") == 3
    assert ledger.reels.seqs("front") == [1, 2]
    assert [(row["id"], row["seq"], row["folder"]) for row in ledger.reels.since()] == [
        ("front", 1, "reels/front/000001"),
        ("front", 2, "reels/front/000002"),
    ]
    ledger.reels.remove("front", 1)
    assert ledger.reels.seqs("front") == [2]


def test_the_number_of_a_reel_that_is_gone_is_not_given_again(ledger: Ledger, tmp_path: Path) -> None:
    for seq in (1, 2):
        ledger.reels.add(reel_in(tmp_path / "data", "front", seq))
    for seq in (2, 1):
        ledger.reels.remove("front", seq)
    assert ledger.reels.seqs("front") == []
    assert ledger.reels.next_seq("front") == 3
    assert ledger.reels.next_seq("back") == 1


def test_a_ledger_knows_when_it_was_made(tmp_path: Path, open_ledger: Opener) -> None:
    before_utc = utc_text(datetime.now(UTC))
    with closing(open_ledger(tmp_path)) as ledger:
        created_utc = ledger.created_utc()
    assert before_utc <= created_utc <= utc_text(datetime.now(UTC))
    with closing(open_ledger(tmp_path)) as ledger:
        assert ledger.created_utc() == created_utc


def test_windows_read_in_parts_are_all_of_them_once(in_parts: Ledger) -> None:
    ledger = in_parts
    for index in range(4):
        for camera in ("gate", "barn", "yard"):
            ledger.windows.add(measured(index, camera=camera), Outcome.QUIET)
    walked = [(entry.window.index, entry.window.camera) for entry in ledger.windows.walk(at(10))]
    assert walked == [(index, camera) for index in (1, 2, 3) for camera in ("barn", "gate", "yard")]


def test_a_long_read_keeps_no_writer_waiting(in_parts: Ledger) -> None:
    ledger = in_parts
    for index in range(4):
        ledger.windows.add(measured(index), Outcome.QUIET)
    rows = ledger.history("", at(99))
    assert next(rows)["index"] == 0
    with ThreadPoolExecutor() as threads:
        threads.submit(ledger.windows.add, measured(4), Outcome.QUIET).result(timeout=60)
    assert [row["index"] for row in rows] == [1, 2, 3, 4]


def test_threads_may_write_and_read_at_once(ledger: Ledger) -> None:
    def write(camera: str) -> None:
        for index in range(20):
            ledger.windows.add(measured(index, camera=camera), PENDING)
            ledger.pending.newest_pending([])

    with ThreadPoolExecutor() as threads:
        list(threads.map(write, ["gate", "barn", "yard", "roof"]))
    assert ledger.pending.count_pending() == 80
    newest = dict(ledger.pending.newest_pending([]))
    assert newest == {camera: measured(19, camera=camera).id for camera in ("gate", "barn", "yard", "roof")}


def test_of_each_camera_the_newest_pending_window_is_next_but_for_those_in_work(ledger: Ledger) -> None:
    for index in range(3):
        for camera in ("front", "back"):
            ledger.windows.add(measured(index, camera=camera), PENDING)
    without = [measured(2).id, measured(1).id]
    assert dict(ledger.pending.newest_pending(without)) == {
        "front": measured(0).id,
        "back": measured(2, camera="back").id,
    }


def test_the_lowest_signals_are_skipped_and_never_those_in_work(ledger: Ledger) -> None:
    made = [measured(index, [(2.0, value)]) for index, value in enumerate((300.0, 100.0, 200.0, 400.0))]
    for window in made:
        ledger.windows.add(window, PENDING)
    assert ledger.pending.skip_lowest(2, [made[1].id]) == 2
    outcomes = [entry.outcome for entry in ledger.windows.entries("")]
    assert outcomes == [Outcome.SKIPPED_OVERLOAD, PENDING, Outcome.SKIPPED_OVERLOAD, PENDING]


def test_a_window_that_is_not_there_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no window front-7"):
        ledger.windows.get("front-7")


def test_old_rows_are_removed_in_parts(in_parts: Ledger) -> None:
    ledger = in_parts
    for index in range(7):
        ledger.windows.add(measured(index), Outcome.QUIET)
        ledger.gaps.add(Gap("back", at(index * 10), at(index * 10 + 10), GapReason.SOURCE_DOWN))
    ledger.files.forget_before(at(50))
    assert [entry.window.index for entry in ledger.windows.entries("")] == [5, 6]
    assert [gap.start_utc for gap in ledger.gaps.since("", at(99))] == [at(50), at(60)]


@pytest.mark.parametrize("reason", list(GapReason))
def test_every_reason_of_a_gap_comes_back(reason: GapReason, ledger: Ledger) -> None:
    ledger.gaps.open("front", at(0), reason)
    assert ledger.gaps.open_reason("front") is reason
    ledger.gaps.close("front", at(10))
    assert [gap.reason for gap in ledger.gaps.since("", at(99))] == [reason]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_comes_back(outcome: Outcome, ledger: Ledger) -> None:
    ledger.windows.add(moment(0).window, PENDING)
    ledger.windows.end(moment(0).window.id, outcome)
    assert [entry.outcome for entry in ledger.windows.entries("")] == [outcome]


def test_a_write_after_the_end_is_an_error_and_what_was_written_stays(
    ledger: Ledger, tmp_path: Path, open_ledger: Opener
) -> None:
    ledger.windows.add(measured(0), Outcome.QUIET)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.windows.add(measured(1), Outcome.QUIET)
    with closing(open_ledger(tmp_path / "data")) as again:
        assert len(again.windows.entries("")) == 1
