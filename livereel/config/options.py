"""The configuration combined with the command line, as the packages' settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzer.describe.settings import DescribeKind
from analyzer.reel.settings import ExportFormat, Style
from analyzer.signal.settings import Areas, Polygon, WindowSettings, rectangle
from livereel.camera.settings import MOST_PX, CameraSettings
from livereel.config.schema import Config, UsageError
from sinks.web.settings import problems as web_problems

# With these profiles a window with speech is not quiet: it is what there is in a meeting.
_SPOKEN_PROFILES = frozenset({"meeting", "lecture"})


@dataclass(frozen=True, slots=True)
class Options:
    """A configuration with what the command line changes of it.

    Attributes:
        config, areas: the configuration, and where all cameras look in addition.
        length_s: how long a reel the command line asks for, whatever its source's length, if it does.
        exports: what a reel is written as besides.
    """

    config: Config
    areas: Areas = field(default_factory=Areas)
    length_s: float | None = None
    exports: tuple[ExportFormat, ...] = ()

    def with_describer(
        self,
        kind: DescribeKind | None,
        model: str | None = None,
        base_url: str | None = None,
        profile: str | None = None,
    ) -> Options:
        """Return these options with this describer; None leaves a value of the configuration.

        Raises UsageError for a profile that there is not, an address that is none, and for a model or its
        address where there is no model.
        """
        if profile is not None and profile not in self.config.describe.known_profiles:
            known = ", ".join(self.config.describe.known_profiles)
            raise UsageError(f"--profile {profile}: no such profile; there are {known}")
        asked = {"kind": kind, "model": model, "base_url": base_url, "profile": profile}
        describe = replace(self.config.describe, **{k: v for k, v in asked.items() if v is not None})  # type: ignore[arg-type]  # each of its own type
        for option, value in (("--model", model), ("--base-url", base_url)):
            if value is not None and describe.kind == "builtin":
                raise UsageError(f"{option} needs --describe openai or --describe vllm")
        if base_url is not None and not re.match(r"https?://[^/\s]", base_url):
            raise UsageError("--base-url: expected an address such as http://gpu-box:8000/v1")
        return replace(self, config=replace(self.config, describe=describe))

    def with_style(self, style: Style | None) -> Options:
        """Return these options with this style of reels; None leaves the configuration's."""
        reel = self.config.reel if style is None else replace(self.config.reel, style=style)
        return replace(self, config=replace(self.config, reel=reel))

    def with_reel(
        self, length_s: float | None = None, chapters: int | None = None, *, stamp: bool = False
    ) -> Options:
        """Return these options with reels of this length and number of chapters; None leaves either."""
        reel = self.config.reel
        if length_s is not None:
            reel = replace(reel, max_duration_s=length_s)
        if chapters is not None:
            reel = replace(reel, min_chapters=chapters, max_chapters=chapters)
        reel = replace(reel, stamp=stamp or reel.stamp)
        return replace(self, config=replace(self.config, reel=reel), length_s=length_s)

    def with_reel_every(self, every_s: float) -> Options:
        """Return these options with a live reel made this often."""
        reel = replace(self.config.reel, every_s=every_s)
        return replace(self, config=replace(self.config, reel=reel))

    def with_web(self, host: str | None, port: int | None, *, serve: bool) -> Options:
        """Return these options with the pages served here, or not at all; None leaves the configuration's.

        Raises UsageError for an address that needs a token, where there is none, and for an address or a port
        where no pages are served.
        """
        if not serve and (host is not None or port is not None):
            raise UsageError(f"--no-web and --{'port' if host is None else 'host'}: choose one")
        web = self.config.web
        web = replace(web, host=host or web.host, port=web.port if port is None else port)
        web = replace(web, enabled=web.enabled and serve)
        for key, problem in web_problems(web):
            raise UsageError(f"--host {web.host}: web.{key} {problem}; set it in the file of --config")
        return replace(self, config=replace(self.config, web=web))

    def for_camera(self, camera: CameraSettings) -> Options:
        """Return these options with the camera's regions and areas to ignore added, its sound and profile."""
        regions, ignore = camera.areas.regions, camera.areas.ignore
        describe = replace(self.config.describe, profile=camera.profile or self.config.describe.profile)
        config = replace(self.config, sound=camera.sound.of(self.config.sound), describe=describe)
        areas = Areas(self.areas.regions + regions, self.areas.ignore + ignore)
        return replace(self, config=config, areas=areas)

    def windows(self, *, pictures: bool) -> WindowSettings:
        """How windows are measured, with or without keyframes' pictures."""
        config, sound = self.config, self.config.sound
        if sound.speech_counts is None and config.describe.profile in _SPOKEN_PROFILES:
            sound = replace(sound, speech_counts=True)
        return WindowSettings(
            window_s=config.window_s,
            motion=config.motion,
            peaks=config.peaks,
            areas=self.areas,
            keyframe_px=config.describe.keyframe_px if pictures else None,
            sound=sound,
        )


def read_options(config: Path | None, regions: Sequence[str], ignore: Sequence[str]) -> Options:
    """Read the configuration file, if any; raises ConfigError, or UsageError for the rest."""
    read = Config()
    if config is not None:
        from livereel.config.file import load  # noqa: PLC0415  # without a file there is nothing to check

        read = load(config)
    return Options(read, Areas(_areas("--region", regions), _areas("--ignore", ignore)))


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
