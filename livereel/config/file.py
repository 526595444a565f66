"""Read a YAML file; every mistake is named with its file, line and key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from livereel.camera.settings import NAME, CameraSettings
from livereel.config.schema import Config, ConfigError
from sinks.mqtt.settings import problems as mqtt_problems
from stream.address import scheme

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _refuses_unknown_keys(section: type) -> None:
    """Have pydantic treat a key that a section does not know as a mistake, there and in its sections.

    Nor is there any option to which infinity, or what is no number, would mean something.
    """
    with_config(ConfigDict(extra="forbid", allow_inf_nan=False))(section)
    for hint in get_type_hints(section).values():
        for kind in (hint, *get_args(hint)):
            if is_dataclass(kind) and isinstance(kind, type):
                _refuses_unknown_keys(kind)


_refuses_unknown_keys(Config)
_CONFIG = TypeAdapter(Config)

Keys = tuple[str | int, ...]
"""Where a value stands: ``("cameras", 0, "name")``."""


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
    if not isinstance(values, dict):
        raise ConfigError(f"{path}:1: expected options as 'key: value' lines")
    lines = _lines_once(path, root)
    try:
        config = _CONFIG.validate_python(_expanded(values, (), path, lines))
    except ValidationError as error:
        first = error.errors()[0]
        place = _place(path, tuple(first["loc"]), lines)
        raise ConfigError(f"{place}: {_plain(first['type'], first['msg'])}") from error
    for keys, problem in _problems(config):
        raise ConfigError(f"{_place(path, keys, lines)}: {problem}")
    return config


def _problems(config: Config) -> Iterator[tuple[Keys, str]]:
    """Yield what no single value's bounds can say, and where."""
    names = [camera.name for camera in config.cameras]
    for index, name in enumerate(names):
        keys: Keys = ("cameras", index, "name")
        if not re.fullmatch(NAME, name):
            yield keys, "only letters, digits, - and _, at most 64 of them"
        if name == "all":
            yield keys, "is the name of the reel over all cameras; choose another"
        if name in names[:index]:
            yield keys, f"there are two cameras {name}"
        if config.cameras[index].poll_s is not None:
            yield from _polling_problems(config.cameras[index], index)
    for key, problem in mqtt_problems(config.mqtt):
        yield ("mqtt", key), problem


def _polling_problems(camera: CameraSettings, index: int) -> Iterator[tuple[Keys, str]]:
    keys: Keys = ("cameras", index, "poll_s")
    if scheme(camera.source) not in {"http", "https"}:
        yield keys, "is for a picture at an http:// or https:// address"


def _lines_once(path: Path, root: yaml.Node | None) -> dict[Keys, int]:
    """Return the line of each key; a key that is there twice would silently lose its first value."""
    lines: dict[Keys, int] = {}
    try:
        for keys, line in _lines(root, ()):
            if keys in lines:
                named = ".".join(map(str, keys))
                raise ConfigError(f"{path}:{line}: {named}: is there already, in line {lines[keys]}")
            lines[keys] = line
    except RecursionError as error:
        raise ConfigError(f"{path}: an alias in it refers to itself") from error
    return lines


def _lines(node: yaml.Node | None, keys: Keys) -> Iterator[tuple[Keys, int]]:
    """Yield the line, from 1, at which each key or list item stands."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*keys, key.value), key.start_mark.line + 1
            yield from _lines(value, (*keys, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*keys, index), value.start_mark.line + 1
            yield from _lines(value, (*keys, index))


def _expanded(value: Any, keys: Keys, path: Path, lines: dict[Keys, int]) -> Any:
    if isinstance(value, dict):
        # No option is a number: one becomes a name, and then is refused as any other.
        return {str(key): _expanded(item, (*keys, key), path, lines) for key, item in value.items()}
    if isinstance(value, list):
        return [_expanded(item, (*keys, index), path, lines) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _REFERENCE.findall(value):
        if name not in os.environ:
            raise ConfigError(f"{_place(path, keys, lines)}: the environment has no {name}")
    return _REFERENCE.sub(lambda match: os.environ[match[1]], value)


def _place(path: Path, keys: Keys, lines: dict[Keys, int]) -> str:
    """Name file, line and key; an absent key takes the line of the nearest section that is there."""
    known = next((keys[:n] for n in range(len(keys), 0, -1) if keys[:n] in lines), ())
    # What pydantic adds behind a value that is there names its own types, not the user's keys.
    shown = keys if known == keys[:-1] and isinstance(keys[-1], str) else known or keys
    line = f":{lines[known]}" if known else ""
    return f"{path}{line}: {'.'.join(map(str, shown))}"


def _plain(kind: str, message: str) -> str:
    if kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        return "no such option"
    return message[:1].lower() + message[1:]
