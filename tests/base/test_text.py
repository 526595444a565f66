"""Text files that appear complete or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from base.text import write_text


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
