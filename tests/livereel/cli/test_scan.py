"""``livereel scan``: a line for each window and gap, for people or for programs, and a page if asked."""

from __future__ import annotations

import json
import os
import re
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.kit.cameras.damage import cut_off
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine
from tests.kit.sound import made
from tests.kit.sound.film import film_with_sound
from tests.kit.sound.spoken import ESPEAK, spoken

EVENTS = [(12.0, 14.0)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scene(tmp_path_factory.mktemp("film") / "film.mp4", seconds=25, events=EVENTS)


def test_a_person_reads_when_something_happened(livereel: CommandLine, film: Path) -> None:
    ended = livereel("scan", film)
    assert ended.code == 0
    assert ended.err == ""
    first, second, third = ended.out.splitlines()
    assert first == "0:00.0-0:10.0  quiet"
    assert third == "0:20.0-0:25.0  quiet"
    found = re.fullmatch(r"0:10\.0-0:20\.0  highest \d+ px  keyframes ([0-9:. ]+)", second)
    assert found
    assert all("0:12.0" <= time <= "0:14.5" for time in found[1].split())


def test_a_program_reads_a_json_object_for_each_window(livereel: CommandLine, film: Path) -> None:
    ended = livereel("scan", film, "--json")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert [(row["index"], row["outcome"]) for row in rows] == [(0, "quiet"), (1, "seen"), (2, "quiet")]
    assert {row["camera"] for row in rows} == {"film"}
    assert [(row["start_s"], row["end_s"]) for row in rows] == [(0, 10), (10, 20), (20, 25)]
    busy = rows[1]
    assert busy["signal_max"] == max(peak["value"] for peak in busy["peaks"]) > busy["threshold"]
    assert all(12 <= keyframe["pts_s"] <= 14.5 for keyframe in busy["keyframes"])
    assert not rows[0]["keyframes"]
    assert not rows[0]["peaks"]


def test_a_file_may_be_played_as_slowly_as_it_was_taken(livereel: CommandLine, tmp_path: Path) -> None:
    film = scene(tmp_path / "film.mp4", seconds=2)
    at_once = livereel("scan", film, "--json").out
    begun_s = time.monotonic()
    assert livereel("scan", film, "--json", "--realtime").out == at_once
    assert time.monotonic() - begun_s > 1.5, "its pictures are two seconds apart"


def test_gaps_are_listed_between_the_windows(livereel: CommandLine, tmp_path: Path) -> None:
    broken = scene(tmp_path / "film.mp4", seconds=25, muxer={"movflags": "faststart"})
    text = livereel("scan", cut_off(broken))
    assert text.code == 0
    gap = text.out.splitlines()[-1]
    assert re.fullmatch(r"0:1[01]\.\d-0:25\.0  not observed \(unreadable\)", gap), "in the file's own time"
    rows = [json.loads(line) for line in livereel("scan", broken, "--json").out.splitlines()]
    assert [row.get("kind") for row in rows] == [None, None, "gap"]
    assert set(rows[-1]) == {"kind", "camera", "start_utc", "end_utc", "reason"}


def test_a_page_is_drawn_if_asked(livereel: CommandLine, film: Path, tmp_path: Path) -> None:
    page = tmp_path / "plot.html"
    assert livereel("scan", film, "--plot", page).code == 0
    text = page.read_text()
    assert "<title>film.mp4" in text
    assert text.count("data:image/jpeg") >= 1
    assert 'src="http' not in text, "one file, and nothing else is fetched"
    assert [path.name for path in tmp_path.iterdir()] == ["plot.html"]


def test_a_page_that_cannot_be_written_is_a_failure(
    livereel: CommandLine, film: Path, tmp_path: Path
) -> None:
    ended = livereel("scan", film, "--plot", tmp_path / "none" / "plot.html")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].endswith("No such file or directory")


def test_a_name_that_is_no_utf_8_is_shown_on_the_page(
    livereel: CommandLine, film: Path, tmp_path: Path
) -> None:
    odd = tmp_path / os.fsdecode(b"\xff.mp4")
    odd.symlink_to(film)
    assert livereel("scan", odd, "--plot", tmp_path / "plot.html").code == 0
    assert "\ufffd.mp4" in (tmp_path / "plot.html").read_text()


def test_regions_and_a_file_of_options_are_heeded(livereel: CommandLine, film: Path, tmp_path: Path) -> None:
    quiet = livereel("scan", film, "--ignore", "0,30,160,60")
    assert quiet.out.count("quiet") == 3
    (tmp_path / "config.yaml").write_text("window_s: 5\n")
    assert len(livereel("scan", film, "--config", tmp_path / "config.yaml").out.splitlines()) == 5


def test_damage_is_a_warning_on_stderr(livereel: CommandLine, tmp_path: Path) -> None:
    twice = scene(tmp_path / "film.ts", seconds=3)
    twice.write_bytes(twice.read_bytes() * 2)
    ended = livereel("scan", twice)
    assert ended.code == 0
    assert ended.err == "livereel: warning: the timestamps started over 1 time\n"


def test_regions_are_in_pixels_of_the_picture_as_shown(livereel: CommandLine, tmp_path: Path) -> None:
    """Stored 320 wide, mirrored and shown 698 wide: the block begins in the right quarter."""
    film = scene(tmp_path / "film.mp4", size=(320, 240), mirrored=True, pixel_aspect=Fraction(24, 11))
    rows = {
        side: json.loads(
            livereel("scan", film, "--region", f"{left},0,174,240", "--json").out.splitlines()[0]
        )
        for side, left in (("right", 524), ("left", 0))
    }
    peaks = {side: [peak["pts_s"] for peak in row["peaks"]] for side, row in rows.items()}
    assert 1.9 <= min(peaks["right"]) <= max(peaks["right"]) <= 3.0
    assert 3.0 <= min(peaks["left"]) <= max(peaks["left"]) <= 4.2


@pytest.mark.skipif(ESPEAK is None, reason="espeak-ng is not installed")
def test_speech_is_shown_with_its_times_in_each_form(livereel: CommandLine, tmp_path: Path) -> None:
    said = made.at_level(spoken("Good morning everybody, welcome to the meeting.").astype(np.float64), -30)
    film = film_with_sound(tmp_path / "film.mp4", made.mixed(made.fan(20), (8.6, said)))
    end_s = 8.6 + len(said) / made.RATE_HZ
    ended = livereel("scan", film, "--json", "--plot", tmp_path / "page.html")
    (first,), (second,) = [json.loads(line)["sound"]["speech"] for line in ended.out.splitlines()]
    assert [first["start_s"], first["end_s"]] == pytest.approx([8.6, 10.0], abs=0.3)
    assert [second["start_s"], second["end_s"]] == pytest.approx([10.0, end_s], abs=0.3)
    assert 'class="speech"' in (tmp_path / "page.html").read_text()
    lines = livereel("scan", film).out.splitlines()
    assert [re.search(r"speech 0:(\d+\.\d)-0:(\d+\.\d)", line) is not None for line in lines] == [True, True]
