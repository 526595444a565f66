"""The language of code and documents: the terms of the field, and no words that stand for them."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.test_house import CONFIG, PACKAGES, ROOT, modules

# Words that this code once used in place of the field's terms; see docs/glossary.md.
BANNED = {
    "anybody", "apart", "attendance", "beside", "courier", "dress", "forgotten", "glimpse", "hear", "heard",
    "hears", "leftover", "leftovers", "letter", "letters", "manners", "news", "nobody", "press",
    "rooms", "somebody", "stirring", "stock", "suspect", "tally", "tell", "telling", "tellings", "tells",
    "told", "untold", "wish", "wished", "wishes",
}  # fmt: skip

# Banned as names alone: in prose they have a plain sense.
NAMES_ONLY = {"apart", "dress", "press", "stock", "suspect", "tally"}
# What packages of sound may call audible.
SOUND = {"hear", "heard", "hears"}

# The banned words that packages still have in names of variables: to be emptied, never to grow.
IDENTIFIERS_LEFT = {
    "synthetic": {"heard"},  # of a scene's sound
    "stream": {"tell"},  # a file object has it
}
FILE_OBJECTS = {"stream/media/write_guard.py", "stream/objects/file.py"}  # a file object has ``tell``
PROSE_LEFT: dict[str, set[str]] = {}  # the same for docstrings and comments

# Characters, and people who must be told that they are filmed.
IN_DOCUMENTS = {"letters", "told"}

TESTS = sorted((ROOT / "tests").rglob("*.py"))
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "examples").glob("*.md"),
    *(ROOT / "bench").rglob("*.md"),
    CONFIG,
]


def words_of(identifier: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


def words_in(prose: str) -> set[str]:
    """The words of a text, with identifiers whole, without what it quotes as code."""
    return set(re.findall(r"[a-z_]+", re.sub(r"``?[^`]*``?", "", prose).lower()))


@cache
def nodes_of(module: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def definitions(module: Path) -> Iterator[str]:
    """The module's name and those of its classes and functions."""
    yield module.stem
    for node in nodes_of(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def variables(module: Path) -> Iterator[str]:
    for node in nodes_of(module):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr


def prose(module: Path) -> Iterator[str]:
    """The module's docstrings and comments."""
    for node in nodes_of(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(module.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def package_of(module: Path) -> str:
    return module.relative_to(ROOT).parts[0]


def test_words_that_are_left_are_banned_ones_of_known_packages() -> None:
    for left in (IDENTIFIERS_LEFT, PROSE_LEFT):
        assert set(left) <= set(PACKAGES)
        assert all(words <= BANNED for words in left.values())


def offenders(found: Mapping[Path, Collection[str]]) -> dict[str, list[str]]:
    """Return the files in which banned words were found, with these words."""
    return {path.relative_to(ROOT).as_posix(): sorted(words) for path, words in found.items() if words}


def banned_names(module: Path) -> set[str]:
    is_file = module.relative_to(ROOT).as_posix() in FILE_OBJECTS
    allowed = {"tell"} if is_file else set()
    if package_of(module) in {"stream", "synthetic"}:
        allowed |= SOUND
    return set().union(*map(words_of, definitions(module))) & BANNED - allowed


def banned_variables(module: Path) -> set[str]:
    given = {"tell_me_when", "PRESS"}  # an option, and a payload of Home Assistant's
    names = (name for name in variables(module) if name not in given)
    return set().union(*map(words_of, names)) & BANNED - IDENTIFIERS_LEFT.get(package_of(module), set())


def banned_prose(module: Path) -> set[str]:
    return set().union(*map(words_in, prose(module))) & (BANNED - NAMES_ONLY)


def banned_in_test(module: Path) -> set[str]:
    names = (name for name in definitions(module) if name.startswith(("test_", "assert_", "check_")))
    found = set().union(*map(words_of, names)) & BANNED - {"apart", "press"}
    return found | banned_prose(module)


def banned_in_document(document: Path) -> set[str]:
    text = re.sub(
        r"```.*?```|`[^`]*`|tell_me_when", "", document.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return words_in(text) & BANNED - NAMES_ONLY - IN_DOCUMENTS


def test_modules_classes_and_functions_have_the_terms_of_the_field() -> None:
    assert offenders({module: banned_names(module) for module in modules()}) == {}


def test_variables_have_the_terms_of_the_field() -> None:
    assert offenders({module: banned_variables(module) for module in modules()}) == {}


def test_docstrings_and_comments_are_plain() -> None:
    left = {module: PROSE_LEFT.get(package_of(module), set()) for module in modules()}
    assert offenders({module: banned_prose(module) - left[module] for module in modules()}) == {}


def test_tests_are_named_and_described_in_plain_terms() -> None:
    others = [module for module in TESTS if module != Path(__file__)]
    assert offenders({module: banned_in_test(module) for module in others}) == {}


def test_documents_are_plain() -> None:
    assert offenders({document: banned_in_document(document) for document in DOCUMENTS}) == {}


def test_no_document_describes_how_the_project_was_made() -> None:
    """Documents speak to users and developers, not of the work that made them."""
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        assert not re.search(r"(^|[\s\"'=(])/(home|work|tmp|root|Users)/", text), document
        assert "../shared" not in text, document
