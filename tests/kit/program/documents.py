"""Documents taken apart: prose, code, commands, configurations, links, anchors and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
FOR_USERS = [README, *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]
DOCUMENTS = sorted({*FOR_USERS, *ROOT.glob("*.md"), *(ROOT / "bench").glob("*.md")})

FENCE = re.compile(r"^ *```(?P<kind>[^\n`]*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^(?: {4}.*\n)+", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Where a shell takes the first word as a program; elsewhere it is an argument.
COMMAND = re.compile(r"(?:^|&& |bin/)livereel +(.+)$")


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


def section(document: Path, heading: str) -> str:
    """What stands under a heading of the second level."""
    return document.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]


def table(document: Path, heading: str) -> list[str]:
    """The first cells of the tables under a heading, without their head."""
    rows = section(document, heading)
    cells = re.findall(r"^ *\| ((?:[^|\\]|\\.)*?) \|.*\|$", rows, re.MULTILINE)
    return [cell for cell in cells if cell != "---"][1:]
