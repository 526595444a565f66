"""Read a YAML file; every mistake is named with its file, line and key, all of them at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from analyzer.reel.settings import OF_ALL_CAMERAS
from analyzer.transcribe.settings import problems as transcribe_problems
from livereel.camera.names import REQUESTED
from livereel.camera.settings import NAME, CameraSettings
from livereel.config.reader import Keys, Mistake, Reader
from livereel.config.schema import Config, ConfigError, UsageError
from livereel.reels.settings import problems as reel_problems
from sinks.mqtt.settings import problems as mqtt_problems
from sinks.notify.settings import problems as notify_problems
from sinks.web.settings import problems as web_problems
from stream.address import holds_key, is_stored, scheme

# Names of reels that no camera may have.
RESERVED = {OF_ALL_CAMERAS: "the reel over all cameras", REQUESTED: "the reels that are asked for"}
# How PyYAML begins to say what is wrong, and what to do.
_REMEDIES = {
    "found character '\\t'": "a line is indented with a tab: use spaces",
    "found character": "put a text that begins with @, `, % or | in quotes",
    "found undefined alias": "put a text that begins with * in quotes",
    "could not determine a constructor": "put a text that begins with ! in quotes",
    "mapping values are not allowed here": "put a text with ': ' in it in quotes, and align the lines",
    "expected <block end>": "align the lines: what belongs together begins in the same column",
    "expected ',' or": "in { } and [ ], a comma is missing, or the closing bracket",
    "found unexpected end of stream": "a quotation mark is not closed",
    "but found another document": "only one document: remove the line ---",
    "unacceptable character": "it holds a control character",
}


# An address, whose slashes a path has joined.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def load(path: Path) -> Config:
    """Read a configuration file; raises ConfigError as ``parse`` does, or where it cannot be read."""
    if _ADDRESS.match(str(path)):  # not shown: it may hold a password
        raise UsageError(
            "CONFIG is a file, not an address (livereel init home.yaml --source ADDRESS writes one;"
            " livereel watch ADDRESS needs none)"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file (livereel watch plays a video)"
        hint = f" (livereel init {path} writes it)" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError(f"{path}: {reason}{hint}") from error
    return parse(path, text)


def parse(path: Path, text: str) -> Config:
    """Read the text of the file ``path``; raises ConfigError that names each mistake, in the file's order.

    ``${NAME}`` in a value is taken from the environment.
    """
    root, values = _yaml(path, text)
    if values is None:
        return Config()
    if not isinstance(values, dict):
        raise ConfigError(f"{path}:1: expected options as 'key: value' lines, such as window_s: 10")
    reader = Reader(Config)
    lines, mistakes = _lines_once(path, root)
    config = reader.read(Config, values)
    mistakes += reader.mistakes
    mistakes += _more_mistakes(config, {mistake.keys[:depth] for mistake in mistakes for depth in (1, 2)})
    if mistakes:
        raise ConfigError(*_written(path, mistakes, lines))
    return config


def changed(config: Config, values: Mapping[str, Any]) -> Config:
    """Return a configuration with other values, nested as in a file; raises ConfigError as ``parse`` does."""
    reader = Reader(Config)
    config = reader.read(Config, values, base=config)
    mistakes = reader.mistakes
    mistakes += _more_mistakes(config, {mistake.keys[:depth] for mistake in mistakes for depth in (1, 2)})
    if mistakes:
        raise ConfigError(*(f"{_named(mistake.keys)}: {mistake.problem}" for mistake in mistakes))
    return config


def _yaml(path: Path, text: str) -> tuple[yaml.Node | None, Any]:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except RecursionError as error:
        raise ConfigError(f"{path}: not YAML: nested too deeply") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_place(error, text)}: not YAML: {_remedy(error)}") from error


def _place(error: yaml.YAMLError, text: str) -> str:
    """Return the line of what is not YAML, as in ``:3``; "" where it is not known."""
    if isinstance(error, yaml.reader.ReaderError):
        return f":{text.count(chr(10), 0, error.position) + 1}"
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _remedy(error: yaml.YAMLError) -> str:
    problem = " ".join(str(getattr(error, "problem", error)).split())
    return next((remedy for begin, remedy in _REMEDIES.items() if problem.startswith(begin)), problem)


def _more_mistakes(config: Config, wrong: set[Keys]) -> Iterator[Mistake]:
    """Yield what no single value's bounds can say; of a sink or a reel nothing where a value of its is wrong.

    ``wrong`` are the sections, and the items of lists, in which mistakes were found.
    """
    names = [camera.name for camera in config.cameras]
    profiles = config.describe.known_profiles
    yield from _profile_mistakes(config.describe.profile, profiles, ("describe", "profile"))
    for index, camera in enumerate(config.cameras):
        keys: Keys = ("cameras", index)
        yield from _camera_mistakes(camera, names[:index], keys)
        yield from _profile_mistakes(camera.profile, profiles, (*keys, "profile"))
    for mistake in _reel_mistakes(config, names):
        if mistake.keys[:2] not in wrong:
            yield mistake
    of_sections = {
        "transcribe": transcribe_problems(config.transcribe),
        "mqtt": mqtt_problems(config.mqtt),
        "web": web_problems(config.web),
    }
    for section, problems in of_sections.items():
        if (section,) not in wrong:
            yield from (Mistake((section, key), problem) for key, problem in problems)
    if config.store is not None:
        yield from _store_mistakes(config.store)
    if ("notify",) not in wrong:
        for index, service in enumerate(config.notify):
            problems = notify_problems(service, names, _reel_names(config))
            yield from (Mistake(("notify", index, key), problem) for key, problem in problems)


def _store_mistakes(address: str) -> Iterator[Mistake]:
    if not is_stored(address):
        yield Mistake(("store",), "expected a folder of an object store, such as s3://my-bucket/livereel")
    elif holds_key(address):
        yield Mistake(("store",), "holds a key: set it in the environment or in the store's own files")


def _camera_mistakes(camera: CameraSettings, before: list[str], keys: Keys) -> Iterator[Mistake]:
    name = camera.name
    if name and not re.fullmatch(NAME, name):
        yield Mistake((*keys, "name"), "expected at most 64 letters, digits, - and _, such as front-door")
    if name in RESERVED:
        yield Mistake((*keys, "name"), f"{name} is the name of {RESERVED[name]}; choose another")
    if name and name in before:
        yield Mistake((*keys, "name"), f"there are two cameras {name}; choose another name")
    if camera.poll_s is not None and camera.source and scheme(camera.source) not in {"http", "https"}:
        yield Mistake((*keys, "poll_s"), "is for a picture at an http:// or https:// address")


def _reel_names(config: Config) -> list[str]:
    """Return the names of the reels of a run, and that of those on demand."""
    rolling = [*(camera.name for camera in config.cameras), OF_ALL_CAMERAS]
    return [*([reel.name for reel in config.reels] or rolling), REQUESTED]


def _reel_mistakes(config: Config, cameras: list[str]) -> Iterator[Mistake]:
    """Without cameras in the file, which come from the command line then, theirs cannot be checked yet."""
    known = cameras or [name for reel in config.reels for name in reel.cameras]
    for number, key, problem in reel_problems(config.reels, config.reel, known):
        yield Mistake(("reels", number, *([key] if key else [])), problem)
    for number, reel in enumerate(config.reels):
        yield from _profile_mistakes(
            reel.profile, config.describe.known_profiles, ("reels", number, "profile")
        )


def _profile_mistakes(profile: str | None, known: Collection[str], keys: Keys) -> Iterator[Mistake]:
    if profile is not None and profile not in known:
        yield Mistake(keys, f"no such profile; there are {', '.join(known)}")


def _lines_once(path: Path, root: yaml.Node | None) -> tuple[dict[Keys, int], list[Mistake]]:
    """Return the line of each key, and a mistake for each key that would replace an earlier one."""
    lines: dict[Keys, int] = {}
    twice: list[Mistake] = []
    try:
        for keys, line in _lines(root, ()):
            if keys in lines:
                twice.append(Mistake(keys, f"is there already, in line {lines[keys]}"))
            lines[keys] = line
    except RecursionError as error:
        raise ConfigError(f"{path}: an alias in it refers to itself") from error
    return lines, twice


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


def _written(path: Path, mistakes: list[Mistake], lines: dict[Keys, int]) -> list[str]:
    """Return a line for each mistake, in the order of the file; of one line the unknown options first."""
    placed = [(_line(mistake.keys, lines), mistake) for mistake in mistakes]
    placed.sort(key=lambda it: (it[0], not it[1].is_unknown))
    return [f"{path}:{line}: {_named(mistake.keys)}: {mistake.problem}" for line, mistake in placed]


def _line(keys: Keys, lines: dict[Keys, int]) -> int:
    """Return the line of a key; of an absent one that of the nearest section that is there."""
    return next((lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in lines), 1)


def _named(keys: Keys) -> str:
    names = (f"[{key}]" if isinstance(key, int) else f".{_printable(key)}" for key in keys)
    return "".join(names).removeprefix(".")


def _printable(key: str) -> str:
    """Return a key as one line."""
    return key if key.isprintable() else repr(key)
