"""Gaps, choices, chapters, stories and reels: the records of a reel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from analyzer.describe.moment import Moment
from base.clock import parse_utc

# A shorter gap is in JSON, but people are not shown it.
SHORT_GAP_S = 1.0
# A camera needs so long to connect and to send its first key packet.
LONG_START_S = 5.0


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

    @property
    def length_s(self) -> float:
        """How long it lasts, in seconds."""
        return (parse_utc(self.end_utc) - parse_utc(self.start_utc)).total_seconds()

    @property
    def is_short(self) -> bool:
        """Whether people are not shown it at all."""
        return self.length_s < SHORT_GAP_S

    @property
    def is_outage(self) -> bool:
        """Whether a story names it: it is not short, nor a start of a few seconds."""
        starts = self.reason == GapReason.STARTING and self.length_s < LONG_START_S
        return not starts and not self.is_short


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
