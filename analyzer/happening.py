"""What shows of a camera before a window is closed, and how the camera itself is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Began:
    """An epoch's first frame has come: from ``at_utc`` on the camera is watched."""

    camera: str
    epoch: int
    at_utc: str


@dataclass(frozen=True, slots=True)
class Stirring:
    """Something begins to move, or all has been calm for a second."""

    camera: str
    moving: bool
    at_utc: str


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The first keyframe of something that is still going on, before its window is closed.

    Attributes:
        camera: whose.
        window_id: the window that will tell the whole of it.
        at_utc: when the picture was taken.
        value: the signal there.
        jpeg: the picture.
    """

    camera: str
    window_id: str
    at_utc: str
    value: float
    jpeg: bytes


class CameraStatus(StrEnum):
    """How a camera is doing."""

    CONNECTING = "connecting"
    WATCHING = "watching"
    WAITING = "waiting"
    """Its connection was lost; it will be tried again."""
    REFUSED = "refused"
    """It will not be tried again, as that is of no use: a wrong password, for example."""
    DISABLED = "disabled"
    """Its analysis is switched off."""
    ENDED = "ended"
    """Its source has come to its end, or the run has."""


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera is doing, told at each change.

    Attributes:
        camera: whose.
        state: how it is doing.
        reason: in a few words, None where all is well.
        at_utc: since when.
    """

    camera: str
    state: CameraStatus
    reason: str | None
    at_utc: str
