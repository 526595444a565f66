"""The records of a window: ten seconds of one camera, with what was measured in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from analyzer.signal.activity import Activity
from analyzer.signal.sound.record import Sound, Speech

SIGNAL_STEP_S = 0.2
JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Peak:
    """A local maximum of the signal: media time (s) and value (pixels of the analysis picture)."""

    pts_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The picture at a peak, of motion or of sound.

    Attributes:
        pts_s: media time of the frame.
        value: the signal there.
        file: its JPEG; None where no pictures are stored.
        sound: how much the peak of sound that it shows stands out, 0 to 1; 0 where it shows none.
    """

    pts_s: float
    value: float
    file: Path | None = None
    sound: float = 0.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A window's packets as a media file.

    Attributes:
        path: the file.
        file_start_s: media time of the file's first shown frame; media time ``t`` is at
            ``t - file_start_s`` in the file.
    """

    path: Path
    file_start_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """Ten seconds of one camera, or less at the end of an epoch.

    Attributes:
        id: unique over all cameras and runs.
        camera, epoch, index: the camera, the epoch, and the number of the window in it.
        start_s, end_s: media time since the epoch's first frame.
        start_utc: wall time of ``start_s``, ISO 8601 with Z.
        quiet: whether neither the signal nor the sound ever rose clearly above its own noise.
        signal_max: the signal's highest value, in pixels of the analysis picture.
        noise_floor: the signal of noise alone, in the same unit.
        threshold: the value above which the window is not quiet, in the same unit.
        peaks: all peaks of the signal, in time order; empty when quiet, or when there was only sound.
        keyframes: the peaks that were chosen to be shown, in time order.
        activity: what moved.
        signal: the highest value in each ``signal_step_s`` from ``start_s`` on.
        clip: its media file; None when quiet or when clips are not stored.
        missed_s: how much of it was not analysed, because decoding could not keep up.
        sound: what was measured of its sound; None where there is none.
    """

    id: str
    camera: str
    epoch: int
    index: int
    start_s: float
    end_s: float
    start_utc: str
    quiet: bool
    signal_max: float
    noise_floor: float
    threshold: float
    peaks: tuple[Peak, ...] = ()
    keyframes: tuple[Keyframe, ...] = ()
    activity: Activity = Activity()
    signal: tuple[float, ...] = ()
    signal_step_s: float = SIGNAL_STEP_S
    clip: Clip | None = None
    missed_s: float = 0.0
    sound: Sound | None = None

    @property
    def worth(self) -> float:
        """How much it stands out compared with others that wait: by its signal, more with a peak of sound.

        What has no peaks of motion comes after all that has, by its sound.
        """
        strength = self.sound.strength if self.sound else 0.0
        return float(self.signal_max) * (1 + strength) if self.peaks else strength

    @property
    def speech(self) -> tuple[Speech, ...]:
        """The speech in it, in time order."""
        return self.sound.speech if self.sound else ()


class Outcome(StrEnum):
    """How a window ends: with exactly one of these, which never changes."""

    DESCRIBED = "described"
    QUIET = "quiet"
    SKIPPED_OVERLOAD = "skipped_overload"
    """Too many windows waited to be described, or too many packets to be decoded."""
    MODEL_FAILED = "model_failed"
    DISK_FULL = "disk_full"
