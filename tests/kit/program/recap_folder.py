"""A recap's folder, read as who gets it would."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stream.media.probe import verify
from tests.kit.films.numbered import chapters_elsewhere, complaints

FILES = {
    "captions.vtt",
    "keyframes",
    "poster.jpg",
    "reel.json",
    "reel.mp4",
    "report.html",
    "story.md",
    "windows.jsonl",
}
# Two milliseconds of rounding: MP4 keeps chapters in milliseconds, as does the manifest.
ROUNDING_S = 2e-3


@dataclass(frozen=True, slots=True)
class Recapped:
    """What ``livereel recap`` left."""

    folder: Path
    reel: dict[str, Any]
    windows: list[dict[str, Any]]

    @property
    def video(self) -> Path:
        return self.folder / "reel.mp4"

    @property
    def chapters(self) -> list[dict[str, Any]]:
        chapters: list[dict[str, Any]] = self.reel["chapters"]
        return chapters

    @property
    def keyframes_s(self) -> list[float]:
        """Media times of all keyframes, of all epochs."""
        return [keyframe["pts_s"] for window in self.windows for keyframe in window["keyframes"]]

    def cues(self) -> list[tuple[float, float, str]]:
        """Start, end and text of each cue of the captions."""
        blocks = (self.folder / "captions.vtt").read_text().strip().split("\n\n")
        assert blocks[0].startswith("WEBVTT")
        return [_cue(block) for block in blocks[1:]]


def at_in_reel(row: dict[str, Any], media_s: float) -> float:
    """The place in the reel of a media time that a chapter shows."""
    near = [p for p in row["parts"] if p["start_s"] - ROUNDING_S <= media_s <= p["end_s"] + ROUNDING_S]
    part = min(near, key=lambda part: abs(media_s - (part["start_s"] + part["end_s"]) / 2))
    place_s: float = part["reel_start_s"] + media_s - part["start_s"]
    return place_s


def _cue(block: str) -> tuple[float, float, str]:
    lines = block.splitlines()
    at = next(number for number, line in enumerate(lines) if "-->" in line)
    start_s, end_s = (_seconds(stamp) for stamp in lines[at].split("-->"))
    return start_s, end_s, " ".join(lines[at + 1 :])


def _seconds(stamp: str) -> float:
    hours, minutes, seconds = stamp.split(maxsplit=1)[0].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def recapped(folder: Path) -> Recapped:
    """Read a recap's folder and hold it to what every reel promises: its parts agree to a frame."""
    assert {path.name for path in folder.iterdir()} == FILES
    reel = json.loads((folder / "reel.json").read_text())
    windows = [json.loads(line) for line in (folder / "windows.jsonl").read_text().splitlines()]
    made = Recapped(folder, reel, windows)
    assert complaints(made.video) == ""
    verified = verify(made.video)
    frame_s = verified.duration_s / verified.frames
    assert reel["sha256"] == hashlib.sha256(made.video.read_bytes()).hexdigest()
    assert abs(reel["duration_s"] - verified.duration_s) < ROUNDING_S
    _check_chapters(made, frame_s)
    _check_captions_text(made, frame_s)
    _check_files(made)
    return made


def _check_chapters(made: Recapped, frame_s: float) -> None:
    found = chapters_elsewhere(made.video)
    assert [title for _, _, title in found] == [row["title"] for row in made.chapters]
    end_s = 0.0
    for (start_s, until_s, _), row in zip(found, made.chapters, strict=True):
        assert abs(start_s - row["reel_start_s"]) < ROUNDING_S
        assert abs(until_s - row["reel_end_s"]) < ROUNDING_S
        parts = row["parts"]
        assert (parts[0]["reel_start_s"], parts[-1]["reel_end_s"]) == (row["reel_start_s"], row["reel_end_s"])
        for part in parts:
            assert abs(part["reel_start_s"] - end_s) < ROUNDING_S, "parts follow each other without a hole"
            end_s = part["reel_end_s"]
    assert abs(end_s - made.reel["duration_s"]) < frame_s + ROUNDING_S


def _check_captions_text(made: Recapped, frame_s: float) -> None:
    assert made.reel["narrative"] == " ".join(row["sentence"] for row in made.chapters)
    story = (made.folder / "story.md").read_text()
    spoken = iter(made.cues())
    for row in made.chapters:
        assert _plain(row["sentence"]) in _plain(story)
        said, reached_s = "", row["reel_start_s"]
        while len(said) < len(_plain(row["sentence"])):
            start_s, end_s, words = next(spoken)
            assert abs(start_s - reached_s) < frame_s + ROUNDING_S
            said, reached_s = f"{said}{_plain(words)}", end_s
        assert said == _plain(row["sentence"]), "a chapter's cues say its sentence"
        assert reached_s < row["reel_end_s"] + frame_s + ROUNDING_S
    assert next(spoken, None) is None, "no words without a chapter"


def _plain(text: str) -> str:
    """Alphanumeric characters alone: line breaks and escapes differ between formats."""
    return re.sub(r"\W+", "", re.sub(r"&\w+;", "", text))


def _check_files(made: Recapped) -> None:
    named = [made.folder / k["file"] for window in made.windows for k in window["keyframes"]]
    assert sorted(named) == sorted((made.folder / "keyframes").iterdir())
    known = {window["id"] for window in made.windows}
    assert len(known) == len(made.windows)
    assert {row["window_id"] for row in made.chapters} <= known
