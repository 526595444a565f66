"""The seam to whatever wants to know: disk, MQTT, the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from analyzer.describe.moment import Moment
from analyzer.happening import CameraState, Glimpse, Stirring
from analyzer.reel.records import Gap, Reel
from analyzer.signal.window import Window


class SinkError(Exception):
    """What was handed over cannot be kept; the message is one clear line."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters of a run, told each minute: ``counters`` by name, ``cameras`` by camera and name."""

    at_utc: str
    counters: dict[str, float]
    cameras: dict[str, dict[str, float]]


class DescriberStatus(StrEnum):
    """Whether the describer answers."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class DescriberState:
    """Whether windows are being described, published at each change; ``reason`` where they are not."""

    state: DescriberStatus
    reason: str | None
    at_utc: str


Event = CameraState | DescriberState | Stirring | Glimpse | Window | Moment | Reel | Gap | Stats


class Sink(Protocol):
    """Takes events in the order in which they happen and brings them to its peer.

    ``take`` never waits for the peer: what must not be lost is on disk when it returns, the rest may be
    dropped, and is counted. A Moment or a Reel is handed over once it is in the ledger and its files are
    in place, and again, with the same id (and seq), after a crash, and where it is the last at a start.
    """

    async def take(self, event: Event) -> None:
        """Take an event; raises SinkError when it must be kept and cannot."""
        ...

    async def close(self) -> None:
        """Bring what can be brought within a second or two, then let go. Safe to call twice."""
        ...
