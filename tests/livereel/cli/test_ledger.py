"""What happened, as a person asks for it and as it is printed."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Executable

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Outcome
from base.clock import parse_utc
from livereel.cli.ledger import parse_since, print_history
from livereel.config.schema import ConfigError
from livereel.ledger.database import Database
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import LedgerError
from tests.kit.records.events import reel_in
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC, measured

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("90m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("3d", timedelta(days=3)),
    ],
)
def test_a_time_ago(text: str, ago: timedelta) -> None:
    assert parse_utc(parse_since(text, NOW)) == NOW - ago


def test_without_a_start_everything_is_listed() -> None:
    assert parse_since(None, NOW) == ""


def test_a_time_of_day_is_the_last_one_here() -> None:
    local = NOW.astimezone()
    earlier, later = local - timedelta(minutes=5), local + timedelta(minutes=5)
    assert parse_utc(parse_since(f"{earlier:%H:%M}", NOW)) == earlier.replace(second=0)
    assert parse_utc(parse_since(f"{later:%H:%M}", NOW)) == later.replace(second=0) - timedelta(days=1)


def test_a_full_time_is_taken_as_it_is_written() -> None:
    assert parse_since("2026-03-12T15:00:00+01:00", NOW) == "2026-03-12T14:00:00.000Z"
    local = datetime(2026, 3, 12, 9, 0).astimezone()
    assert parse_utc(parse_since("2026-03-12T09:00", NOW)) == local


@pytest.mark.parametrize(
    "text", ["", "yesterday", "25:00", "12:60", "5w", "-3h", "99999999999d", "2026-13-01"]
)
def test_what_is_no_time_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--since .*expected 2026-01-31T14:00, 14:00, or 90m, 2h, 3d$"):
        parse_since(text, NOW)


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


def test_a_person_reads_a_line_each(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_history(data, None, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("front  described: A walker")
    assert lines[1].endswith("front  not seen until 2026-03-12T14:00:20.000Z (source_down)")
    assert lines[2].endswith("front  quiet")
    assert "reel front 1: One mover" in lines[3]


def test_what_ended_before_is_left_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_history(data, "2026-03-12T14:00:15+00:00", as_json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["kind"] for row in rows] == ["gap", "window", "reel"]


def test_what_could_be_read_is_printed_before_the_rest_is(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Database.read

    def damaged_behind_the_start(self: Database, query: Executable, values: dict[str, str]) -> object:
        if values.get("after_utc", "") > START_UTC:
            raise LedgerError("ledger.db: database disk image is malformed")
        return read(self, query, values)

    monkeypatch.setattr(Database, "read", damaged_behind_the_start)
    with pytest.raises(LedgerError, match="malformed"):
        print_history(data, None, as_json=True)
    kinds = [json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["window", "gap", "window"]


def test_a_folder_without_a_ledger_is_an_error_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        print_history(tmp_path, None, as_json=True)
    assert not list(tmp_path.iterdir())
