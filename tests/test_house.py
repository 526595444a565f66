"""The house's own rules: which way imports run, what the sample configuration says, what the README names."""

from __future__ import annotations

import ast
import dataclasses
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from livereel.camera.settings import CameraSettings
from livereel.cli.main import app
from livereel.config.file import load
from livereel.config.schema import Config

ROOT = Path(__file__).resolve().parents[1]
ROOMS = [
    "base",
    "synthetic",
    "stream",
    "analyzer",
    "sinks",
    "livereel",
]  # each imports itself and those before it
CONFIG = ROOT / "config.yaml"

# What product code may import besides itself and Python's own; the rest is for tests and benchmarks.
LIBRARIES = {
    "annotated_types", "av", "cv2", "imageio", "jinja2", "numpy", "paho", "PIL", "pydantic",
    "rich", "sqlalchemy", "typer", "yaml",
}  # fmt: skip
MODEL_LIBRARIES = {"openai", "qwen_vl_utils", "torch", "transformers", "vllm"}


def modules() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imported(module: Path) -> Iterator[str]:
    """Every module that this one names, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports name their whole path"
            yield node.module or ""


def test_the_rooms_are_all_there_is() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == {*ROOMS, "tests"}


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(ROOT)))
def test_imports_run_one_way_and_name_only_what_is_installed(module: Path) -> None:
    room = module.relative_to(ROOT).parts[0]
    allowed = {*ROOMS[: ROOMS.index(room) + 1], *LIBRARIES, *sys.stdlib_module_names}
    if room == "analyzer":
        allowed |= MODEL_LIBRARIES
    found = {name.partition(".")[0] for name in imported(module)}
    assert found <= allowed, found - allowed


def test_one_place_names_the_commands() -> None:
    """Only the program's own room knows the command line's library."""
    users = {path.relative_to(ROOT).parts[0] for path in modules() if "typer" in set(imported(path))}
    assert users == {"livereel"}


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(ROOT)))
def test_no_module_names_an_absolute_path_of_a_machine(module: Path) -> None:
    texts = [
        node.value
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = [
        text for text in texts if re.search(r"(^|[\s\"'=(])/(home|work|tmp|root|Users|var|opt|mnt)\b", text)
    ]
    assert not named


def test_the_sample_configuration_is_the_default() -> None:
    assert load(CONFIG) == Config()


def keys_of(kind: type) -> dict[str, Any]:
    """A section's options as nested names, as its record has them."""
    hints = get_type_hints(kind)
    return {
        field.name: keys_of(hints[field.name]) if is_dataclass(hints[field.name]) else None
        for field in dataclasses.fields(kind)
    }


def named_in(node: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {
        name: named_in(node[name], inner) if isinstance(inner, dict) else None
        for name, inner in known.items()
        if isinstance(node, dict) and name in node
    }


def test_the_sample_configuration_names_every_option() -> None:
    known = keys_of(Config)
    assert named_in(yaml.safe_load(CONFIG.read_text()), known) == known


def test_the_sample_configuration_describes_every_option_of_a_camera() -> None:
    shown = {match[1] for match in re.finditer(r"^#[ -]+(\w+):", CONFIG.read_text(), re.MULTILINE)}
    assert shown == {field.name for field in dataclasses.fields(CameraSettings)}


def test_every_option_has_its_comment() -> None:
    """On its line, or above a group that belongs together."""
    spoken_for, bare = False, []
    for number, line in enumerate(CONFIG.read_text().splitlines(), 1):
        if not line.strip() or re.fullmatch(r"\w+:", line):
            spoken_for = False  # another group begins
        elif re.match(r" *#", line):
            spoken_for = True
        elif not line.endswith(":") and "#" not in line and not spoken_for:
            bare.append((number, line.strip()))
    assert not bare


def test_defaults_survive_a_round_trip_through_yaml(tmp_path: Path) -> None:
    """What is told of a running configuration can be given back."""
    file = tmp_path / "config.yaml"
    values = asdict(Config())
    file.write_text(yaml.safe_dump({**values, "data": str(values["data"]), "cameras": []}))
    assert load(file) == Config()


def test_every_library_is_declared() -> None:
    """A library that only comes with another would go with it."""
    declared = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[0]
    distributions = {
        "annotated_types": "annotated-types", "cv2": "opencv-python-headless", "paho": "paho-mqtt",
        "PIL": "pillow", "yaml": "pyyaml",
    }  # fmt: skip
    used = {name.partition(".")[0] for module in modules() for name in imported(module)} & LIBRARIES
    missing = {name for name in used if f'"{distributions.get(name, name)}' not in declared}
    assert not missing


def test_the_readme_names_each_command() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        assert f"livereel {name}" in readme, name


def test_no_document_describes_how_the_project_was_made() -> None:
    """Documents speak to users and developers, not of the work that made them."""
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), CONFIG]:
        text = document.read_text(encoding="utf-8")
        assert not re.search(r"(^|[\s\"'=(])/(home|work|tmp|root|Users)/", text), document
        assert "../shared" not in text, document


# Words that this code once used in place of the field's terms; see the glossary in ARCHITECTURE.md.
BANNED = {
    "apart", "attendance", "beside", "courier", "dress", "glimpse", "journal", "leftover", "leftovers",
    "letter", "letters", "manners", "news", "nobody", "press", "somebody", "stirring", "stock",
    "suspect", "tally", "tell", "tellings", "tells", "told", "untold", "wish", "wished",
}  # fmt: skip


def names_in(module: Path) -> Iterator[str]:
    """The module's name and those of its classes and functions."""
    yield module.stem
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(ROOT)))
def test_names_are_the_terms_of_the_field(module: Path) -> None:
    words = {
        word.lower()
        for name in names_in(module)
        for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    }
    if module.stem == "write_guard":
        words -= {"tell"}  # a file object has it
    assert not words & BANNED
