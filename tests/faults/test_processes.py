"""A program that is killed or stopped, and a disk that fills."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from base.clock import parse_utc, utc_text
from tests.kit.cameras import faults
from tests.kit.cameras.rtsp import RtspServer
from tests.kit.program.coverage import coverage, holes
from tests.kit.program.invariants import (
    TOLERANCE_S,
    assert_all_recorded,
    assert_files_good,
    assert_no_partial_files,
    epochs,
)
from tests.kit.program.live_run import Watch, until, watching
from tests.kit.program.process import Program, wait_a_while

KILLS = 6


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that is soon full."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by root on Linux alone")
    with faults.small_disk(tmp_path / "disk", 24 << 20) as folder:
        yield folder


def test_a_full_disk_stops_writing_but_not_watching(server: RtspServer, disk: Path) -> None:
    with watching(disk / "data", {"front": server.address("/front")}) as watch:
        watch.more_windows("front", 1)
        with faults.disk_full(disk):
            until(lambda: watch.live.cameras["front"].total.windows_without_room >= 2, "windows without room")
        until(lambda: "described" in after_the_last("disk_full", watch), "words after the disk was full")
    outcomes = [row["outcome"] for row in watch.windows("front")]
    assert outcomes.count("disk_full") >= 2
    assert len(epochs(watch.rows())) == 1
    assert_all_recorded(watch, "front")
    assert_files_good(watch.rows(), watch.data)
    assert_no_partial_files(watch.data)


def after_the_last(outcome: str, watch: Watch) -> list[str]:
    outcomes = [row["outcome"] for row in watch.windows("front")]
    last = max((n for n, it in enumerate(outcomes) if it == outcome), default=len(outcomes))
    return outcomes[last + 1 :]


def test_a_killed_program_loses_no_more_than_the_open_window(server: RtspServer, tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311  # moments, not secrets
    program = Program(tmp_path / "data", [{"name": "front", "source": server.address("/front")}])
    kept: dict[str, str] = {}
    try:
        for n in range(KILLS):
            program.start()
            if n % 2:
                wait_for_windows(program, 1)
            wait_a_while(chance.uniform(0.0, 3.0))
            killed_at = datetime.now(UTC)
            program.kill()
            program.none_left()
            assert_nothing_gone(kept, program.rows())
            if n % 2:
                # The open window, what had not been decoded yet, and a slow machine.
                assert killed_at - parse_utc(program.windows()[-1]["start_utc"]) < timedelta(seconds=1 + 4)
        leave_unfinished(program.data)
        program.start()
        wait_for_windows(program, 2)
        stopped_utc = utc_text(datetime.now(UTC))
        assert program.stop(signal.SIGTERM, everyone=False) == 0
    finally:
        program.close()
    rows = program.printed_rows()
    assert_nothing_gone(kept, rows)
    assert len(epochs(rows)) > KILLS // 2
    assert all(row["outcome"] != "pending" for row in rows if row["kind"] == "window")
    began_utc = min(row["start_utc"] for row in rows if row["kind"] != "reel")
    found = coverage(rows, "front", began_utc, stopped_utc)
    assert max(found.uncovered_s, found.doubled_s) <= TOLERANCE_S, [found, *holes(rows, "front")]
    sys.stdout.write(f"killed {KILLS} times: {found}\n")
    assert_files_good(rows, program.data)
    assert_no_partial_files(program.data)


def wait_for_windows(program: Program, count: int) -> None:
    wanted = program.windows_kept().total() + count
    until(lambda: program.windows_kept().total() >= wanted, "windows")


def assert_nothing_gone(kept: dict[str, str], rows: list[dict[str, object]]) -> None:
    """What one run had finished, each later one still has, with its description; ``kept`` grows."""
    now = {str(row["id"]): str(row["text"]) for row in rows if row["kind"] == "window"}
    for window_id, text in kept.items():
        assert now.get(window_id) == text
    kept.update({k: text for k, text in now.items() if text != "None"})


def leave_unfinished(data: Path) -> None:
    """What a kill may leave, whenever it comes: a window without its description, files half-written."""
    with sqlite3.connect(data / "ledger.db") as db:
        (window,) = db.execute("SELECT max(id) FROM windows WHERE outcome = 'described'").fetchone()
        db.execute("UPDATE windows SET outcome = 'pending', moment = NULL WHERE id = ?", (window,))
        # What describes a window and what finds its moment are one commit.
        assert db.execute("DELETE FROM moments WHERE window_id = ?", (window,)).rowcount == 1
    db.close()
    day = next((data / "clips" / "front").iterdir())
    stamp = re.sub("[-:.]", "", utc_text(datetime.now(UTC)))
    (day / f"front-{stamp}.mp4.part").write_bytes(b"half")
    (data / "reels" / "front" / "000099.part").mkdir(parents=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_closes_open_windows_and_leaves_nothing_behind(
    number: signal.Signals, server: RtspServer, tmp_path: Path
) -> None:
    sources = ["front", "back"]
    program = Program(
        tmp_path / "data", [{"name": name, "source": server.address("/front")} for name in sources]
    )
    program.start()
    try:
        until(lambda: set(program.windows_kept()) == set(sources), "windows of both")
        closed = program.windows_kept()
        wait_a_while(1.0)  # as long as a window: each camera has one open, or has closed another
        assert program.stop(number, everyone=True) == 0, program.log
        assert not program.left_running()
    finally:
        program.close()
    rows = program.rows()
    for name in sources:
        assert program.windows_kept()[name] > closed[name], holes(rows, name)
    assert_files_good(rows, program.data)
    assert_no_partial_files(program.data)
    assert "Traceback" not in program.log


def test_a_signal_before_the_first_picture_stops_at_once(server: RtspServer, tmp_path: Path) -> None:
    with faults.camera_vanishes(server):
        program = Program(tmp_path / "data", [{"name": "front", "source": server.address("/front")}])
        program.start()
        try:
            until(lambda: "waiting" in program.log, "an attempt")
            assert program.stop(signal.SIGINT, everyone=True) == 1, program.log
            assert program.log.splitlines()[-1].startswith("livereel: no camera could be watched: front (")
            assert not program.left_running()
        finally:
            program.close()
