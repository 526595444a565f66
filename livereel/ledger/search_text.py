"""What a person types into a search box, as a query of SQLite's full-text index (FTS5). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.describe.moment import Moment

# A phrase in double quotes, or a word; a minus sign before either excludes it.
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_WORD = re.compile(r"\w")
MAX_TERMS = 32
_SEARCHED = "{title text tags speech}"
MAX_IMPORTANCE = 10


def filter_tokens(moment: Moment) -> str:
    """Return the tokens under which a moment's camera, tags, importance and alerts are indexed.

    Importance 3.7 has the levels 0 to 3, so that a lower bound is one token. Names are written in
    hexadecimal, as the tokenizer would split them and fold their case.
    """
    levels = (level_token(level) for level in range(min(MAX_IMPORTANCE, int(moment.importance)) + 1))
    tags = (tag_token(tag) for tag in moment.tags)
    alerts = [ALERT] if moment.alerts else []
    return " ".join([camera_token(moment.window.camera), *tags, *levels, *alerts])


ALERT = "alert"


def camera_token(camera: str) -> str:
    """Return the token of a camera's name."""
    return f"c{camera.encode().hex()}"


def tag_token(tag: str) -> str:
    """Return the token of a tag."""
    return f"t{tag.casefold().encode().hex()}"


def level_token(level: int) -> str:
    """Return the token of all moments of at least this importance."""
    return f"i{level}"


def text_query(text: str) -> str | None:
    """Return an FTS5 expression for the moments that match ``text``; None where it holds no word.

    All words must occur; ``"two words"`` is a phrase, ``car*`` a prefix, ``-car`` excludes. Nothing else has
    a meaning, so that no text is an error. At most MAX_TERMS terms count.
    """
    wanted: list[str] = []
    excluded: list[str] = []
    for minus, phrase, word in _TERM.findall(text.replace("\0", " "))[:MAX_TERMS]:
        term = phrase or word
        if _WORD.search(term):
            (excluded if minus else wanted).append(_quoted(term))
    if not wanted:
        return None
    query = f"{_SEARCHED} : ({' AND '.join(wanted)})"
    return f"({query}) NOT ({_SEARCHED} : ({' OR '.join(excluded)}))" if excluded else query


def filter_query(*alternatives: Iterable[str]) -> str | None:
    """Return an FTS5 expression that needs one token of each group; None where every group is empty."""
    groups = [" OR ".join(map(_quoted, tokens)) for tokens in alternatives]
    return " AND ".join(f"filters : ({group})" for group in groups if group) or None


def _quoted(term: str) -> str:
    prefix = "*" if term.endswith("*") else ""
    return f'"{term.rstrip("*").replace(chr(34), " ")}"{prefix}'
