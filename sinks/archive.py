"""What a livereel has stored, as those who read it ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from analyzer.reel.records import GapReason
from analyzer.reel.settings import ExportFormat
from analyzer.signal.sound.record import PeakKind
from analyzer.signal.window import Outcome

Row = dict[str, Any]
"""A JSON object: a gap, a reel as in ``reel.json``, or a window as in ``windows.jsonl``.

A window also has ``strongest``, the number of its strongest keyframe, None where it has none, and
``feedback``, the verdict on its moment: ``keep``, ``dull``, or None.
"""


MAX_COUNTED = 100_000
"""So many moments are counted at most: beyond, counting would take longer than finding them."""


class ArchiveError(Exception):
    """What is stored cannot be read now; the message is one clear line."""


@dataclass(frozen=True, slots=True)
class MomentQuery:
    """Which moments to find; everything that is given must hold.

    Attributes:
        text: words, phrases in quotes, prefixes ``car*`` and exclusions ``-car``, looked for in title,
            text, tags and what was said; words match by their English stem.
        cameras: any of these; none for all.
        tags: any of these; none for all.
        min_importance: at least this, rounded down to a whole number.
        alerts_only: only moments in which a ``tell_me_when`` rule holds.
        since_utc, until_utc: of the window's start, the later one excluded; empty for no bound.
        limit: at most so many, the newest.
    """

    text: str = ""
    cameras: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    min_importance: float = 0.0
    alerts_only: bool = False
    since_utc: str = ""
    until_utc: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class NamedReelNow:
    """A reel by its name, as it is now.

    Attributes:
        name: its id.
        cameras: those that it shows.
        schedule: when it is made, as ``daily at 20:00 (Europe/Berlin)``.
        next_utc: its next time.
        keep: how many of it are kept.
    """

    name: str
    cameras: tuple[str, ...]
    schedule: str
    next_utc: str
    keep: int


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a camera's time with one state.

    Attributes:
        start_utc, end_utc: wall time.
        state: a window's outcome, ``pending`` for one that waits to be described, or a gap's reason.
        observed: whether it is a window rather than a gap.
    """

    start_utc: str
    end_utc: str
    state: Outcome | Literal["pending"] | GapReason
    observed: bool


@dataclass(frozen=True, slots=True)
class SoundMark:
    """Speech, or a peak of sound, of a camera.

    Attributes:
        kind: what it is.
        start_utc, end_utc: wall time; the same for a peak.
        amount: how many peaks it stands for, or how many seconds of speech.
    """

    kind: Literal["speech"] | PeakKind
    start_utc: str
    end_utc: str
    amount: float = 1.0


class Archive(Protocol):
    """Reads what is stored. Every method blocks while it reads and may raise ArchiveError."""

    @property
    def cameras(self) -> Sequence[str]:
        """All cameras of this livereel, in the order of the configuration."""
        ...

    def search(self, query: MomentQuery) -> list[Row]:
        """Return the windows whose moments match, newest first."""
        ...

    def count(self, query: MomentQuery) -> int:
        """Return how many moments match, whatever the query's limit is, but MAX_COUNTED at most."""
        ...

    def moment(self, window_id: str) -> Row | None:
        """Return one window with its moment; None where there is none of this id."""
        ...

    def spans(
        self, cameras: Sequence[str], since_utc: str, until_utc: str, least_s: float
    ) -> dict[str, list[Span]]:
        """Return each camera's time in order, spans shorter than ``least_s`` joined with the more active."""
        ...

    def sounds(self, camera: str, since_utc: str, until_utc: str, least_s: float) -> list[SoundMark]:
        """Return the camera's speech and peaks of sound in order; marks of a kind so close are one."""
        ...

    def gaps(self, since_utc: str) -> list[Row]:
        """Return the gaps that ended after then, in time order."""
        ...

    def reels(self, limit: int, reel_id: str | None = None) -> list[Row]:
        """Return the newest reels, of all ids or of one, the newest first."""
        ...

    def reel(self, reel_id: str, seq: int | None) -> Row | None:
        """Return a reel, the newest of its id where ``seq`` is None; None where there is none."""
        ...

    def clip(self, window_id: str) -> tuple[Path, float] | None:
        """Return a window's media file and the media time at which it begins."""
        ...

    def keyframe(self, window_id: str, number: int) -> Path | None:
        """Return the picture of a window's keyframe, counted from 0."""
        ...

    def export(self, reel_id: str, seq: int, kind: ExportFormat, file: Path) -> bool:
        """Write a reel for editors to a new file; False where there is no such reel.

        A timeline names media by their file names alone. A zip may take as long as encoding the reel.
        """
        ...

    def reel_file(self, reel_id: str, seq: int, name: str) -> Path | None:
        """Return a file of a reel's folder by its name."""
        ...
