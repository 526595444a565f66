"""The documents are true: commands parse, configurations load, links resolve, and nothing is left out."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer

from analyzer.describe.model.profiles import PROFILES
from analyzer.reel.records import GapReason
from analyzer.signal.window import Outcome
from livereel.camera.settings import CameraSettings
from livereel.cli.commands import app
from livereel.config.file import load
from livereel.config.schema import Config
from sinks.events import CameraStatus
from sinks.notify.settings import NotifySettings
from tests.kit.program.documents import (
    DOCS,
    FOR_USERS,
    INLINE,
    LINK,
    README,
    ROOT,
    Quoted,
    anchors,
    code_lines,
    commands,
    configurations,
    links,
    name_of,
    names,
    prose,
    section,
    table,
)

PRODUCT = ("base", "stream", "analyzer", "sinks", "livereel")

OPTION = re.compile(r"--[a-z][a-z-]*|(?<![\w-])-[a-z]\b")
UNIT = re.compile(r"[a-z]+(?:_[a-z]+)*_(?:s|h|px|fps|bytes)")
MOST_RECIPE_LINES = 15

ARCHITECTURE = ROOT / "ARCHITECTURE.md"
COMMANDS = DOCS / "commands.md"
RECIPES = DOCS / "recipes.md"
GLOSSARY = DOCS / "glossary.md"
INSTALL = DOCS / "install.md"
TROUBLESHOOTING = DOCS / "troubleshooting.md"


def livereel_group() -> typer.core.TyperGroup:
    """The command line, with its commands."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return group


def options_of(parameters: Sequence[Any]) -> set[str]:
    """The options among a command's parameters, in all their forms; ``--help`` is every command's."""
    named = (parameter for parameter in parameters if parameter.param_type_name == "option")
    return {"--help", "-h"}.union(*({*option.opts, *option.secondary_opts} for option in named))


def config_keys(kind: type, before: str = "") -> Iterator[str]:
    """Every option as a dotted name, sections too."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        yield before + field.name
        if dataclasses.is_dataclass(hints[field.name]) and isinstance(hints[field.name], type):
            yield from config_keys(hints[field.name], f"{before}{field.name}.")


KEYS = set(config_keys(Config))
SECTIONS = {key.partition(".")[0] for key in KEYS if "." in key}


def properties(schema: Any) -> Iterator[str]:
    """The names of all members that a JSON schema knows."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


def keys_named_in(document: Path) -> Iterator[str]:
    """What a document's inline code names as an option: dotted with its section."""
    for code in INLINE.findall(prose(document)):
        key = code.partition(":")[0]
        is_file = key.rpartition(".")[2] in {"json", "mp4", "html", "otio", "edl", "csv"}
        if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", key) and key.partition(".")[0] in SECTIONS and not is_file:
            yield key


@cache
def product_texts() -> str:
    """Every text in the product's code, a line each; of one with values in it, the pieces between them."""
    modules = (module for room in PRODUCT for module in (ROOT / room).rglob("*.py"))
    return "\n".join(
        node.value
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def messages() -> list[str]:
    """What troubleshooting quotes of the program."""
    rows = re.findall(r"^\| (.*?) \|", TROUBLESHOOTING.read_text(encoding="utf-8"), re.MULTILINE)
    quoted = [message for row in rows for message in INLINE.findall(row)]
    return [message for message in quoted if message not in KEYS]


@pytest.mark.parametrize("block", configurations(), ids=names(configurations()))
def test_every_configuration_loads(block: Quoted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in re.findall(r"\$\{(\w+)\}", block.text):
        monkeypatch.setenv(variable, "json://" + "x" * 32)  # a token, or an address
    file = tmp_path / "config.yaml"
    file.write_text(block.text, encoding="utf-8")
    assert load(file) != Config()


def test_a_recipe_is_short() -> None:
    lengths = [
        len(block.text.splitlines()) for block in configurations() if block.document == name_of(RECIPES)
    ]
    assert lengths
    assert max(lengths) <= MOST_RECIPE_LINES


@pytest.mark.parametrize("command", commands(), ids=names(commands()))
def test_every_command_parses(command: Quoted) -> None:
    lexer = shlex.shlex(command.text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|&;<>()"):
            break
        words.append(word)
    group = livereel_group()
    if words[0].startswith("-"):  # not parsed: some of livereel's own options act at once
        assert set(words) <= options_of(group.params)
        return
    context = group.make_context("livereel", list(words))
    _, chosen, rest = group.resolve_command(context, words)
    assert chosen is not None
    if rest or command.text.strip() != words[0]:  # a command's bare name is a mention of it
        chosen.make_context(words[0], rest, parent=context)


@pytest.mark.parametrize(("document", "target"), links(), ids=lambda value: getattr(value, "name", value))
def test_every_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    assert file.exists()
    assert not anchor or anchor in anchors(file)


@pytest.mark.parametrize("document", FOR_USERS, ids=name_of)
def test_every_option_that_is_named_exists(document: Path) -> None:
    assert set(keys_named_in(document)) <= KEYS
    members = {
        name
        for file in (DOCS / "schemas").glob("*.json")
        for name in properties(json.loads(file.read_text()))
    }
    known = (
        {key.rpartition(".")[2] for key in KEYS}
        | {field.name for kind in (CameraSettings, NotifySettings) for field in dataclasses.fields(kind)}
        | members
    )
    units = {code for code in INLINE.findall(prose(document)) if UNIT.fullmatch(code)}
    assert units <= known


@pytest.mark.parametrize("document", FOR_USERS, ids=name_of)
def test_every_file_and_target_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path in re.findall(r"(?<![\w/.])(?:bench|tests|docs)/[\w/]+\.\w+", text):
        assert (ROOT / path).exists(), path
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {line.split()[1] for line in code_lines(document) if line.startswith("make ")} <= targets


def modules_named_in(document: Path) -> set[str]:
    """What inline code names as a module or a package: the end of its path, as ``camera/worker``."""
    codes = (code.removesuffix(".py") for code in INLINE.findall(prose(document)))
    return {code for code in codes if re.fullmatch(r"(?!tests/)[a-z_]+(/[a-z_]+)+", code)}


def members() -> set[str]:
    """Every method of the product, as ``Class.method``."""
    return {
        f"{it.name}.{member.name}"
        for room in PRODUCT
        for module in (ROOT / room).rglob("*.py")
        for it in ast.parse(module.read_text(encoding="utf-8")).body
        if isinstance(it, ast.ClassDef)
        for member in it.body
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_module_that_the_architecture_names_exists() -> None:
    paths = [path.relative_to(ROOT).with_suffix("") for room in PRODUCT for path in (ROOT / room).rglob("*")]
    known = {"/".join(path.parts[-n:]) for path in paths for n in range(1, len(path.parts) + 1)}
    named = modules_named_in(ARCHITECTURE)
    assert named
    assert named <= known


def test_every_method_that_the_architecture_names_exists() -> None:
    named = {
        code for code in INLINE.findall(prose(ARCHITECTURE)) if re.fullmatch(r"[A-Z]\w+\.(?!md$)\w+", code)
    }
    assert named
    assert named <= members()


@pytest.mark.parametrize("message", messages())
def test_every_quoted_message_is_the_programs(message: str) -> None:
    parts = [part.strip(" .,:;()%") for part in message.split("…")]
    missing = [part for part in parts if len(part) > 1 and part not in product_texts()]
    assert not missing


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("Outcomes of a window", Outcome),
        ("Reasons of a gap", GapReason),
        ("States of a camera", CameraStatus),
    ],
)
def test_the_glossary_lists_what_exists(
    heading: str, kinds: type[Outcome | GapReason | CameraStatus]
) -> None:
    assert table(GLOSSARY, heading) == [f"`{kind}`" for kind in kinds]


def test_the_glossary_names_every_profile() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| profile |"))
    assert set(INLINE.findall(row)) == set(PROFILES)


def test_the_readme_lists_every_command() -> None:
    named = [cell.split()[1].strip("`") for cell in table(README, "Commands")]
    existing = [info.name or getattr(info.callback, "__name__", "") for info in app.registered_commands]
    assert sorted(named) == sorted(existing)


def test_every_option_of_a_command_is_documented() -> None:
    """In the tables of options: for all commands, or with the commands that have it."""
    common = {
        option for cell in table(COMMANDS, "Options of all commands") for option in OPTION.findall(cell)
    }
    rows = re.findall(
        r"^\| (.*?[^\\]) \| (.*?) \|", section(COMMANDS, "Options of some commands"), re.MULTILINE
    )
    named = {
        (command, option)
        for cell, commands in rows
        for command in INLINE.findall(commands)
        for option in OPTION.findall(cell)
    }
    group = livereel_group()
    existing = {name: options_of(command.params) for name, command in group.commands.items()}
    assert all(common <= options for options in existing.values())
    assert named == {(name, option) for name, options in existing.items() for option in options - common}
    assert options_of(group.params) <= set(OPTION.findall(COMMANDS.read_text(encoding="utf-8")))


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def test_every_dependency_has_its_reason() -> None:
    named = [name for cell in table(README, "Dependencies, and why") for name in cell.split(", ")]
    declared = [re.split(r"[\[<>=]", requirement)[0] for requirement in project()["dependencies"]]
    assert sorted(named) == sorted(declared)


def test_every_extra_is_documented() -> None:
    named = {cell.strip("`") for cell in table(INSTALL, "Install")}
    assert named == set(project()["optional-dependencies"])


def test_the_index_lists_every_page() -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    rows = re.findall(r"^\| (\[.*?\)) \|", text, re.MULTILINE)
    assert set(LINK.findall("\n".join(rows))) == pages
