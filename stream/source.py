"""What a source of packets is: its protocol, its description and its one error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream


class SourceFault(StrEnum):
    """Why a source yields no packets that can be decoded."""

    DOWN = "down"
    """It cannot be opened, or its connection was lost."""
    STALLED = "stalled"
    """It is connected, and has sent nothing for too long."""
    UNREADABLE = "unreadable"
    """It sends, but what it sends cannot be decoded."""


class SourceError(Exception):
    """A source cannot be opened or read on; the message names it without its credentials.

    Attributes:
        address: the address, without credentials.
        reason: what went wrong, in a few words.
        fault: the kind of failure.
        retryable: whether trying again later may help (a camera that is down, not a wrong password).
    """

    def __init__(
        self, address: str, reason: str, *, fault: SourceFault = SourceFault.DOWN, retryable: bool = False
    ) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address
        self.reason = reason
        self.fault = fault
        self.retryable = retryable


class ChangedError(SourceError):
    """What is read is not what was opened: what was seen of it is of no use, either."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A description of a source, once it is open.

    Attributes:
        address: without credentials.
        codec: FFmpeg's name of the video codec.
        width_px, height_px: of the decoded frame, before any rotation.
        fps: nominal frame rate; None when the source states none.
        duration_s: None for live sources.
        timed: packets have timestamps; otherwise they are numbered at a nominal rate, from which live sources
            deviate.
        end_s: stream time at which the file states that its video ends, or else all of it; None where it
            states neither.
        start_utc: wall time of the first frame: now for live sources; for files the recorded time of
            creation, else the file's last change less its duration.
        live: the source cannot be read faster than it happens.
        playlist: its segments are listed by a playlist.
        endless: it is not live, and yet has no end: a synthetic camera.
        file: the file from which any part can be read again; None where packets must be buffered for clips.
        choice: which of several video tracks is used, in a line; None where there is only one.
    """

    address: str
    codec: str
    width_px: int
    height_px: int
    fps: float | None
    duration_s: float | None
    start_utc: datetime
    live: bool
    file: Path | None
    end_s: float | None = None
    choice: str | None = None
    timed: bool = True
    playlist: bool = False
    endless: bool = False


class PacketSource(Protocol):
    """Encoded packets of one video stream and at most one audio stream.

    ``packets`` raises SourceError when the source fails, and ends when the source ends or is closed. The
    streams serve as templates for files that the packets are copied into, until ``close``.
    """

    info: SourceInfo
    video: VideoStream
    audio: AudioStream | None

    @property
    def warning(self) -> str | None:
        """What the user should know about how the source is read; None while there is nothing."""
        ...

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield packets in the order of the source, never an empty one, and none after ``close``."""
        ...

    def close(self) -> None:
        """Release the source. Safe to call twice, and while another thread reads: it gets no more packets."""
        ...
