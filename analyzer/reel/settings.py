"""The settings of reels, with their bounds; light to import: the configuration embeds them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

Style = Literal["clips", "keyframes"]

OF_ALL_CAMERAS = "all"
"""The name of the reel over all cameras; no camera has it."""


class ExportFormat(StrEnum):
    """What a reel is written as."""

    OTIO = "otio"
    EDL = "edl"
    CSV = "csv"
    ZIP = "zip"

    @property
    def file_name(self) -> str:
        """The file's name in a reel's folder."""
        return "clips.zip" if self is ExportFormat.ZIP else f"reel.{self.value}"


@dataclass(frozen=True, slots=True)
class ReelSettings:
    """What a reel holds, how it looks, and when it is made.

    Attributes:
        every_s: live, a reel is made this often when there is a new moment.
        horizon_s: live, how far a reel looks back.
        min_chapters, max_chapters: how many chapters there are; fewer only where there are fewer moments.
        style: ``clips`` shows moving pictures around the peaks, ``keyframes`` the peaks' pictures.
        hold_s: how long ``keyframes`` shows each picture.
        max_early_s: how much earlier than wanted a part of a chapter may start so that it can be copied.
        max_duration_s: no reel is longer; chapters are shortened around their peaks before any is left out.
        stamp: camera and time are written into a corner of the picture, for which the reel is re-encoded.

    Raises:
        ValueError: unless 1 <= min_chapters <= max_chapters.
    """

    every_s: Annotated[float, Ge(5)] = 60.0
    horizon_s: Annotated[float, Ge(10)] = 3600.0
    min_chapters: Annotated[int, Ge(1)] = 7
    max_chapters: Annotated[int, Ge(1)] = 10
    style: Style = "clips"
    hold_s: Annotated[float, Gt(0), Le(60)] = 0.4
    max_early_s: Annotated[float, Ge(0)] = 1.0
    max_duration_s: Annotated[float, Ge(2)] = 90.0
    stamp: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.min_chapters <= self.max_chapters:
            raise ValueError(
                f"min_chapters ({self.min_chapters}) must be at least 1 and at most "
                f"max_chapters ({self.max_chapters})"
            )
