"""Gaps, choices, chapters, stories and reels: the records of a reel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from analyzer.describe.moment import Moment


class GapReason(StrEnum):
    """Why a camera was not observed for some time."""

    STARTING = "starting"
    """It was being connected to."""
    SOURCE_DOWN = "source_down"
    """It could not be connected to, or had come to its end."""
    SOURCE_STALLED = "source_stalled"
    """It sent no new pictures."""
    UNREADABLE = "unreadable"
    """Its packets were damaged or cut off."""
    DISABLED = "disabled"
    """Its analysis was switched off."""
    NOT_RUNNING = "not_running"
    """livereel was not running."""
    MOVED = "moved"
    """It was handed over from one machine to another."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Time of a camera that was not observed, with its reason.

    Attributes:
        camera: whose time.
        start_utc, end_utc: wall time, ISO 8601 with Z.
        reason: why.
    """

    camera: str
    start_utc: str
    end_utc: str
    reason: GapReason


@dataclass(frozen=True, slots=True)
class Choice:
    """A moment chosen for a reel, before the reel exists.

    Attributes:
        moment: the chosen moment.
        reason: why, in a short sentence.
    """

    moment: Moment
    reason: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chosen moment at its place in a reel.

    Attributes:
        moment: the moment.
        reason: why it was chosen.
        sentence: the story's sentence (or sentences) for it.
        start_s, end_s: the media time shown.
        reel_start_s, reel_end_s: where that stands in ``reel.mp4``.
    """

    moment: Moment
    reason: str
    sentence: str
    start_s: float
    end_s: float
    reel_start_s: float
    reel_end_s: float


@dataclass(frozen=True, slots=True)
class Story:
    """A reel in words.

    Attributes:
        title: at most 80 characters.
        narrative: the whole story: the sentences joined, in order.
        sentences: one for each choice, in the same order.
    """

    title: str
    narrative: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reel:
    """A finished reel; ``folder`` holds its video, manifest, story, captions, poster and report."""

    id: str
    seq: int
    title: str
    narrative: str
    cameras: tuple[str, ...]
    start_utc: str
    end_utc: str
    duration_s: float
    mode: str
    folder: Path
    bytes: int
    sha256: str
    chapters: tuple[Chapter, ...]
    gaps: tuple[Gap, ...]
    changed: tuple[str, ...]
