"""Reels: a video whose chapters, manifest, captions and story agree, or no reel at all."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

from analyzer.describe.moment import Moment
from analyzer.reel.compile import ReelPlan, compile_reel, summary
from analyzer.reel.manifest import MANIFEST, POSTER, VIDEO
from analyzer.reel.records import Choice, Gap, GapReason, Reel, ReelError
from analyzer.reel.settings import ReelSettings
from analyzer.reel.story import narrate
from analyzer.reel.video import stamp_text
from analyzer.report.page import report
from analyzer.signal.window import Clip, Keyframe
from base.clock import utc_after
from stream.media.file import MediaError
from stream.media.probe import verify
from tests.conftest import BERLIN
from tests.kit.cameras.damage import junk
from tests.kit.films.numbered import beeps, chapters_elsewhere, complaints, film, flashes, number_of, shown
from tests.kit.records.moments import moment
from tests.kit.records.windows import START_UTC, measured

CLIPS, KEYFRAMES = ReelSettings(), ReelSettings(style="keyframes")
FPS = 25


def told(index: int, keyframes_s: Sequence[float], clip: Clip | None) -> Moment:
    """A moment whose keyframes stand at these times of the media; the last is the strongest."""
    window = measured(index, [(s - index * 10, 500.0 + s) for s in keyframes_s])
    keyframes = tuple(Keyframe(s, 500.0 + s) for s in keyframes_s)
    words = moment(index, title=f"Mover {index}", text=f"Mover {index} crosses. It takes a while.")
    return replace(words, window=replace(window, keyframes=keyframes, clip=clip))


def plan(moments: Sequence[Moment], gaps: Sequence[Gap] = ()) -> ReelPlan:
    choices = tuple(Choice(each, "strongest") for each in moments)
    return ReelPlan(
        id="front",
        seq=3,
        choices=choices,
        story=narrate(choices, gaps, ("front",), media_time=True),
        cameras=("front",),
        start_utc=START_UTC,
        end_utc=utc_after(START_UTC, 60.0),
        gaps=tuple(gaps),
        changed=("a closing moment was added",),
        windows=tuple(each.window for each in moments),
        media_time=True,
    )


def cue_times(folder: Path) -> list[tuple[float, float]]:
    """Start and end of each cue, in seconds."""
    text = (folder / "captions.vtt").read_text()
    assert text.startswith("WEBVTT")
    stamps = re.findall(r"(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})", text)
    numbers = [[int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in (c[:3], c[3:])] for c in stamps]
    return [(start_s, end_s) for start_s, end_s in numbers]


def check_captions_text(reel: Reel, rows: dict[str, Any], frame_s: float) -> None:
    """What holds for every reel: all that names a time names the same one, to a frame."""
    folder = reel.folder
    chapters = rows["chapters"]
    video = folder / VIDEO
    assert complaints(video) == ""
    verified = verify(video)
    assert rows["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest() == verified.sha256
    assert rows["bytes"] == video.stat().st_size
    assert rows["duration_s"] == pytest.approx(verified.duration_s, abs=1e-3)
    found = chapters_elsewhere(video)
    assert [title for _, _, title in found] == [row["title"] for row in chapters]
    for (start_s, end_s, _), row, chapter in zip(found, chapters, reel.chapters, strict=True):
        assert (start_s, end_s) == pytest.approx((row["reel_start_s"], row["reel_end_s"]), abs=2e-3)
        assert (start_s, end_s) == pytest.approx((chapter.reel_start_s, chapter.reel_end_s), abs=2e-3)
    assert chapters[0]["reel_start_s"] == 0
    assert chapters[-1]["reel_end_s"] == pytest.approx(rows["duration_s"], abs=frame_s)
    story = (folder / "story.md").read_text()
    for row in chapters:
        assert row["sentence"] in rows["narrative"]
        inside = [c for c in cue_times(folder) if row["reel_start_s"] - 1e-3 <= c[0] < row["reel_end_s"]]
        assert inside, "a chapter without words"
        assert inside[0][0] == pytest.approx(row["reel_start_s"], abs=frame_s)
        assert inside[-1][1] <= row["reel_end_s"] + frame_s
        assert row["title"] in story
    assert " ".join(row["sentence"] for row in chapters) == rows["narrative"]
    assert cv2.imread(str(folder / POSTER)) is not None
    assert rows["title"] in (folder / "report.html").read_text()


def made(folder: Path, what: ReelPlan, settings: ReelSettings = CLIPS) -> tuple[Reel, dict[str, Any]]:
    folder.mkdir()
    reel = compile_reel(what, folder, settings, report)
    return reel, json.loads((folder / MANIFEST).read_text())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("source")
    return Clip(film(folder / "film.mp4", seconds=40, gop=FPS, sound="aac"), 0.0)


def test_a_reel_of_clips_shows_what_its_chapters_name(tmp_path: Path, source: Clip) -> None:
    moments = [told(0, [3.0, 4.0], source), told(2, [25.0], source), told(3, [32.0, 37.0], source)]
    reel, rows = made(tmp_path / "reel", plan(moments))
    check_captions_text(reel, rows, 1 / FPS)
    assert rows["mode"] == "copy"
    pictures = shown(reel.folder / VIDEO)
    for row in rows["chapters"]:
        inside: list[int] = []
        for part in row["parts"]:
            own = [n for at_s, n in pictures if part["reel_start_s"] <= at_s + 2e-3 < part["reel_end_s"]]
            assert own[0] == round(part["start_s"] * FPS)
            assert own[-1] + 1 == round(part["end_s"] * FPS)
            inside += own
        assert (row["start_s"], row["end_s"]) == (row["parts"][0]["start_s"], row["parts"][-1]["end_s"])
        for keyframe in row["keyframes"]:
            assert round(keyframe["pts_s"] * FPS) in inside
    assert [len(row["parts"]) for row in rows["chapters"]] == [1, 1, 2]
    assert beeps(reel.folder / VIDEO) == pytest.approx(flashes(reel.folder / VIDEO), abs=0.04)


def test_a_slideshow_shows_the_keyframes_and_no_other_picture(tmp_path: Path, source: Clip) -> None:
    moments = [told(0, [3.0, 4.0, 4.4, 7.0, 8.2], source), told(2, [25.0], source)]
    reel, rows = made(tmp_path / "reel", plan(moments), KEYFRAMES)
    check_captions_text(reel, rows, KEYFRAMES.hold_s)
    wanted = [round(k["pts_s"] * FPS) for row in rows["chapters"] for k in row["keyframes"]]
    assert wanted == [75, 100, 110, 175, 205, 625]
    pictures = shown(reel.folder / VIDEO)
    assert [number for _, number in pictures] == wanted
    assert [at_s for at_s, _ in pictures] == pytest.approx([n * 0.4 for n in range(6)], abs=1e-3)
    assert rows["duration_s"] == pytest.approx(2.4, abs=1e-3)
    assert [(row["start_s"], row["end_s"]) for row in rows["chapters"]] == [(3.0, 8.2), (25.0, 25.0)]


def test_a_clip_that_begins_elsewhere_is_shown_by_the_media_time(tmp_path: Path) -> None:
    """A clip cut from the rolling buffer: its file's zero is media time 18."""
    clip = Clip(film(tmp_path / "film.mp4", seconds=12, first=450, sound="aac"), 18.0)
    reel, rows = made(tmp_path / "reel", plan([told(2, [22.0, 23.0], clip)]))
    check_captions_text(reel, rows, 1 / FPS)
    (row,) = rows["chapters"]
    assert row["start_s"] <= 21.0
    assert row["end_s"] >= 23.9
    assert shown(reel.folder / VIDEO)[0][1] == round(row["start_s"] * FPS)
    poster = cv2.imread(str(reel.folder / POSTER))
    assert poster is not None
    assert number_of(poster) == round(23.0 * FPS), "the strongest keyframe's picture"


def test_a_clip_that_lost_its_beginning_shows_what_is_left(tmp_path: Path) -> None:
    clip = Clip(film(tmp_path / "film.mp4", seconds=5, first=125), 5.0)
    for number, settings in enumerate((CLIPS, KEYFRAMES)):
        _, rows = made(tmp_path / f"reel{number}", plan([told(0, [2.0, 6.0], clip)]), settings)
        assert rows["chapters"][0]["end_s"] > 5.0


def test_a_copy_that_does_not_decode_is_encoded_instead(tmp_path: Path) -> None:
    clip = Clip(junk(film(tmp_path / "film.mp4", seconds=10, gop=5), 0.4, 0.45), 0.0)
    reel, rows = made(tmp_path / "reel", plan([told(0, [4.0, 5.0], clip)]))
    assert rows["mode"] == "encode"
    check_captions_text(reel, rows, 1 / FPS)


def test_gaps_and_changes_are_in_the_files(tmp_path: Path, source: Clip) -> None:
    gap = Gap("front", utc_after(START_UTC, 12.0), utc_after(START_UTC, 19.0), GapReason.UNREADABLE)
    moments = [told(0, [3.0], source), told(2, [25.0], source)]
    reel, rows = made(tmp_path / "reel", plan(moments, [gap]))
    assert rows["gaps"] == [
        {
            "camera": "front",
            "start_utc": gap.start_utc,
            "end_utc": gap.end_utc,
            "reason": "unreadable",
        }
    ]
    assert rows["changed"] == ["a closing moment was added"]
    assert "0:12 to 0:19" in (reel.folder / "story.md").read_text()
    assert (rows["id"], rows["seq"], rows["cameras"]) == ("front", 3, ["front"])
    assert rows["chapters"][0]["start_utc"] == utc_after(START_UTC, rows["chapters"][0]["start_s"])


def test_progress_never_falls_and_ends_at_all(tmp_path: Path, source: Clip) -> None:
    (tmp_path / "reel").mkdir()
    seen: list[float] = []
    compile_reel(plan([told(0, [3.0], source)]), tmp_path / "reel", CLIPS, report, on_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0, abs=0.05)


def test_nothing_happened_is_no_reel(tmp_path: Path) -> None:
    with pytest.raises(ReelError, match="nothing happened"):
        made(tmp_path / "reel", plan([]))
    assert not list((tmp_path / "reel").iterdir())


@pytest.mark.parametrize("settings", [CLIPS, KEYFRAMES], ids=["clips", "keyframes"])
def test_a_window_without_its_clip_cannot_be_shown(tmp_path: Path, settings: ReelSettings) -> None:
    with pytest.raises(ReelError, match="has no clip"):
        made(tmp_path / "reel", plan([told(0, [3.0], None)]), settings)


@pytest.mark.parametrize("settings", [CLIPS, KEYFRAMES], ids=["clips", "keyframes"])
def test_a_clip_that_has_gone_is_a_media_error(tmp_path: Path, settings: ReelSettings) -> None:
    with pytest.raises(MediaError, match=r"none\.mp4"):
        made(tmp_path / "reel", plan([told(0, [3.0], Clip(tmp_path / "none.mp4", 0.0))]), settings)
    assert not list((tmp_path / "reel").iterdir())


def test_a_summary_names_its_content_and_the_path_of_its_video(tmp_path: Path, source: Clip) -> None:
    reel, rows = made(tmp_path / "reel", plan([told(0, [3.0], source)]))
    first, second = summary(reel, Path("out")).splitlines()
    assert first == f"out: {rows['title']}"
    assert second == f"1 chapter, {rows['duration_s']:.1f} s, out/reel.mp4"


def test_a_stamp_is_local_time_with_its_offset_or_the_time_in_the_file(
    in_zone: Callable[[str], None],
) -> None:
    in_zone(BERLIN)
    window = measured(1)
    assert stamp_text(window, 15.5, media_time=False) == "front  2026-03-12 15:00:15+01:00"
    assert stamp_text(window, 15.5, media_time=True) == "front  0:15.5"
