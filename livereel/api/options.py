"""Keyword arguments as a configuration: named, bounded and explained as in the configuration file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livereel.camera.settings import CameraSettings
from livereel.config.file import changed, load
from livereel.config.options import Options
from livereel.config.reader import Reader
from livereel.config.schema import Config, ConfigError, UsageError

Section = Mapping[str, Any]
"""Options of one section of the configuration, by name: ``{"max_keyframes": 6}``."""

Configured = str | Path | Config | Section | None
"""A configuration: its file, its record, or its sections by name."""

Area = Sequence[float] | Sequence[Sequence[float]]
"""``(x, y, width, height)``, or a polygon's corners; pixels of the picture as shown."""


def read_options(
    config: Configured,
    sections: Section,
    *,
    regions: Sequence[Area] = (),
    ignore: Sequence[Area] = (),
) -> Options:
    """Return a configuration with what was given of some sections; None leaves one as it is.

    Raises ConfigError, with a line for each mistake.
    """
    read = _read(config)
    given = {name: _plain(value) for name, value in sections.items() if value is not None}
    camera = _camera({"regions": _plain(regions), "ignore": _plain(ignore)})
    return Options(changed(read, given), camera.areas)


def _read(config: Configured) -> Config:
    if config is None:
        return Config()
    if isinstance(config, Config):
        return config
    if isinstance(config, Mapping):
        return changed(Config(), _plain(config))
    return load(Path(config))


def _camera(areas: Section) -> CameraSettings:
    reader = Reader(CameraSettings)
    camera = reader.read(CameraSettings, {"name": "camera", "source": "source", **areas})
    if reader.mistakes:
        first = reader.mistakes[0]
        raise ConfigError(f"{first.keys[0]}: {first.problem}")
    return camera


def _plain(value: Any) -> Any:
    """Return a value as a file would have it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def one_or_more(sources: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """Return addresses as a tuple, of one or of several; raises UsageError where there is none."""
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    if not given:
        raise UsageError("sources: there are none")
    return tuple(map(str, given))
