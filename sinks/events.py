"""Events that sinks receive, besides the analyzer's windows, moments, reels and gaps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Began:
    """An epoch's first frame has been decoded: from ``at_utc`` on the camera is watched."""

    camera: str
    epoch: int
    at_utc: str


@dataclass(frozen=True, slots=True)
class Stirring:
    """Motion has begun, or has been over for a second."""

    camera: str
    moving: bool
    at_utc: str


@dataclass(frozen=True, slots=True)
class Glimpse:
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


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera's state, sent at each change.

    Attributes:
        camera: the camera's name.
        state: ``watching``, ``waiting`` (lost, will be tried again), ``refused`` (it is of no use to try
            again: a wrong password, say), ``disabled`` or ``ended``.
        reason: in a few words, None where all is well.
        at_utc: since when.
    """

    camera: str
    state: str
    reason: str | None
    at_utc: str


@dataclass(frozen=True, slots=True)
class Stats:
    """Counters of a run, sent each minute: ``counters`` by name, ``cameras`` by camera and name."""

    at_utc: str
    counters: dict[str, float]
    cameras: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class DescriberState:
    """Whether windows are being described, sent at each change: ``online`` or ``offline``, and why."""

    state: str
    reason: str | None
    at_utc: str
