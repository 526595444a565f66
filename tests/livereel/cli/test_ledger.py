"""What happened, as a person asks for it and as it is printed."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Outcome
from base.clock import utc_after
from livereel.cli.ledger import print_history
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import FILE, LedgerError
from livereel.ledger.tables import windows
from livereel.ledger.windows import PART_ROWS
from tests.conftest import BERLIN
from tests.kit.records.events import reel_in
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC, measured


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which a bit has happened."""
    with closing(Ledger(tmp_path)) as ledger:
        told = moment(0, title="A walker")
        ledger.windows.add(told.window, "pending")
        ledger.windows.end(told.window.id, Outcome.DESCRIBED, told)
        ledger.windows.add(measured(2), Outcome.QUIET)
        ledger.gaps.add(
            Gap("front", "2026-03-12T14:00:10.000Z", "2026-03-12T14:00:20.000Z", GapReason.SOURCE_DOWN)
        )
        ledger.reels.add(reel_in(tmp_path))
    return tmp_path


def test_all_kinds_are_printed_in_time_order(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_history(data, None, as_json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["kind"] for row in rows] == ["window", "gap", "window", "reel"]
    assert rows[0]["title"] == "A walker"
    assert rows[0]["start_utc"] == START_UTC


def test_a_person_reads_a_line_each_in_local_time(
    data: Path, capsys: pytest.CaptureFixture[str], in_zone: Callable[[str], None]
) -> None:
    in_zone(BERLIN)
    print_history(data, None, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2026-03-12 15:00:00 CET  front  described: A walker"
    assert lines[1] == "2026-03-12 15:00:10 CET  front  not observed until 15:00:20 (source_down)"
    assert lines[2] == "2026-03-12 15:00:20 CET  front  quiet"
    assert "reel front 1: One mover" in lines[3]


def test_a_window_that_waits_is_said_to_wait(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As is the last one of a run that has been ended."""
    with closing(Ledger(tmp_path)) as ledger:
        ledger.windows.add(moment(0).window, "pending")
    print_history(tmp_path, None, as_json=False)
    assert capsys.readouterr().out.endswith("  front  waits for its description\n")
    print_history(tmp_path, None, as_json=True)
    assert json.loads(capsys.readouterr().out)["outcome"] == "pending"


def test_nothing_from_a_time_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        ledger.windows.add(measured(0), Outcome.QUIET)
    print_history(tmp_path, "2026-03-13T00:00:00+00:00", as_json=False)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "livereel: note: there is nothing from that time\n")


def test_a_program_reads_utc(
    data: Path, capsys: pytest.CaptureFixture[str], in_zone: Callable[[str], None]
) -> None:
    in_zone(BERLIN)
    print_history(data, None, as_json=True)
    gap = json.loads(capsys.readouterr().out.splitlines()[1])
    assert (gap["start_utc"], gap["end_utc"]) == ("2026-03-12T14:00:10.000Z", "2026-03-12T14:00:20.000Z")


def test_a_gap_of_less_than_a_second_is_in_the_json_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        ledger.gaps.add(Gap("front", START_UTC, utc_after(START_UTC, 0.9), GapReason.STARTING))
    print_history(tmp_path, None, as_json=False)
    assert capsys.readouterr().out == ""
    print_history(tmp_path, None, as_json=True)
    assert json.loads(capsys.readouterr().out)["reason"] == "starting"


def test_what_ended_before_is_left_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_history(data, "2026-03-12T14:00:15+00:00", as_json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["kind"] for row in rows] == ["gap", "window", "reel"]


def test_what_could_be_read_is_printed_before_the_rest_is(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Ledger(data)) as ledger:
        last = add_many(ledger, PART_ROWS + 50)
    damage_page_of(data / FILE, f'"id":"{last}"')
    with pytest.raises(LedgerError, match="malformed"):
        print_history(data, None, as_json=True)
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds[:3] == ["window", "gap", "window"]
    assert PART_ROWS < len(kinds) < PART_ROWS + 50


def add_many(ledger: Ledger, count: int) -> str:
    """Add quiet windows as one commit; return the id of the last."""
    first = measured(3)
    ledger.windows.add(first, Outcome.QUIET)
    with ledger.database.writing() as connection:
        row = connection.execute(select(windows).where(windows.c.id == first.id)).mappings().one()
        for number in range(4, count):
            now = measured(number)
            text = row["window"].replace(first.id, now.id).replace(first.start_utc, now.start_utc)
            times = {"start_utc": now.start_utc, "end_utc": utc_after(now.start_utc, 10.0)}
            connection.execute(windows.insert(), {**row, "id": now.id, **times, "window": text})
    return now.id


def damage_page_of(file: Path, text: str) -> None:
    """Overwrite the page of a database that holds ``text`` alone, as a worn disk might."""
    content = file.read_bytes()
    (page_bytes,) = struct.unpack(">H", content[16:18])
    (place,) = (found.start() for found in re.finditer(re.escape(text.encode()), content))
    start = place // page_bytes * page_bytes
    with file.open("r+b") as stream:
        stream.seek(start)
        stream.write(b"\xff" * page_bytes)


def test_a_folder_without_a_ledger_is_an_error_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        print_history(tmp_path, None, as_json=True)
    assert not list(tmp_path.iterdir())


def test_it_starts_without_what_only_video_needs() -> None:
    program = (
        "import sys, livereel.cli.ledger; print(*sorted({'av', 'cv2', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout == "\n"
