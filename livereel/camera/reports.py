"""What a camera's process reports to the main process, and what it is asked: small records over its pipe."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from analyzer.reel.records import Gap
from analyzer.signal.flicker.region import Flicker
from analyzer.signal.window import Window
from sinks.events import EpochStarted, KeyframePreview, MotionChanged
from sinks.live_view import ViewKind
from stream.source import SourceError, SourceFault

if TYPE_CHECKING:
    from stream.web.playlist import Listing

Seen = Window | Gap | EpochStarted | MotionChanged | KeyframePreview
"""What watching a source yields, in the order in which it happened."""


@dataclass(slots=True)
class CaptureCounts:
    """Counters of one capture, from its start."""

    frames: int = 0
    damaged_packets: int = 0
    timeline_breaks: int = 0
    windows_without_room: int = 0
    clips_failed: int = 0
    unbuffered_packets: int = 0
    skipped_packets: int = 0
    skipped_sound_packets: int = 0
    skipped_speech_packets: int = 0

    def plus(self, other: CaptureCounts) -> CaptureCounts:
        """Return the sums."""
        return CaptureCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The process is alive, and what it has counted so far; ``frames`` grows while frames come.

    Attributes:
        counts: the counters so far.
        clip_failure: why the last clip that failed could not be written; None where none failed.
        choice: which of several video tracks is analysed; None where there is only one.
        warning: what the user should know about how the source is read.
        interval_s: usual interval between its frames; None while it is unknown.
        flickers: small regions whose regular changes do not count as motion.
    """

    counts: CaptureCounts
    clip_failure: str | None = None
    choice: str | None = None
    warning: str | None = None
    interval_s: float | None = None
    flickers: tuple[Flicker, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """The process has started, and opens its source now."""


@dataclass(frozen=True, slots=True)
class PlaylistPosition:
    """The source is a live playlist, of which nothing that ``seen`` lists, or older, may be played again.

    With None, it is what it lists when it is next fetched.
    """

    seen: Listing | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The process's last report: watching has ended.

    Attributes:
        reason: why, in a few words; None when the source came to its end or was stopped.
        fault: the kind of failure.
        retryable: whether a new process may help.
    """

    reason: str | None = None
    fault: SourceFault = SourceFault.DOWN
    retryable: bool = False

    @classmethod
    def of(cls, error: SourceError) -> Ended:
        """Return the report of a source that has failed."""
        return cls(error.reason, error.fault, error.retryable)


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """Asks the process to send live data of this kind; the handle of a connection for it follows."""

    kind: ViewKind


Report = Seen | Opening | Heartbeat | PlaylistPosition | Ended
