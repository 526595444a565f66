"""The configuration combined with the command line, as the packages' settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.signal.motion import MotionSettings, Polygon, rectangle
from analyzer.signal.window import WindowSettings
from livereel.config.schema import MOST_PX, Area, CameraConfig, Config, DescribeKind, Style, UsageError

if TYPE_CHECKING:  # a scan makes no reel: its start is not to pay for what reels import
    from analyzer.reel.choose import ChooseRules
    from analyzer.reel.compile import ReelSettings


# The notebook measured every frame against the one before.
MAX_FPS = {"changed": 15.0, "notebook": None}


@dataclass(frozen=True, slots=True)
class Options:
    """A configuration with what the command line changes of it."""

    config: Config
    regions: tuple[Polygon, ...] = ()
    ignore: tuple[Polygon, ...] = ()

    def with_words(
        self,
        kind: DescribeKind | None,
        model: str | None = None,
        base_url: str | None = None,
        profile: str | None = None,
    ) -> Options:
        """Return these options with the words that were asked for; None leaves the configuration's."""
        asked = {"kind": kind, "model": model, "base_url": base_url, "profile": profile}
        describe = replace(self.config.describe, **{k: v for k, v in asked.items() if v is not None})  # type: ignore[arg-type]  # each of its own type
        return replace(self, config=replace(self.config, describe=describe))

    def with_style(self, style: Style | None) -> Options:
        """Return these options with this style of reels; None leaves the configuration's."""
        reel = self.config.reel if style is None else replace(self.config.reel, style=style)
        return replace(self, config=replace(self.config, reel=reel))

    def with_reel_every(self, every_s: float) -> Options:
        """Return these options with a live reel made this often."""
        reel = replace(self.config.reel, every_s=every_s)
        return replace(self, config=replace(self.config, reel=reel))

    def for_camera(self, camera: CameraConfig) -> Options:
        """Return these options with the camera's own places to look and not to look besides."""
        return replace(
            self,
            regions=self.regions + _polygons(camera.regions),
            ignore=self.ignore + _polygons(camera.ignore),
        )

    def windows(self, *, pictures: bool) -> WindowSettings:
        """How windows are measured, with or without keyframes' pictures."""
        config = self.config
        return WindowSettings(
            window_s=config.window_s,
            max_fps=config.motion.max_fps or MAX_FPS[config.motion.signal],
            motion=MotionSettings(
                signal=config.motion.signal,
                width_px=config.motion.width_px,
                height_px=config.motion.height_px,
                regions=self.regions,
                ignore=self.ignore,
            ),
            height_ratio=config.peaks.height_ratio,
            distance_frames=config.peaks.distance_frames,
            max_keyframes=config.peaks.max_keyframes,
            keyframe_px=config.describe.keyframe_px if pictures else None,
        )

    def rules(self) -> ChooseRules:
        """How many chapters a reel has."""
        from analyzer.reel.choose import ChooseRules  # noqa: PLC0415  # see above

        return ChooseRules(self.config.reel.min_chapters, self.config.reel.max_chapters)

    def reel(self, *, media_time: bool) -> ReelSettings:
        """How a reel looks."""
        from analyzer.reel.compile import ReelSettings  # noqa: PLC0415  # see above

        reel = self.config.reel
        return ReelSettings(reel.style, reel.hold_s, reel.max_early_s, media_time)


def read_options(config: Path | None, regions: Sequence[str], ignore: Sequence[str]) -> Options:
    """Read the configuration file, if any; raises ConfigError, or UsageError for the rest."""
    read = Config()
    if config is not None:
        from livereel.config.file import load  # noqa: PLC0415  # without a file there is nothing to check

        read = load(config)
    return Options(read, _areas("--region", regions), _areas("--ignore", ignore))


def _polygons(areas: Sequence[Area]) -> tuple[Polygon, ...]:
    return tuple(rectangle(*area) if isinstance(area[0], float) else area for area in areas)


def _areas(option: str, texts: Sequence[str]) -> tuple[Polygon, ...]:
    return tuple(_area(option, text) for text in texts)


def _area(option: str, text: str) -> Polygon:
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"{option} {text}: expected four whole numbers, X,Y,W,H") from error
    if width <= 0 or height <= 0 or x < 0 or y < 0:
        raise UsageError(f"{option} {text}: X and Y must not be negative, W and H must be more than 0")
    if max(x, y, width, height) > MOST_PX:
        raise UsageError(f"{option} {text}: no picture is so large")
    return rectangle(x, y, width, height)
