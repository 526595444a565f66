"""What the ledger keeps, over restarts and beside readers."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Clip, Keyframe, Window
from base.clock import utc_after, utc_text
from livereel.ledger.disk_usage import Stock
from livereel.ledger.ledger import PENDING, Ledger, LedgerError
from tests.kit.events import reel_in
from tests.kit.measured import START_UTC, measured
from tests.kit.moments import moment


def at(seconds: float) -> str:
    return utc_after(START_UTC, seconds)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "data")) as it:
        yield it


def with_files(window: Window, data: Path) -> Window:
    clip, picture = data / "clips" / f"{window.id}.mp4", data / "keyframes" / f"{window.id}-0.jpg"
    for file in (clip, picture):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"bytes")
    return replace(window, clip=Clip(clip, -0.5), keyframes=(Keyframe(2.0, 900.0, picture),))


def test_a_window_comes_back_as_it_was(ledger: Ledger, tmp_path: Path) -> None:
    window = with_files(measured(0, [(2.0, 900.0)]), tmp_path / "data")
    ledger.add_window(window, PENDING)
    assert [entry.window for entry in ledger.entries("")] == [window]
    assert ledger.window(window.id) == window


def test_a_folder_may_move_with_all_that_is_in_it(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "data")) as ledger:
        ledger.add_window(with_files(measured(0, [(2.0, 900.0)]), tmp_path / "data"), PENDING)
    shutil.move(tmp_path / "data", tmp_path / "elsewhere")
    with closing(Ledger(tmp_path / "elsewhere")) as ledger:
        window = ledger.pending()[0]
    assert window.clip is not None
    assert window.clip.path.is_file()
    assert all(keyframe.file and keyframe.file.is_file() for keyframe in window.keyframes)


def test_a_window_has_one_outcome_for_ever(ledger: Ledger) -> None:
    told = moment(0)
    ledger.add_window(told.window, PENDING)
    ledger.end_window(told.window.id, "described", told)
    ledger.end_window(told.window.id, "model_failed")
    ledger.add_window(told.window, PENDING)
    (entry,) = ledger.entries("")
    assert entry.outcome == "described"
    assert entry.moment == told


def test_what_waits_is_told_newest_first_and_survives(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        for index in (1, 0, 2):
            ledger.add_window(measured(index, [(2.0, 900.0)]), PENDING)
        ledger.add_window(measured(3), "quiet")
    with closing(Ledger(tmp_path)) as ledger:
        assert [window.index for window in ledger.pending()] == [2, 1, 0]


def test_entries_are_those_that_ended_later_of_the_camera_asked_for(ledger: Ledger) -> None:
    for camera in ("front", "back"):
        for index in range(3):
            ledger.add_window(measured(index, camera=camera), "quiet")
    assert [(e.window.camera, e.window.index) for e in ledger.entries(at(10))] == [
        ("back", 1),
        ("front", 1),
        ("back", 2),
        ("front", 2),
    ]
    assert [e.window.index for e in ledger.entries(at(10.001), camera="front")] == [1, 2]


def test_an_open_gap_keeps_its_start_and_its_first_reason(ledger: Ledger) -> None:
    ledger.open_gap("front", at(10), "source_stalled")
    ledger.open_gap("front", at(20), "source_down")
    assert ledger.gaps("", at(30)) == [Gap("front", at(10), at(30), "source_stalled")]
    ledger.close_gap("front", at(25))
    assert ledger.gaps("", at(30)) == [Gap("front", at(10), at(25), "source_stalled")]
    ledger.close_gap("front", at(40))
    assert ledger.gaps("", at(50)) == [Gap("front", at(10), at(25), "source_stalled")]


@pytest.mark.parametrize("length_s", [-5.0, 0.0, 0.4])
def test_a_gap_too_short_to_tell_is_forgotten_and_no_other(length_s: float, ledger: Ledger) -> None:
    ledger.add_gap(Gap("front", at(1), at(1.2), "unreadable"))
    ledger.open_gap("front", at(10), "source_down")
    ledger.close_gap("front", at(10 + length_s))
    assert ledger.gaps("", at(60)) == [Gap("front", at(1), at(1.2), "unreadable")]


def test_a_short_gap_that_is_all_there_is_of_a_camera_stays(ledger: Ledger) -> None:
    ledger.add_window(measured(0, camera="back"), "quiet")
    ledger.open_gap("front", at(10), "source_down")
    ledger.close_gap("front", at(10.2))
    assert ledger.seen_until("front") == at(10.2)


def test_cameras_have_gaps_of_their_own(ledger: Ledger) -> None:
    ledger.open_gap("front", at(0), "source_down")
    ledger.open_gap("back", at(5), "disabled")
    ledger.close_gap("front", at(10))
    assert ledger.gaps("", at(20), camera="back") == [Gap("back", at(5), at(20), "disabled")]
    assert [gap.camera for gap in ledger.gaps(at(10), at(20))] == ["back"]


def test_a_camera_is_seen_until_its_newest_window_or_gap(ledger: Ledger) -> None:
    assert ledger.seen_until("front") is None
    ledger.add_window(measured(0), "quiet")
    assert ledger.seen_until("front") == at(10)
    ledger.open_gap("front", at(10), "source_down")
    assert ledger.seen_until("front") == at(10)
    ledger.close_gap("front", at(17))
    assert ledger.seen_until("front") == at(17)
    assert ledger.seen_until("back") is None


def test_epochs_are_numbered_on_over_runs(ledger: Ledger) -> None:
    assert ledger.next_epoch("front") == 0
    for epoch in range(3):
        ledger.add_window(measured(epoch, epoch=epoch), "quiet")
    assert ledger.next_epoch("front") == 3
    assert ledger.next_epoch("back") == 0


def test_reels_are_numbered_and_told(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.next_seq("front") == 1
    for seq in (1, 2):
        ledger.add_reel(reel_in(tmp_path / "data", "front", seq))
    assert ledger.next_seq("front") == 3
    assert ledger.seqs("front") == [1, 2]
    assert [(row["id"], row["seq"], row["folder"]) for row in ledger.reels()] == [
        ("front", 1, "reels/front/000001"),
        ("front", 2, "reels/front/000002"),
    ]
    ledger.forget_reel("front", 1)
    assert ledger.seqs("front") == [2]


def test_words_and_reels_are_untold_until_they_are_told(ledger: Ledger, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for index in range(3):
        ledger.add_window(moment(index).window, PENDING)
    ledger.end_window(moment(1).window.id, "described", moment(1))
    ledger.end_window(moment(0).window.id, "model_failed")
    reel = reel_in(data)
    ledger.add_reel(reel)
    ledger.end_window(moment(2).window.id, "described", moment(2))
    first, second, third = ledger.untold(0, 10)
    assert first.event == moment(1)
    assert isinstance(second.event, Reel)
    assert second.event.folder == reel.folder
    assert third.event == moment(2), "in the order in which they were made"
    assert ledger.untold(first.number, 1) == [second]
    ledger.told(second.number)
    assert ledger.untold(0, 10) == [third]
    ledger.told(third.number)
    ledger.add_reel(reel_in(data, seq=2))
    (next_one,) = ledger.untold(0, 10)
    assert next_one.number > third.number, "numbers are never used again"


def test_what_retention_removes_is_no_longer_to_be_told(ledger: Ledger, tmp_path: Path) -> None:
    ledger.add_window(moment(0).window, PENDING)
    ledger.end_window(moment(0).window.id, "described", moment(0))
    ledger.add_reel(reel_in(tmp_path / "data", seq=4))
    assert len(ledger.untold(0, 10)) == 2
    Stock(ledger).forget_before(at(3600))
    ledger.forget_reel("front", 4)
    assert ledger.untold(0, 10) == []


def test_the_number_of_a_reel_that_is_gone_is_not_given_again(ledger: Ledger, tmp_path: Path) -> None:
    for seq in (1, 2):
        ledger.add_reel(reel_in(tmp_path / "data", "front", seq))
    for seq in (2, 1):
        ledger.forget_reel("front", seq)
    assert ledger.seqs("front") == []
    assert ledger.next_seq("front") == 3
    assert ledger.next_seq("back") == 1


def test_windows_read_in_parts_are_all_of_them_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livereel.ledger.windows.PART_ROWS", 2)
    for index in range(4):
        for camera in ("gate", "barn", "yard"):
            ledger.add_window(measured(index, camera=camera), "quiet")
    walked = [(entry.window.index, entry.window.camera) for entry in ledger.walk(at(10))]
    assert walked == [(index, camera) for index in (1, 2, 3) for camera in ("barn", "gate", "yard")]


def test_who_reads_for_long_keeps_nobody_from_writing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livereel.ledger.windows.PART_ROWS", 2)
    for index in range(4):
        ledger.add_window(measured(index), "quiet")
    told = ledger.history("", at(99))
    assert next(told)["index"] == 0
    with ThreadPoolExecutor() as threads:
        threads.submit(ledger.add_window, measured(4), "quiet").result(timeout=60)
    assert [row["index"] for row in told] == [1, 2, 3, 4]


class Explained(Ledger):
    """Remembers how SQLite goes about what it is asked."""

    plans: list[str]

    def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        self.plans += [row[3] for row in super().read(f"EXPLAIN QUERY PLAN {query}", *values)]
        return super().read(query, *values)


def test_no_question_is_answered_by_reading_all_windows_or_gaps(tmp_path: Path) -> None:
    with closing(Explained(tmp_path)) as ledger:
        ledger.add_window(measured(0), "quiet")
        ledger.plans = []
        stock = Stock(ledger)
        for camera in (None, "front"):
            ledger.entries(at(0), camera=camera)
            ledger.gaps(at(0), at(99), camera=camera)
        assert list(ledger.history(at(0), at(99)))
        ledger.seen_until("front")
        ledger.next_epoch("front")
        stock.held_bytes()
        stock.count(at(0))
        stock.windows(10, at(0))
    # A sum is made of the index alone, in which only windows with files are.
    summed = "SCAN windows USING COVERING INDEX windows_held"
    assert summed in ledger.plans
    assert [plan for plan in ledger.plans if re.match("SCAN (windows|gaps)", plan) and plan != summed] == []


def test_what_is_old_is_forgotten_in_parts_and_without_reading_what_is_young(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livereel.ledger.disk_usage.PART_ROWS", 2)
    for index in range(7):
        ledger.add_window(measured(index), "quiet")
        ledger.add_gap(Gap("back", at(index * 10), at(index * 10 + 10), "source_down"))
    asked: list[str] = []
    with ledger.writing() as db:
        db.set_trace_callback(asked.append)
        Stock(ledger).forget_before(at(50))
        db.set_trace_callback(None)
        deletions = [query for query in asked if query.startswith("DELETE")]
        plans = [row[3] for query in deletions for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert [entry.window.index for entry in ledger.entries("")] == [5, 6]
    assert [gap.start_utc for gap in ledger.gaps("", at(99))] == [at(50), at(60)]
    assert asked.count("COMMIT") == 6
    assert not [plan for plan in plans if plan.startswith("SCAN")]
    assert {"SEARCH windows USING INDEX windows_by_end (end_utc<?)"} < set(plans)


FIRST_SCHEMA = """
CREATE TABLE windows (
    id TEXT PRIMARY KEY, camera TEXT NOT NULL, start_utc TEXT NOT NULL, end_utc TEXT NOT NULL,
    outcome TEXT NOT NULL, window TEXT NOT NULL, moment TEXT, bytes INTEGER NOT NULL) STRICT;
CREATE INDEX windows_by_time ON windows (start_utc);
CREATE INDEX windows_by_camera ON windows (camera, end_utc);
CREATE INDEX windows_pending ON windows (start_utc) WHERE outcome = 'pending';
CREATE INDEX windows_with_files ON windows (start_utc) WHERE bytes > 0;
CREATE TABLE gaps (
    camera TEXT NOT NULL, start_utc TEXT NOT NULL, end_utc TEXT, reason TEXT NOT NULL) STRICT;
CREATE INDEX gaps_by_time ON gaps (start_utc);
CREATE UNIQUE INDEX gaps_open ON gaps (camera) WHERE end_utc IS NULL;
CREATE TABLE reels (
    id TEXT NOT NULL, seq INTEGER NOT NULL, end_utc TEXT NOT NULL, folder TEXT NOT NULL,
    manifest TEXT NOT NULL, PRIMARY KEY (id, seq)) STRICT;
"""


def test_a_ledger_of_the_first_version_goes_on(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "new")) as new:
        new.add_window(measured(0), "quiet")
        (row,) = new.read("SELECT * FROM windows")
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as old, old:
        old.executescript(FIRST_SCHEMA)
        old.execute("INSERT INTO windows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    with closing(Ledger(tmp_path, read_only=True)) as reader:
        assert [told["kind"] for told in reader.history("", at(99))] == ["window"]
    with closing(Ledger(tmp_path)) as ledger:
        ledger.add_window(measured(1), "quiet")
        assert [entry.window.index for entry in ledger.entries("")] == [0, 1]
        assert Stock(ledger).began_utc() == "", "nobody knows any more"
    with closing(Ledger(tmp_path)) as ledger:
        assert Stock(ledger).began_utc() == ""


def test_a_ledger_knows_when_it_was_made(tmp_path: Path) -> None:
    before_utc = utc_text(datetime.now(UTC))
    with closing(Ledger(tmp_path)) as ledger:
        began_utc = Stock(ledger).began_utc()
    assert before_utc <= began_utc <= utc_text(datetime.now(UTC))
    with closing(Ledger(tmp_path)) as ledger:
        assert Stock(ledger).began_utc() == began_utc


def test_others_read_beside_the_writer(ledger: Ledger, tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "data", read_only=True)) as reader:
        ledger.add_window(measured(0), "quiet")
        assert len(reader.entries("")) == 1
        with pytest.raises(LedgerError, match="readonly"):
            reader.add_window(measured(1), "quiet")


def test_a_file_that_is_no_ledger_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match=r"ledger\.db: file is not a database"):
        Ledger(tmp_path)


def test_a_ledger_that_is_damaged_later_says_so(ledger: Ledger, tmp_path: Path) -> None:
    ledger.add_window(measured(0), "quiet")
    ledger.close()
    with pytest.raises(LedgerError):
        ledger.add_window(measured(1), "quiet")
    with closing(Ledger(tmp_path / "data")) as again:
        assert len(again.entries("")) == 1
