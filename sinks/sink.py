"""The Sink protocol: what brings events to a peer outside the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Window
from sinks.events import (
    CameraState,
    DescriberState,
    KeyframePreview,
    LateText,
    MotionChanged,
    Restored,
    Stats,
    TranscriberState,
)


class SinkError(Exception):
    """A sink cannot be used, or cannot store an event; the message is one clear line."""


RunEvent = (
    CameraState
    | DescriberState
    | TranscriberState
    | MotionChanged
    | KeyframePreview
    | Window
    | Moment
    | LateText
    | Reel
    | Gap
    | Stats
)
"""What happens in this run."""

Event = RunEvent | Restored


class Sink(Protocol):
    """Receives events in the order in which they happen and brings them to its peer.

    ``take`` never waits for the peer: it may drop events, and counts them. What must not be lost, a Moment, a
    LateText or a Reel, is in the sink's outbox before it is passed here (``sinks.outbox``), and its files
    are in place.
    """

    @property
    def name(self) -> str:
        """Identifies it among the sinks of a run; no secret."""
        ...

    async def take(self, event: Event) -> None:
        """Accept an event; raises SinkError if that is not possible."""
        ...

    def counters(self) -> Mapping[str, float]:
        """Return what it has done and dropped since the start, and what waits now, by name."""
        ...

    async def close(self) -> None:
        """Deliver what can be delivered within a second or two, then disconnect. Safe to call twice."""
        ...
