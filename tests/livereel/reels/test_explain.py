"""``reel --explain``: all moments of a period, which are in the reel, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.preference.feedback import Verdict
from analyzer.signal.window import Clip, Keyframe, Outcome
from livereel.ledger.ledger import Ledger
from livereel.ledger.records import PENDING
from tests.conftest import BERLIN
from tests.kit.program.command_line import CommandLine
from tests.kit.records.moments import moment


def shown(told: Moment, data: Path) -> Moment:
    """The moment with a clip in place, which nothing decodes, and a keyframe at its peak."""
    clip = data / "clips" / f"{told.window.id}.mp4"
    clip.parent.mkdir(exist_ok=True)
    clip.write_bytes(b"a clip")
    keyframes = tuple(Keyframe(peak.pts_s, peak.value) for peak in told.window.peaks)
    return replace(
        told, window=replace(told.window, clip=Clip(clip, told.window.start_s), keyframes=keyframes)
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of five cars, of which the fourth's clip is gone, and a dog; the third car was found dull."""
    told = [moment(i, title=f"Car {i}", tags=["car"], importance=5.0 + i / 10) for i in range(5)]
    told.append(moment(5, title="A\ndog", tags=["dog"], importance=4.0))
    told = [shown(it, tmp_path) for it in told]
    with closing(Ledger(tmp_path)) as ledger:
        for it in told:
            ledger.windows.add(it.window, PENDING)
            ledger.windows.end(it.window.id, Outcome.DESCRIBED, it)
        ledger.feedback.judge("front-0-00002", Verdict.DULL)
    (tmp_path / "clips" / "front-0-00003.mp4").unlink()
    (tmp_path / "few.yaml").write_text("reel: {min_chapters: 2, max_chapters: 2}\n")
    return tmp_path


def explained(livereel: CommandLine, data: Path, *more: str) -> list[dict[str, Any]]:
    ended = livereel("reel", "--explain", "--json", "--data", data, "--config", data / "few.yaml", *more)
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


def test_each_moment_has_its_points_its_chapter_and_why(livereel: CommandLine, data: Path) -> None:
    rows = explained(livereel, data)
    assert [row["id"] for row in rows] == [f"front-0-0000{n}" for n in range(6)]
    assert [row["chapter"] for row in rows if row["chosen"]] == [1, 2]
    assert rows[5]["chosen"]
    assert rows[5]["why"] == "The last thing that happens."
    assert (rows[2]["feedback_points"], rows[2]["why"]) == (-3.0, "You found it dull.")
    assert rows[2]["like"] == {"id": "front-0-00002", "title": "Car 2", "verdict": "dull"}
    assert rows[1]["feedback_points"] < -1
    assert rows[3]["why"] == "Its clip is not stored any more."
    assert not any(row["chosen"] for row in rows[1:4] if row["id"] in {"front-0-00002", "front-0-00003"})
    assert all(row["why"].endswith(".") for row in rows)
    assert not list(data.glob("*.part"))


def test_people_see_a_table_in_local_time(
    livereel: CommandLine, data: Path, in_zone: Callable[[str], None]
) -> None:
    in_zone(BERLIN)
    ended = livereel("reel", "--explain", "--data", data, "--config", data / "few.yaml")
    heading, *lines = ended.out.splitlines()
    assert heading.split() == ["time", "camera", "importance", "feedback", "chapter", "title", "why"]
    assert len(lines) == 6
    assert lines[2].startswith("2026-03-12 15:00:20 CET  front")
    assert lines[2].split()[4:6] == ["5.2", "-3.0"]
    assert "A dog" in lines[5]
    assert {line.index("front") for line in lines} == {heading.index("camera")}


def test_a_period_without_moments_has_none(livereel: CommandLine, data: Path) -> None:
    assert explained(livereel, data, "--since", "2026-03-13 14:00") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--out DIR is needed"),
        (["--json", "--out", "new"], "--json needs --explain"),
        (["--explain", "--export", "edl"], "--out DIR is needed for --export"),
    ],
)
def test_options_that_need_another_say_so(
    livereel: CommandLine, data: Path, arguments: list[str], said: str
) -> None:
    ended = livereel("reel", "--data", data, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
