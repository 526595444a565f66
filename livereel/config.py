"""The configuration: every option with its default, read from YAML and checked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class ConfigError(Exception):
    """A configuration cannot be used; the message names file, line and key."""


Point = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]
Rectangle = tuple[
    Annotated[float, Field(ge=0)],
    Annotated[float, Field(ge=0)],
    Annotated[float, Field(gt=0)],
    Annotated[float, Field(gt=0)],
]
Area = Rectangle | Annotated[tuple[Point, ...], Field(min_length=3)]
"""``[x, y, width, height]``, or a polygon's corners ``[[x, y], ...]``; source pixels."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CameraConfig(_Section):
    """One camera: where it is, and where to look."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    source: Annotated[str, Field(min_length=1)]
    regions: tuple[Area, ...] = ()
    ignore: tuple[Area, ...] = ()

    @field_validator("name")
    @classmethod
    def _not_all(cls, name: str) -> str:
        if name == "all":
            raise ValueError("is the reel over all cameras: choose another")
        return name


class MotionConfig(_Section):
    """How the signal is made from two frames."""

    signal: Literal["changed", "notebook"] = "changed"
    width_px: Annotated[int, Field(ge=64, le=4096)] = 400
    height_px: Annotated[int, Field(ge=48, le=4096)] = 300


class PeaksConfig(_Section):
    """Which of a window's peaks are found and kept."""

    height_ratio: Annotated[float, Field(gt=0, le=1)] = 0.4
    distance_frames: Annotated[int, Field(ge=1)] = 5
    max_keyframes: Annotated[int, Field(ge=1, le=100)] = 12


class DescribeConfig(_Section):
    """Who puts windows into words."""

    kind: Literal["builtin"] = "builtin"
    keyframe_px: Annotated[int, Field(ge=64, le=4096)] = 640


class ReelConfig(_Section):
    """What a reel holds, and when it is made."""

    every_s: Annotated[float, Field(ge=5)] = 60.0
    horizon_s: Annotated[float, Field(ge=10)] = 3600.0
    min_chapters: Annotated[int, Field(ge=1)] = 7
    max_chapters: Annotated[int, Field(ge=1)] = 10
    style: Literal["clips", "keyframes"] = "clips"
    hold_s: Annotated[float, Field(gt=0, le=60)] = 0.4
    max_early_s: Annotated[float, Field(ge=0)] = 1.0


class RetentionConfig(_Section):
    """How much is kept."""

    max_age_h: Annotated[float, Field(gt=0)] = 168.0
    max_bytes: Annotated[int, Field(gt=0)] = 20_000_000_000
    min_free_bytes: Annotated[int, Field(ge=0)] = 2_000_000_000


class Config(_Section):
    """All of it; frozen."""

    data: Path = Path("livereel-data")
    cameras: tuple[CameraConfig, ...] = ()
    window_s: Annotated[float, Field(ge=1, le=600)] = 10.0
    motion: MotionConfig = MotionConfig()
    peaks: PeaksConfig = PeaksConfig()
    describe: DescribeConfig = DescribeConfig()
    reel: ReelConfig = ReelConfig()
    retention: RetentionConfig = RetentionConfig()

    @field_validator("cameras")
    @classmethod
    def _own_names(cls, cameras: tuple[CameraConfig, ...]) -> tuple[CameraConfig, ...]:
        names = [camera.name for camera in cameras]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two cameras are named {twice[0]}")
        return cameras


def load(path: Path) -> Config:
    """Read a configuration file; raises ConfigError with one clear line.

    ``${NAME}`` in a value is taken from the environment; unknown keys are errors.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: not YAML: {getattr(error, 'problem', error)}") from error
    if values is None:
        return Config()
    lines = dict(_lines(root, ()))
    if not isinstance(values, dict):
        raise ConfigError(f"{path}:1: expected options as 'key: value' lines")
    try:
        return Config.model_validate(_expanded(values, (), path, lines))
    except ValidationError as error:
        first = error.errors()[0]
        keys = tuple(first["loc"])
        raise ConfigError(f"{_place(path, keys, lines)}: {_plain(first['type'], first['msg'])}") from error


def _lines(node: yaml.Node | None, keys: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Yield the line, from 1, at which each key or list item stands."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*keys, key.value), key.start_mark.line + 1
            yield from _lines(value, (*keys, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*keys, index), value.start_mark.line + 1
            yield from _lines(value, (*keys, index))


def _expanded(value: Any, keys: tuple[Any, ...], path: Path, lines: dict[tuple[Any, ...], int]) -> Any:
    if isinstance(value, dict):
        return {key: _expanded(item, (*keys, key), path, lines) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item, (*keys, index), path, lines) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _REFERENCE.findall(value):
        if name not in os.environ:
            raise ConfigError(f"{_place(path, keys, lines)}: the environment has no {name}")
    return _REFERENCE.sub(lambda match: os.environ[match[1]], value)


def _place(path: Path, keys: tuple[Any, ...], lines: dict[tuple[Any, ...], int]) -> str:
    """Name file, line and key; an absent key takes the line of the nearest section that is there."""
    known = next((keys[:n] for n in range(len(keys), 0, -1) if keys[:n] in lines), None)
    line = f":{lines[known]}" if known else ""
    return f"{path}{line}: {'.'.join(str(key) for key in keys)}"


def _plain(kind: str, message: str) -> str:
    return "no such option" if kind == "extra_forbidden" else message[:1].lower() + message[1:]
