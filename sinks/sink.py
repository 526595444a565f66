"""The Sink protocol: what brings events to a peer outside the program."""

from __future__ import annotations

from typing import Protocol

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Window
from sinks.events import CameraState, DescriberState, Glimpse, Stats, Stirring


class SinkError(Exception):
    """A sink cannot be used, or cannot store an event; the message is one clear line."""


Event = CameraState | DescriberState | Stirring | Glimpse | Window | Moment | Reel | Gap | Stats


class Sink(Protocol):
    """Receives events in the order in which they happen and brings them to its peer.

    ``take`` never waits for the peer: what must not be lost is on disk when it returns; the rest may be
    dropped, and is counted. A Moment or a Reel is passed once it is in the ledger and its files are in
    place. Delivery is at least once: after a crash, and for the newest one at each start, it is passed
    again with the same id (and seq).
    """

    async def take(self, event: Event) -> None:
        """Accept an event; raises SinkError if it must be stored and cannot be."""
        ...

    async def close(self) -> None:
        """Deliver what can be delivered within a second or two, then disconnect. Safe to call twice."""
        ...
