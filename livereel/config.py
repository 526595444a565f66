"""The configuration: every option with its default, its unit in its name, and its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MinLen

NAME = r"^[A-Za-z0-9_-]{1,64}$"
"""What a camera may be called: its name becomes part of files' names and of topics."""

Point = tuple[Annotated[float, Ge(0)], Annotated[float, Ge(0)]]
Rectangle = tuple[
    Annotated[float, Ge(0)], Annotated[float, Ge(0)], Annotated[float, Gt(0)], Annotated[float, Gt(0)]
]
Area = Rectangle | Annotated[tuple[Point, ...], MinLen(3)]
"""``[x, y, width, height]``, or a polygon's corners ``[[x, y], ...]``; source pixels."""


DescribeKind = Literal["builtin"]
Style = Literal["clips", "keyframes"]


class ConfigError(Exception):
    """A configuration cannot be used; the message names file, line and key."""


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One camera: where it is, and where to look."""

    name: str
    source: Annotated[str, MinLen(1)]
    regions: tuple[Area, ...] = ()
    ignore: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class MotionConfig:
    """How the signal is made from two frames."""

    signal: Literal["changed", "notebook"] = "changed"
    width_px: Annotated[int, Ge(64), Le(4096)] = 400
    height_px: Annotated[int, Ge(48), Le(4096)] = 300


@dataclass(frozen=True, slots=True)
class PeaksConfig:
    """Which of a window's peaks are found and kept."""

    height_ratio: Annotated[float, Gt(0), Le(1)] = 0.4
    distance_frames: Annotated[int, Ge(1)] = 5
    max_keyframes: Annotated[int, Ge(1), Le(100)] = 12


@dataclass(frozen=True, slots=True)
class DescribeConfig:
    """Who puts windows into words."""

    kind: DescribeKind = "builtin"
    keyframe_px: Annotated[int, Ge(64), Le(4096)] = 640


@dataclass(frozen=True, slots=True)
class ReelConfig:
    """What a reel holds, and when it is made."""

    every_s: Annotated[float, Ge(5)] = 60.0
    horizon_s: Annotated[float, Ge(10)] = 3600.0
    min_chapters: Annotated[int, Ge(1)] = 7
    max_chapters: Annotated[int, Ge(1)] = 10
    style: Style = "clips"
    hold_s: Annotated[float, Gt(0), Le(60)] = 0.4
    max_early_s: Annotated[float, Ge(0)] = 1.0


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """How much is kept."""

    max_age_h: Annotated[float, Gt(0)] = 168.0
    max_bytes: Annotated[int, Gt(0)] = 20_000_000_000
    min_free_bytes: Annotated[int, Ge(0)] = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """All of it. ``livereel.load`` reads it from a file and holds it to the bounds."""

    data: Path = Path("livereel-data")
    cameras: tuple[CameraConfig, ...] = ()
    window_s: Annotated[float, Ge(1), Le(600)] = 10.0
    motion: MotionConfig = MotionConfig()
    peaks: PeaksConfig = PeaksConfig()
    describe: DescribeConfig = DescribeConfig()
    reel: ReelConfig = ReelConfig()
    retention: RetentionConfig = RetentionConfig()
