"""``search``: a line for each moment that matches, newest first."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.signal.window import Clip, Outcome
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from tests.conftest import BERLIN
from tests.kit.program.command_line import CommandLine
from tests.kit.records.moments import moment


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with three moments of 14:00 UTC."""
    clip = Clip(tmp_path / "clips" / "one.mp4", 0.0)
    told = [
        moment(0, title="A red car parks", tags=["car"], importance=3.2),
        replace(moment(1, title="Two people walk", importance=6.9), alerts=("someone is there",)),
        moment(2, title="A dog", tags=["dog"], importance=5.0, camera="yard"),
    ]
    told[0] = replace(told[0], window=replace(told[0].window, clip=clip))
    with closing(Ledger(tmp_path)) as ledger:
        for it in told:
            ledger.windows.add(it.window, PENDING)
            ledger.windows.end(it.window.id, Outcome.DESCRIBED, it)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "titles"),
    [
        ([], ["A dog", "Two people walk", "A red car parks"]),
        (["cars"], ["A red car parks"]),
        (["--camera", "yard"], ["A dog"]),
        (["--tag", "dog", "--tag", "car"], ["A dog", "A red car parks"]),
        (["--min-importance", "5"], ["A dog", "Two people walk"]),
        (["--alerts"], ["Two people walk"]),
        (["--limit", "1"], ["A dog"]),
        (["--since", "2026-03-12 14:00:15", "--utc"], ["A dog"]),
    ],
)
def test_moments_are_printed_newest_first(
    arguments: list[str], titles: list[str], livereel: CommandLine, data: Path
) -> None:
    ended = livereel("search", *arguments, "--data", data, "--json")
    assert ended.code == 0
    assert [json.loads(line)["title"] for line in ended.out.splitlines()] == titles


def test_a_line_has_the_local_time_the_camera_and_the_clip(
    livereel: CommandLine, data: Path, in_zone: Callable[[str], None]
) -> None:
    in_zone(BERLIN)
    (line,) = livereel("search", "red car", "--data", data).out.splitlines()
    assert line.startswith("2026-03-12 15:00:00")
    assert line.endswith(f"  front  A red car parks  {data / 'clips' / 'one.mp4'}")


def test_a_search_that_finds_nothing_says_so_and_has_not_failed(livereel: CommandLine, data: Path) -> None:
    ended = livereel("search", "tyrannosaurus", "--data", data)
    assert (ended.code, ended.out, ended.err) == (0, "", "livereel: note: no moment matches\n")


def test_a_folder_without_a_ledger_is_one_line(livereel: CommandLine, tmp_path: Path) -> None:
    assert str(tmp_path) in livereel.failure("search", "car", "--data", tmp_path)
