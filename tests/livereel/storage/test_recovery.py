"""What a killed process left goes at the next start; what is the user's, or another ledger's, stays."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.reel.manifest import MANIFEST, manifest
from analyzer.reel.records import Reel
from analyzer.signal.window import Clip, Keyframe, Outcome
from base.clock import utc_text
from livereel.ledger.ledger import Ledger
from livereel.storage.data_dir import LATEST
from livereel.storage.recovery import recover
from tests.kit.records.events import reel_in
from tests.kit.records.windows import measured


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as it:
        yield it


def window_id(ago: timedelta = timedelta(seconds=-1), camera: str = "front") -> str:
    """The name of a window that began so long ago; usually it is younger than any ledger here."""
    return f"{camera}-{utc_text(datetime.now(UTC) - ago).translate(str.maketrans('', '', '-:.'))}"


def write(file: Path, text: str = "x") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def window_files(data: Path, name: str, *, day: str = "2026-05-01", camera: str = "front") -> list[Path]:
    """What a window of that name has."""
    return [
        write(data / "clips" / camera / day / f"{name}.mp4"),
        write(data / "keyframes" / camera / day / f"{name}-0.jpg"),
        write(data / "keyframes" / camera / day / f"{name}-11.jpg"),
    ]


def everything(data: Path) -> set[str]:
    return {
        path.relative_to(data).as_posix()
        for path in data.rglob("*")
        if not path.is_dir() and not path.name.startswith("ledger.db")
    }


def test_what_nothing_names_goes(ledger: Ledger, tmp_path: Path) -> None:
    clip, *pictures = window_files(tmp_path, name := window_id())
    keyframes = tuple(Keyframe(1.0, 500.0, picture) for picture in pictures)
    window = replace(measured(0, [(1.0, 500.0)]), id=name, clip=Clip(clip, 0.0), keyframes=keyframes)
    ledger.windows.add(window, Outcome.DESCRIBED)
    kept = everything(tmp_path)
    window_files(tmp_path, window_id(timedelta(seconds=-5)))
    write(tmp_path / "clips" / "front" / "2026-05-01" / f"{window_id()}.mp4.part")
    write(tmp_path / "reels" / "front" / "000007.part" / "reel.mp4")
    write(tmp_path / "reels" / "front" / "000008" / "reel.mp4")
    assert recover(tmp_path, ledger) == 6
    assert everything(tmp_path) == kept
    assert list((tmp_path / "reels" / "front").iterdir()) == []


def test_what_does_not_bear_a_name_of_ours_stays(ledger: Ledger, tmp_path: Path) -> None:
    day, name = "2026-05-01", window_id()
    for file in (
        "clips/holiday/wedding.mp4",
        "clips/wedding.mp4",
        f"clips/{name}.mp4",
        f"clips/front/{name}.mp4",
        f"clips/front/{day}/wedding.mp4",
        f"clips/front/{day}/{name}.mkv",
        f"clips/front/{day}/{name}.mp4.txt",
        f"clips/back/{day}/{name}.mp4",
        f"clips/front/first of may/{name}.mp4",
        f"clips/front/{day}/more/{name}.mp4",
        f"keyframes/front/{day}/{name}.jpg",
        f"keyframes/front/{day}/{name}-one.jpg",
        "reels/front/rushes/reel.mp4",
        "reels/front/000007.bak/reel.mp4",
        "reels/front/7/reel.mp4",
        "reels/front/notes.txt",
        "reels/super8/1974/000001/reel.mp4",
    ):
        write(tmp_path / file)
    before = everything(tmp_path)
    assert recover(tmp_path, ledger) == 0
    assert everything(tmp_path) == before


@pytest.mark.parametrize("starts", [1, 2])
def test_what_is_older_than_the_ledger_stays_as_that_may_have_been_lost(starts: int, tmp_path: Path) -> None:
    window_files(tmp_path, window_id(timedelta(hours=1)))
    half_made = tmp_path / "reels" / "front" / "000007.part"
    write(half_made / "reel.mp4")
    an_hour_ago_s = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    os.utime(half_made, (an_hour_ago_s, an_hour_ago_s))
    before = everything(tmp_path)
    for _ in range(starts):
        with closing(Ledger(tmp_path)) as ledger:
            assert recover(tmp_path, ledger) == 0
    assert everything(tmp_path) == before


def with_manifest(reel: Reel) -> Reel:
    """The reel, its manifest written as its compiler writes it."""
    (reel.folder / MANIFEST).write_text(json.dumps(manifest(reel)))
    return reel


# What only looks like one: ids and numbers are those of the folder, or of another.
PART_OF_ONE = '{{"id": "front", "seq": {}, "end_utc": "2026-05-01T12:00:00Z", "bytes": 7, "chapters": []}}'


def test_a_reel_finished_as_its_process_died_is_adopted(ledger: Ledger, tmp_path: Path) -> None:
    reel = with_manifest(reel_in(tmp_path, seq=3))
    recover(tmp_path, ledger)
    assert ledger.reels.seqs("front") == [3]
    assert (tmp_path / "reels" / "front" / LATEST).resolve() == reel.folder.resolve()


def test_one_that_was_about_to_go_is_adopted_and_is_not_the_latest(ledger: Ledger, tmp_path: Path) -> None:
    with_manifest(reel_in(tmp_path, seq=3))
    latest = reel_in(tmp_path, seq=4)
    ledger.reels.add(latest)
    (tmp_path / "reels" / "front" / LATEST).symlink_to(latest.folder.name)
    recover(tmp_path, ledger)
    assert ledger.reels.seqs("front") == [3, 4]
    assert (tmp_path / "reels" / "front" / LATEST).resolve() == latest.folder.resolve()


@pytest.mark.parametrize("text", ["no json", "[]", "{}", PART_OF_ONE.format(9), PART_OF_ONE.format(3)])
def test_what_is_no_reel_of_that_name_is_left_alone(text: str, ledger: Ledger, tmp_path: Path) -> None:
    write(tmp_path / "reels" / "front" / "000003" / "reel.json", text)
    before = everything(tmp_path)
    assert recover(tmp_path, ledger) == 0
    assert everything(tmp_path) == before
    assert ledger.reels.since() == []
