"""Events that sinks receive, in addition to the analyzer's windows, moments, reels and gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from analyzer.describe.moment import Moment
from analyzer.reel.records import Reel


@dataclass(frozen=True, slots=True)
class EpochStarted:
    """An epoch's first frame has been decoded: from ``at_utc`` on the camera is watched."""

    camera: str
    epoch: int
    at_utc: str


@dataclass(frozen=True, slots=True)
class MotionChanged:
    """Motion has begun, or has been over for a second."""

    camera: str
    moving: bool
    at_utc: str


@dataclass(frozen=True, slots=True)
class KeyframePreview:
    """The first keyframe of ongoing motion, before its window is closed.

    Attributes:
        camera: the camera's name.
        window_id: the id of the window that will contain it.
        at_utc: when the frame was captured.
        value: the motion signal at the frame.
        jpeg: the frame as JPEG.
    """

    camera: str
    window_id: str
    at_utc: str
    value: float
    jpeg: bytes


class CameraStatus(StrEnum):
    """The states of a camera."""

    CONNECTING = "connecting"
    WATCHING = "watching"
    WAITING = "waiting"
    """Its connection was lost; it will be tried again."""
    REFUSED = "refused"
    """It will not be tried again, as the failure is permanent: a wrong password, for example."""
    DISABLED = "disabled"
    """Its analysis is switched off."""
    ENDED = "ended"
    """Its source has come to its end, or the run has."""


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera's state, sent at each change.

    Attributes:
        camera: the camera's name.
        state: the state that it has entered.
        reason: in a few words; None in normal operation.
        at_utc: since when.
    """

    camera: str
    state: CameraStatus
    reason: str | None
    at_utc: str


@dataclass(frozen=True, slots=True)
class LateText:
    """What was said in a moment has been recognised after the moment was published, and is in its window."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class Restored:
    """The newest moment of a camera, or the newest reel, at a start: an earlier run has published it."""

    event: Moment | Reel


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters of a run, sent each minute.

    Attributes:
        at_utc: when they were read.
        counters: of the whole run, by name.
        cameras: by camera and name.
        gaps_s: seconds that were not observed in gaps that have ended, by camera and reason.
        sinks: by sink and name.
    """

    at_utc: str
    counters: dict[str, float]
    cameras: dict[str, dict[str, float]]
    gaps_s: dict[str, dict[str, float]] = field(default_factory=dict)
    sinks: dict[str, dict[str, float]] = field(default_factory=dict)


class DescriberStatus(StrEnum):
    """Whether the describer answers."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class DescriberState:
    """Whether windows are being described, sent at each change; ``reason`` where they are not."""

    state: DescriberStatus
    reason: str | None
    at_utc: str


class TranscriberStatus(StrEnum):
    """Whether the transcriber answers."""

    ONLINE = "online"
    OFFLINE = "offline"
    DISABLED = "disabled"
    """There is none: speech has no text."""


@dataclass(frozen=True, slots=True)
class TranscriberState:
    """Whether speech gets its text, sent at each change; ``reason`` where it does not."""

    state: TranscriberStatus
    reason: str | None
    at_utc: str
