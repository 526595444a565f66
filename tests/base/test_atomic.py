"""Folders that appear complete or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from base.atomic import PART, atomic_folder, write_text


def test_a_folder_appears_when_all_is_in_it(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "reel") as part:
        (part / "a").write_text("a")
        assert not (tmp_path / "reel").exists()
        assert part.parent == tmp_path
    assert [path.name for path in tmp_path.rglob("*")] == ["reel", "a"]


def stage_and_fail(folder: Path, beside: Path | None, failure: type[BaseException]) -> None:
    with atomic_folder(folder) as part:
        (part / "sub").mkdir()
        (part / "sub" / "a").write_text("a")
        if beside:
            beside.write_text("somebody else's")
        raise failure


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_one_that_fails(tmp_path: Path, failure: type[BaseException]) -> None:
    with pytest.raises(failure):
        stage_and_fail(tmp_path / "above" / "it" / "reel", None, failure)
    assert not list(tmp_path.iterdir())


def test_folders_above_that_hold_something_else_stay(tmp_path: Path) -> None:
    above = tmp_path / "above"
    with pytest.raises(KeyError):
        stage_and_fail(above / "reel", above / "other", KeyError)
    assert [path.name for path in tmp_path.rglob("*")] == ["above", "other"]


@pytest.mark.parametrize("kind", ["folder", "file", "link to nothing"])
def test_what_is_there_already_is_not_touched(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "reel"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(tmp_path / "nothing")
    with pytest.raises(FileExistsError, match="exists already"), atomic_folder(place):
        pytest.fail("never entered")
    assert [path.name for path in tmp_path.iterdir()] == ["reel"]
    assert kind != "file" or place.read_text() == "mine"


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from base.atomic import atomic_folder
with atomic_folder(Path({str(tmp_path / "reel")!r})) as part:
    (part / "half").write_text("half")
    (part / "deep").mkdir()
    (part / "link").symlink_to(part)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / f"reel{PART}" / "half").exists()
    with atomic_folder(tmp_path / "reel") as part:
        assert not list(part.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["reel"]


def test_two_cannot_make_the_same_folder_at_once(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "reel") as part:
        (part / "a").write_text("a")
        with pytest.raises(FileExistsError, match="another process"), atomic_folder(tmp_path / "reel"):
            pytest.fail("never entered")
        assert (part / "a").exists()
    assert (tmp_path / "reel" / "a").exists()


def test_a_place_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"reel|file") as caught, atomic_folder(tmp_path / "file" / "reel"):
        pytest.fail("never entered")
    assert caught.value.filename is not None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_text_is_written_as_utf_8_in_place_of_what_was(tmp_path: Path) -> None:
    file = tmp_path / "story.md"
    file.write_text("old")
    write_text(file, "Größe: 1 µm\n")
    assert file.read_bytes() == "Größe: 1 µm\n".encode()
    assert list(tmp_path.iterdir()) == [file]


def test_a_names_bytes_survive_in_json(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.mp4")
    file = tmp_path / "row.json"
    write_text(file, json.dumps({"file": name}, ensure_ascii=False))
    read = json.loads(file.read_text(encoding="utf-8"))["file"]
    assert os.fsencode(read) == b"\xff\xfe.mp4"


def test_nothing_is_left_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "story.md").mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path / "story.md", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["story.md"]
