"""``recap`` of several files, of a part of them, and what it leaves for others to open elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from livereel.once.files import expanded
from stream.media.frame_grab import grab
from stream.source import SourceError
from tests.kit.cameras.rtsp import rtsp_server
from tests.kit.films.footage import Look, write_units
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine
from tests.kit.program.recap_folder import Recapped, recapped


def shown(made: Recapped) -> list[tuple[str, float, float]]:
    """Camera, start and end of each part, in whole seconds."""
    parts = [(row["camera"], part) for row in made.chapters for part in row["parts"]]
    return [(camera, part["start_s"], part["end_s"]) for camera, part in parts]


def holds(made: Recapped, camera: str, at_s: float) -> bool:
    return any(name == camera and start_s <= at_s <= end_s for name, start_s, end_s in shown(made))


@pytest.fixture
def halves(tmp_path: Path) -> list[Path]:
    first = scene(tmp_path / "half1.mp4", seconds=20, events=[(4, 6)])
    return [first, scene(tmp_path / "half2.mp4", seconds=20, events=[(13, 15)])]


def test_two_halves_become_one_reel_in_order(
    livereel: CommandLine, tmp_path: Path, halves: list[Path]
) -> None:
    ended = livereel("recap", *halves, "--out", tmp_path / "reel")
    assert ended.code == 0, ended.err
    made = recapped(tmp_path / "reel")
    assert made.reel["cameras"] == ["half1", "half2"]
    assert [row["camera"] for row in made.chapters] == ["half1", "half2"]
    assert holds(made, "half1", 5.0)
    assert holds(made, "half2", 14.0)
    assert [window["camera"] for window in made.windows] == ["half1", "half1", "half2", "half2"]
    starts = [window["start_utc"] for window in made.windows]
    assert starts == sorted(starts)
    story = (made.folder / "story.md").read_text()
    assert "in half2" in story
    assert "camera half2" not in story
    assert "All 2 files were read." in story


def test_the_order_is_the_one_that_was_asked_for(
    livereel: CommandLine, tmp_path: Path, halves: list[Path]
) -> None:
    assert livereel("recap", *halves[::-1], "--out", tmp_path / "reel").code == 0
    assert [row["camera"] for row in recapped(tmp_path / "reel").chapters] == ["half2", "half1"]


def test_a_pattern_is_the_files_that_match_it_by_number(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        (tmp_path / f"part{number}.mp4").touch()
    pattern = str(tmp_path / "part*.mp4")
    assert [Path(each).name for each in expanded([pattern])] == ["part1.mp4", "part2.mp4", "part10.mp4"]
    assert expanded(["rtsp://host/a?b"]) == ["rtsp://host/a?b"]
    with pytest.raises(SourceError, match=r"none\*\.mp4: no file has such a name$"):
        expanded([str(tmp_path / "none*.mp4")])


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_that_file(tmp_path: Path) -> None:
    odd = tmp_path / "clip [1].mp4"
    odd.touch()
    assert expanded([str(odd)]) == [str(odd)]


@pytest.mark.parametrize("name", ["film.mp4", "film.ts", "film.mkv"])
def test_only_the_part_that_is_asked_for_is_watched(livereel: CommandLine, tmp_path: Path, name: str) -> None:
    """Its times are the file's, and events outside of it are not in the reel."""
    events = [(3.0, 5.0), (26.5, 28.0), (43.0, 45.0)]
    source = scene(tmp_path / name, seconds=50, events=events, gop=40)
    out = tmp_path / "reel"
    ended = livereel("recap", source, "--from", "0:21", "--to", "36.5", "--length", "30", "--out", out)
    assert ended.code == 0, ended.err
    made = recapped(out)
    assert made.windows[0]["start_s"] == pytest.approx(21.0, abs=0.21)
    assert made.windows[-1]["end_s"] == pytest.approx(36.5, abs=0.11)
    assert all(26.3 <= at_s <= 29.0 for at_s in made.keyframes_s)
    assert holds(made, "film", 27.0)
    (row,) = made.chapters
    for keyframe in row["keyframes"]:
        if not 26.7 < keyframe["pts_s"] < 27.8:
            continue
        place = next(p for p in row["parts"] if p["start_s"] <= keyframe["pts_s"] <= p["end_s"])
        picture = grab(made.video, [place["reel_start_s"] + keyframe["pts_s"] - place["start_s"]])[0]
        red = (picture[:, :, 0] > 150) & (picture[:, :, 1] < 110)
        assert red.mean() > 0.02
    assert made.reel["gaps"] == []
    assert "All from 0:21 to 0:37 was read." in (made.folder / "story.md").read_text()


def test_a_part_counts_over_all_files(livereel: CommandLine, tmp_path: Path, halves: list[Path]) -> None:
    """The second half begins at 20 s; the first one is not opened to be watched."""
    ended = livereel("recap", *halves, "--from", "30", "--to", "40", "--out", tmp_path / "reel")
    assert ended.code == 0, ended.err
    made = recapped(tmp_path / "reel")
    assert made.reel["cameras"] == ["half2"]
    assert holds(made, "half2", 14.0)
    assert made.windows[0]["start_s"] == pytest.approx(10.0, abs=0.21)


def test_a_part_that_holds_nothing_is_refused(
    livereel: CommandLine, tmp_path: Path, halves: list[Path]
) -> None:
    said = livereel.failure("recap", *halves, "--from", "2m", "--out", tmp_path / "reel", code=2)
    assert said == "--from 2:00: it must be earlier than the end, 0:40"


def test_what_is_live_cannot_be_joined_or_cut(
    livereel: CommandLine, tmp_path: Path, halves: list[Path]
) -> None:
    look = Look(width_px=160, height_px=120, round_s=1)
    with rtsp_server({"/front": [write_units(tmp_path / "camera", look)]}) as server:
        for command in (
            ["recap", server.address("/front"), halves[0]],
            ["recap", server.address("/front"), "--to", "10"],
        ):
            said = livereel.failure(*command, "--out", tmp_path / "reel", code=2)
            assert "is live: only files can be joined or cut" in said
    assert not (tmp_path / "reel").exists()


def test_a_length_and_a_number_of_chapters_hold(livereel: CommandLine, tmp_path: Path) -> None:
    events = [(2.0 + 10 * n, 6.0 + 10 * n) for n in range(6)]
    source = scene(tmp_path / "film.mp4", seconds=60, events=events)
    assert livereel("recap", source, "--length", "6", "--out", tmp_path / "short").code == 0
    short = recapped(tmp_path / "short")
    assert short.reel["duration_s"] <= 6.2
    assert livereel("recap", source, "--chapters", "3", "--length", "1m", "--out", tmp_path / "few").code == 0
    few = recapped(tmp_path / "few")
    assert len(few.chapters) == 3
    assert few.reel["duration_s"] > 3 * 4.0


def test_a_reel_of_a_file_is_at_most_a_quarter_of_it(livereel: CommandLine, tmp_path: Path) -> None:
    events = [(2.0 + 10 * n, 7.0 + 10 * n) for n in range(4)]
    source = scene(tmp_path / "film.mp4", seconds=40, events=events)
    assert livereel("recap", source, "--out", tmp_path / "reel").code == 0
    made = recapped(tmp_path / "reel")
    assert made.reel["duration_s"] <= 10.2
    assert len(made.chapters) == 4
    assert any(end_s - start_s >= 5.0 for _, start_s, end_s in shown(made)), "one event is shown whole"


def test_a_reel_of_a_short_file_in_which_all_moves_is_two_seconds(
    livereel: CommandLine, tmp_path: Path
) -> None:
    """A quarter of three seconds is too short to be watched."""
    source = scene(tmp_path / "film.mp4", seconds=3, events=[(0.0, 3.0)])
    assert livereel("recap", source, "--out", tmp_path / "reel").code == 0
    assert recapped(tmp_path / "reel").reel["duration_s"] == pytest.approx(2.0, abs=0.2)


def test_nothing_in_the_folder_names_a_place_on_this_machine(
    livereel: CommandLine, tmp_path: Path, halves: list[Path]
) -> None:
    out = tmp_path / "reel"
    stream = scene(tmp_path / "third.ts", events=[(2, 4)])
    assert livereel("recap", *halves, stream, "--single-file", "--out", out).code == 0
    for file in out.rglob("*"):
        assert file.is_dir() or str(tmp_path).encode() not in file.read_bytes(), file.name
    assert {window["clip"] for window in recapped(out).windows} == {None, "half1.mp4", "half2.mp4"}


def test_a_single_file_holds_the_video(livereel: CommandLine, tmp_path: Path, halves: list[Path]) -> None:
    assert livereel("recap", halves[0], "--single-file", "--out", tmp_path / "one").code == 0
    assert livereel("recap", halves[0], "--out", tmp_path / "two").code == 0
    page = (tmp_path / "one" / "report.html").read_text()
    assert "data:video/mp4;base64," in page
    assert "reel.mp4" not in page
    assert "data:video/mp4" not in (tmp_path / "two" / "report.html").read_text()


@pytest.mark.parametrize("style", ["clips", "keyframes"])
def test_a_stamp_is_in_the_corner_of_each_picture(
    livereel: CommandLine, tmp_path: Path, halves: list[Path], style: str
) -> None:
    command = ("recap", halves[0], "--style", style, "--out")
    assert livereel(*command, tmp_path / "plain").code == 0
    assert livereel(*command, tmp_path / "stamped", "--stamp").code == 0
    plain, stamped = (recapped(tmp_path / name) for name in ("plain", "stamped"))
    assert stamped.reel["mode"] == "encode"
    at_s = stamped.reel["duration_s"] / 2
    without, with_ = (grab(made.video, [at_s])[0].astype(int) for made in (plain, stamped))
    height, width = with_.shape[:2]
    corner = with_[int(0.9 * height) :, : width // 2]
    assert corner.max() > 200
    assert abs(with_ - without)[: height // 2].mean() < 12


def test_an_event_over_the_border_of_a_window_is_shown_whole(livereel: CommandLine, tmp_path: Path) -> None:
    """Of the two windows that it lies in, one makes the chapter."""
    source = scene(tmp_path / "film.mp4", seconds=40, events=[(8.6, 11.4)])
    ended = livereel("recap", source, "--chapters", "1", "--length", "9", "--out", tmp_path / "reel")
    assert ended.code == 0, ended.err
    ((_, start_s, end_s),) = shown(recapped(tmp_path / "reel"))
    assert start_s <= 8.6
    assert end_s >= 11.4
