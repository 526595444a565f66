"""A sentence of the story names the time of its chapter, wherever that time is shown."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from analyzer.reel.records import Choice, Span
from analyzer.reel.story import narrate
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine
from tests.kit.records.moments import moment

# Between key packets, which are a second apart: a copied chapter begins early, in another second.
EVENTS = [(nth * 20.0 + 2.1, nth * 20.0 + 4.1) for nth in range(1, 6)]


def test_a_recap_names_each_chapters_time_once(livereel: CommandLine, tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=125, fps=10, gop=10, events=EVENTS)
    out = tmp_path / "reel"
    assert livereel("recap", film, "--out", out).code == 0
    chapters = json.loads((out / "reel.json").read_text())["chapters"]
    page = (out / "story.md").read_text()
    rows = re.findall(r"^\| \[\d+\].*?\| ([\d:]+)-[\d:]+ \| (?!film)", page, re.MULTILINE)
    shown = re.findall(r"<time [^>]*>([\d:]+) \N{EN DASH}", html.unescape((out / "report.html").read_text()))
    assert rows == shown
    assert len(rows) == len(chapters) == len(EVENTS)
    named = [re.search(r"\b[Aa]t (\d+:\d\d)", chapter["sentence"]) for chapter in chapters]
    assert any(named)
    assert all(match[1] == row for match, row in zip(named, rows, strict=True) if match)


def test_a_sentence_names_the_time_from_which_its_window_is_shown() -> None:
    choice = Choice(moment(0), "It matters.", (Span(1.25, 4.0),))
    assert narrate([choice], [], ["front"], media_time=True).sentences[0].startswith("At 0:01, ")
    assert narrate([choice], [], ["front"]).sentences[0].startswith("At 14:00:01, ")
