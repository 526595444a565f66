"""The settings of the signal and its peaks, with their bounds; light, since the configuration embeds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

Polygon = tuple[tuple[float, float], ...]
"""Corners, in pixels of the displayed picture (upright, square pixels)."""

MinRise = Annotated[float, Ge(3), Le(60)]
"""How much a loud noise is above the noise floor, in dB."""

# The notebook measured every frame against the one before.
_MAX_FPS = {"changed": 15.0, "notebook": None}


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """How the signal is made from two frames.

    Attributes:
        signal: ``changed``, or ``notebook``: pixels brighter than in the frame before, noise included.
        width_px, height_px: size of the analysis picture.
        max_fps: of a faster stream, only so many frames a second are measured; None takes what suits the
            signal.
    """

    signal: Literal["changed", "notebook"] = "changed"
    width_px: Annotated[int, Ge(64), Le(4096)] = 400
    height_px: Annotated[int, Ge(48), Le(4096)] = 300
    max_fps: Annotated[float, Ge(1)] | None = None

    @property
    def measured_fps(self) -> float | None:
        """Frames a second that are measured at most; None for all.

        ``changed`` looks back 0.2 s and more: it gains little from frames nearer to each other than 66 ms.
        """
        return self.max_fps or _MAX_FPS[self.signal]


@dataclass(frozen=True, slots=True)
class PeakSettings:
    """Which of a window's local maxima are peaks, and how many peaks become keyframes.

    Attributes:
        height_ratio: a peak is at least this share of its window's highest value.
        distance_frames: and so many frames of the source from a higher one, however many are measured.
        max_keyframes: how many peaks are shown at most.
    """

    height_ratio: Annotated[float, Gt(0), Le(1)] = 0.4
    distance_frames: Annotated[int, Ge(1)] = 5
    max_keyframes: Annotated[int, Ge(1), Le(100)] = 12


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """How sound is measured, where a source has any.

    Attributes:
        enabled: whether it is measured.
        min_rise_db: a loud noise is at least so much above the noise floor, in dB; more where the sound
            varies much.
        changes: whether a change from one kind of sound to another of about the same level counts, too.
        speech: whether speech is marked.
        speech_counts: whether a window with speech is not quiet; None: with the profiles of meetings alone.
    """

    enabled: bool = True
    min_rise_db: MinRise = 10.0
    changes: bool = True
    speech: bool = True
    speech_counts: bool | None = None


@dataclass(frozen=True, slots=True)
class Areas:
    """Where motion counts.

    Attributes:
        regions: where there are any, only what lies in one counts.
        ignore: nothing counts in these.
    """

    regions: tuple[Polygon, ...] = ()
    ignore: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How one camera's windows are cut and measured.

    Attributes:
        window_s: length of a window.
        motion: how the signal is made.
        areas: where motion counts.
        peaks: which of its maxima are peaks.
        keyframe_px: longer side of the keyframes' pictures; None when no pictures are asked for.
        sound: how sound is measured.
    """

    window_s: float = 10.0
    motion: MotionSettings = MotionSettings()
    peaks: PeakSettings = PeakSettings()
    areas: Areas = Areas()
    keyframe_px: int | None = None
    sound: SoundSettings = SoundSettings()


def rectangle(x: float, y: float, w: float, h: float) -> Polygon:
    """Return the corners of a rectangle."""
    return ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
