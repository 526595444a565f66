"""A reel as timelines, segments and clips: each opens to the frames that the reel shows."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import opentimelineio as otio
import pytest

from analyzer.reel.compile import compile_reel
from analyzer.reel.export.formats import export
from analyzer.reel.export.timeline import rate_of
from analyzer.reel.records import Reel, Span
from analyzer.reel.settings import ExportFormat, ReelSettings
from analyzer.report.page import report
from analyzer.signal.window import Clip
from tests.analyzer.reel.test_compile import plan, told
from tests.kit.films.numbered import ffmpeg, film, number_of

FPS = 25
# A clip that began two seconds into its epoch.
BEFORE_S = 2.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Two clips whose frames carry their number in the epoch."""
    folder = tmp_path_factory.mktemp("clips")
    return [
        Clip(film(folder / f"{n}.mp4", seconds=6.0, first=round(start_s * FPS), gop=5), start_s)
        for n, start_s in enumerate((BEFORE_S, 12.0))
    ]


@pytest.fixture(scope="module")
def reel(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Reel:
    return made(tmp_path_factory.mktemp("reel"), clips)


def made(folder: Path, clips: Sequence[Clip], style: Literal["clips", "keyframes"] = "clips") -> Reel:
    moments = [told(0, [4.0], clips[0]), told(1, [14.0, 16.9], clips[1])]
    return compile_reel(plan(moments), folder, replace(ReelSettings(), style=style), report)


def frames(path: Path) -> list[int]:
    """The number in each frame of a file."""
    with av.open(str(path)) as container:
        return [number_of(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def shown(timeline: otio.schema.Timeline, folder: Path) -> list[int]:
    """The numbers of the frames that a timeline shows, read from its media."""
    found = []
    for clip in timeline.find_clips():
        url = clip.media_reference.target_url
        media = Path(url.removeprefix("file://")) if url.startswith("file://") else folder / url
        first = clip.source_range.start_time - clip.media_reference.available_range.start_time
        span = range(first.to_frames(), first.to_frames() + clip.source_range.duration.to_frames())
        numbers = frames(media)
        found += [numbers[n] for n in span]
    return found


def test_a_timeline_opens_to_the_frames_of_the_reel(reel: Reel, tmp_path: Path) -> None:
    export(reel, ExportFormat.OTIO, tmp_path / "reel.otio")
    timeline = otio.adapters.read_from_file(str(tmp_path / "reel.otio"))
    assert shown(timeline, reel.folder) == frames(reel.folder / "reel.mp4")
    assert [clip.name for clip in timeline.find_clips()][:2] == ["Mover 0", "Mover 1"]
    assert timeline.name == reel.title


@pytest.mark.parametrize("stamp", [False, True], ids=["copied", "encoded"])
def test_a_part_goes_on_in_the_next_windows_clip(tmp_path: Path, *, stamp: bool) -> None:
    """No frame is missing or shown twice where the clips, which overlap by a group of pictures, meet."""
    first, second = (
        Clip(film(tmp_path / f"{n}.mp4", seconds=lasts_s, first=round(start_s * FPS), gop=20), start_s)
        for n, (start_s, lasts_s) in enumerate([(0.0, 10.0), (9.6, 4.0)])
    )
    own, after = told(0, [9.0], first), told(1, [11.0], second).window
    planned = plan([own])
    choice = replace(planned.choices[0], spans=(Span(8.8, 11.4),), neighbours=(after,))
    folder = tmp_path / "reel"
    folder.mkdir()
    settings = replace(ReelSettings(), stamp=stamp)
    reel = compile_reel(replace(planned, choices=(choice,)), folder, settings, report)
    assert reel.mode == ("encode" if stamp else "copy")
    numbers = frames(folder / "reel.mp4")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] <= 8.8 * FPS < 11.3 * FPS < numbers[-1]
    parts = reel.chapters[0].parts
    assert [part.end_s for part in parts[:-1]] == pytest.approx([9.6])
    export(reel, ExportFormat.OTIO, tmp_path / "reel.otio")
    assert shown(otio.adapters.read_from_file(str(tmp_path / "reel.otio")), folder) == numbers


def test_an_edl_has_the_same_times_by_timecode(reel: Reel, tmp_path: Path) -> None:
    export(reel, ExportFormat.OTIO, tmp_path / "reel.otio")
    export(reel, ExportFormat.EDL, tmp_path / "reel.edl")
    one = otio.adapters.read_from_file(str(tmp_path / "reel.otio"))
    other = otio.adapters.read_from_file(str(tmp_path / "reel.edl"), rate=FPS)
    assert [it.source_range for it in one.find_clips()] == [it.source_range for it in other.find_clips()]
    text = (tmp_path / "reel.edl").read_text()
    assert text.count("* FROM CLIP NAME:  0.mp4\n") == 1
    assert text.count("* FROM CLIP NAME:  1.mp4\n") == len(list(other.find_clips())) - 1


def test_a_camera_s_timecode_is_where_its_frames_are_counted_from(clips: list[Clip], tmp_path: Path) -> None:
    stamped = tmp_path / "stamped.mov"
    ffmpeg("-i", str(clips[0].path), "-c", "copy", "-timecode", "10:00:00:00", str(stamped))
    folder = tmp_path / "reel"
    folder.mkdir()
    reel = made(folder, [Clip(stamped, BEFORE_S), clips[1]])
    export(reel, ExportFormat.OTIO, tmp_path / "reel.otio")
    timeline = otio.adapters.read_from_file(str(tmp_path / "reel.otio"))
    first = next(iter(timeline.find_clips()))
    at_s = reel.chapters[0].start_s - BEFORE_S
    assert first.source_range.start_time.to_seconds() == pytest.approx(36_000 + at_s, abs=0.001)
    assert shown(timeline, folder) == frames(folder / "reel.mp4")


def test_segments_of_several_files_are_those_of_the_reel(reel: Reel, tmp_path: Path) -> None:
    export(reel, ExportFormat.CSV, tmp_path / "reel.csv")
    with (tmp_path / "reel.csv").open(newline="") as file:
        rows = [(float(start), float(end), title) for start, end, title in csv.reader(file)]
    assert rows == [(it.reel_start_s, it.reel_end_s, it.moment.title) for it in reel.chapters]


def test_segments_of_one_file_are_of_that_file(clips: list[Clip], tmp_path: Path) -> None:
    reel = compile_reel(plan([told(0, [4.0, 6.9], clips[0])]), tmp_path, ReelSettings(), report)
    export(reel, ExportFormat.CSV, tmp_path / "reel.csv")
    with (tmp_path / "reel.csv").open(newline="") as file:
        spans = [(float(start), float(end)) for start, end, _ in csv.reader(file)]
    numbers = frames(clips[0].path)
    shown = [numbers[n] for start, end in spans for n in range(round(start * FPS), round(end * FPS))]
    assert shown == frames(tmp_path / "reel.mp4")


def test_the_zip_has_a_clip_for_each_chapter_and_the_story(reel: Reel, tmp_path: Path) -> None:
    export(reel, ExportFormat.ZIP, tmp_path / "clips.zip")
    with zipfile.ZipFile(tmp_path / "clips.zip") as archive:
        assert archive.namelist() == ["01-mover-0.mp4", "02-mover-1.mp4", "story.md", "reel.json"]
        archive.extractall(tmp_path)
    both = frames(tmp_path / "01-mover-0.mp4") + frames(tmp_path / "02-mover-1.mp4")
    assert both == frames(reel.folder / "reel.mp4")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_slideshow_is_exported_as_parts_of_its_own_video(clips: list[Clip], tmp_path: Path) -> None:
    reel = made(tmp_path, clips, "keyframes")
    export(reel, ExportFormat.OTIO, tmp_path / "reel.otio")
    timeline = otio.adapters.read_from_file(str(tmp_path / "reel.otio"))
    assert {clip.media_reference.target_url for clip in timeline.find_clips()} == {"reel.mp4"}


def test_a_clip_that_retention_has_removed_is_a_part_of_the_reel(clips: list[Clip], tmp_path: Path) -> None:
    kept, gone = clips[0], Clip(tmp_path / "gone.mp4", clips[1].file_start_s)
    gone.path.write_bytes(clips[1].path.read_bytes())
    folder = tmp_path / "reel"
    folder.mkdir()
    reel = made(folder, [kept, gone])
    gone.path.unlink()
    export(reel, ExportFormat.OTIO, tmp_path / "reel.otio")
    timeline = otio.adapters.read_from_file(str(tmp_path / "reel.otio"))
    assert shown(timeline, folder) == frames(folder / "reel.mp4")


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (5, 25), (7, 24), (12.5, 25), (15, 30), (24, 24), (25, 25), (29.97, Fraction(30_000, 1001)),
        (23.976, Fraction(24_000, 1001)), (50, 50), (59.94, Fraction(60_000, 1001)), (90, 60),
    ],
)  # fmt: skip
def test_the_rate_of_a_timecode(fps: float, rate: Fraction) -> None:
    assert rate_of(fps) == rate
