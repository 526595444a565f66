"""The documents are true: commands parse, configurations load, links resolve, and nothing is left out."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import pytest
import typer

from analyzer.describe.profiles import PROFILES
from analyzer.reel.records import GapReason
from analyzer.signal.window import Outcome
from livereel.camera.settings import CameraSettings
from livereel.cli.main import app
from livereel.config.file import load
from livereel.config.schema import Config
from sinks.events import CameraStatus

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
FOR_USERS = [README, *sorted(DOCS.rglob("*.md"))]
DOCUMENTS = sorted({*FOR_USERS, *ROOT.glob("*.md"), *(ROOT / "bench").glob("*.md")})
PRODUCT = ("base", "stream", "analyzer", "sinks", "livereel")

FENCE = re.compile(r"^ *```(?P<kind>[^\n`]*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^(?: {4}.*\n)+", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|&& |bin/)livereel +(.+)$")
UNIT = re.compile(r"[a-z]+(?:_[a-z]+)*_(?:s|h|px|fps|bytes)")
MOST_RECIPE_LINES = 15

RECIPES = DOCS / "recipes.md"
GLOSSARY = DOCS / "glossary.md"
INSTALL = DOCS / "install.md"
TROUBLESHOOTING = DOCS / "troubleshooting.md"


class Quoted(NamedTuple):
    """A piece of a document, with the document's name."""

    document: str
    text: str


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def names(items: list[Quoted]) -> list[str]:
    return [f"{item.document}: {item.text.strip().splitlines()[0]}" for item in items]


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return INDENTED.sub("\n", FENCE.sub("", document.read_text(encoding="utf-8")))


def code_lines(document: Path) -> Iterator[str]:
    """The lines of a document's blocks of code, continued lines joined."""
    text = document.read_text(encoding="utf-8")
    bodies = [match["body"] for match in FENCE.finditer(text)]
    bodies += [match.group() for match in INDENTED.finditer(FENCE.sub("\n", text))]
    for body in bodies:
        yield from (line.strip() for line in body.replace("\\\n", " ").splitlines())


def configurations() -> list[Quoted]:
    """The blocks of YAML that are livereel's configuration: others name another program behind ``yaml``."""
    return [
        Quoted(name_of(document), match["body"])
        for document in FOR_USERS
        for match in FENCE.finditer(document.read_text(encoding="utf-8"))
        if match["kind"].strip() == "yaml"
    ]


def usage(text: str) -> str:
    """A line of usage as a command that can be typed: with every option, and a number for N."""
    chosen = re.sub(r"\\?\|\w+", "", text).replace("...", "")
    return re.sub(r"\bN\b", "60", re.sub(r"[\[\]]", "", chosen))


def commands() -> list[Quoted]:
    """All that documents give to be typed and begins with ``livereel``."""
    found = []
    for document in FOR_USERS:
        lines = [match[1] for line in code_lines(document) if (match := COMMAND.search(line))]
        inline = [match[1] for code in INLINE.findall(prose(document)) if (match := COMMAND.match(code))]
        found += [Quoted(name_of(document), line) for line in [*lines, *map(usage, inline)]]
    return found


def links() -> list[tuple[Path, str]]:
    return [
        (document, target)
        for document in DOCUMENTS
        for target in LINK.findall(re.sub(r"`[^`\n]*`", "", prose(document)))
        if not target.startswith("http")
    ]


@cache
def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(document: Path, heading: str) -> list[str]:
    """The first cells of the tables under a heading, without their head."""
    section = document.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^ *\| ((?:[^|\\]|\\.)*?) \|.*\|$", section, re.MULTILINE)
    return [cell for cell in cells if cell != "---"][1:]


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
        is_file = key.rpartition(".")[2] in {"json", "mp4", "html"}
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
        monkeypatch.setenv(variable, "x")
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
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    context = group.make_context("livereel", list(words))
    if words[0].startswith("-"):
        return
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
        | {field.name for field in dataclasses.fields(CameraSettings)}
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
