"""Gaps, choices, chapters, stories and reels: the records of a reel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from analyzer.describe.moment import Moment
from analyzer.signal.window import Window
from base.clock import parse_utc

# A shorter gap is in JSON, but people are not shown it.
SHORT_GAP_S = 1.0
# A camera needs so long to connect and to send its first key packet.
LONG_START_S = 5.0
# Parts of a chapter are exact to a millisecond.
ROUNDING_S = 1e-3


class ReelError(Exception):
    """A reel cannot be made; the message is one clear line."""


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


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A span of media time, in seconds; methods return new spans."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s

    def holds(self, at_s: float) -> bool:
        """Return whether a time lies in it, its ends included."""
        return self.start_s <= at_s <= self.end_s

    def wider(self, before_s: float, after_s: float) -> Span:
        """Return it with so much more on both sides."""
        return Span(self.start_s - before_s, self.end_s + after_s)

    def around(self, other: Span) -> Span:
        """Return the shortest span that holds both."""
        return Span(min(self.start_s, other.start_s), max(self.end_s, other.end_s))

    def cut_to(self, bounds: Span) -> Span:
        """Return what of it lies within bounds that it meets."""
        return Span(max(self.start_s, bounds.start_s), min(self.end_s, bounds.end_s))

    def within(self, bounds: Span) -> Span:
        """Return it moved into the bounds, or all of the bounds where they are shorter."""
        start_s = max(bounds.start_s, min(self.start_s, bounds.end_s - self.length_s))
        return Span(start_s, min(bounds.end_s, start_s + self.length_s))


@dataclass(frozen=True, slots=True)
class Choice:
    """A moment chosen for a reel, before the reel exists.

    Attributes:
        moment: the chosen moment.
        reason: why, in a short sentence.
        spans: what is shown of its window, in time order; empty while that is not settled. A slideshow
            shows the keyframes that lie in them.
        neighbours: the windows just before and after it whose own clips show what the spans have beyond
            this window.
        points: what feedback adds to the moment's importance, or takes from it.
    """

    moment: Moment
    reason: str
    spans: tuple[Span, ...] = ()
    neighbours: tuple[Window, ...] = ()
    points: float = 0.0

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows whose clips are shown, in time order."""
        return tuple(sorted((self.moment.window, *self.neighbours), key=lambda window: window.start_s))

    @property
    def importance(self) -> float:
        """The moment's importance with what feedback changes of it."""
        return self.moment.importance + self.points

    @property
    def start_s(self) -> float:
        """The media time at which it begins, for the story: a window may be calm for seconds before."""
        if self.spans:
            return self.spans[0].start_s
        window = self.moment.window
        return window.keyframes[0].pts_s if window.keyframes else window.start_s

    @property
    def length_s(self) -> float:
        """How long it lasts in its window, pauses included; 0 while that is not settled."""
        return self.spans[-1].end_s - self.spans[0].start_s if self.spans else 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a chapter: the media time [start_s, end_s) of its window, and where it is in ``reel.mp4``."""

    start_s: float
    end_s: float
    reel_start_s: float
    reel_end_s: float


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chosen moment at its place in a reel.

    Attributes:
        moment: the moment.
        reason: why it was chosen.
        sentence: the story's sentence (or sentences) for it.
        start_s, end_s: the media time shown, from its first part to its last.
        reel_start_s, reel_end_s: where that stands in ``reel.mp4``.
        parts: what is shown, in media time, and where: one part for each event, or for each keyframe of a
            slideshow. Empty where that is not known any more.
        story_s: the media time that the story's sentence names; None for ``start_s``. A copied chapter may
            begin up to a second earlier, at a key packet.
    """

    moment: Moment
    reason: str
    sentence: str
    start_s: float
    end_s: float
    reel_start_s: float
    reel_end_s: float
    parts: tuple[Part, ...] = ()
    story_s: float | None = None

    @property
    def named_start_s(self) -> float:
        """The start that people are shown: the one of the story's sentence."""
        return self.start_s if self.story_s is None else self.story_s

    def shows(self, at_s: float) -> bool:
        """Return whether the picture of this media time is shown."""
        if not self.parts:
            return self.start_s <= at_s <= self.end_s
        return any(part.start_s - ROUNDING_S <= at_s <= part.end_s + ROUNDING_S for part in self.parts)


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
